// What the gateway and every contender share: one merchant, its certificate, and the documents that travel.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CertificateAuthority } from 'wechatpay-sandbox';
import { merchant } from './documents.js';

/** Makes keys and certificates, new for each run. */
export async function createSettings(folder) {
  const authority = await CertificateAuthority.create();
  const [server, client] = await Promise.all([
    authority.issueServer(),
    authority.issueClient({ commonName: merchant.merchantId }),
  ]);
  const file = (name, content) => {
    const path = join(folder, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  };
  return {
    ca: authority.pem,
    caFile: file('ca.pem', authority.pem),
    server,
    cert: client.cert,
    key: client.key,
    serialNumber: client.serialNumber,
    pfxFile: file('apiclient_cert.p12', client.pfx),
    passphrase: client.passphrase,
  };
}
