import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expectNoSecrets } from '../test/secrets.js';
import { CertificateAuthority, type ClientCertificate } from 'wechatpay-sandbox';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { certificateInfo, WechatPayConfigError, type CertificateConfig } from './index.js';

const MERCHANT_ID = '1900000109';
// Made by `openssl pkcs12 -export -legacy -certpbe PBE-SHA1-RC2-40`, as old downloads of the Merchant Platform are.
const LEGACY = fileURLToPath(new URL('../test/fixtures/rc2-40.p12', import.meta.url));

const authority = new CertificateAuthority();
const folder = mkdtempSync(join(tmpdir(), 'wechatpay-certificate-'));
let issued: ClientCertificate;
let other: ClientCertificate;
let encryptedKey: string;

beforeAll(async () => {
  [issued, other] = await Promise.all([
    authority.issueClient({ commonName: MERCHANT_ID }),
    authority.issueClient({ commonName: MERCHANT_ID }),
  ]);
  encryptedKey = createPrivateKey(issued.key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'hunter2' })
    .toString();
  writeFileSync(join(folder, 'cert.p12'), issued.pfx);
  writeFileSync(join(folder, 'cert.pem'), issued.cert);
  writeFileSync(join(folder, 'key.pem'), issued.key);
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('reads', () => {
  const base64 = (content: string | Buffer): string => Buffer.from(content).toString('base64');
  const forms: [string, () => CertificateConfig][] = [
    ['pfx as a Buffer', () => ({ pfx: issued.pfx })],
    ['pfx as a path', () => ({ pfx: join(folder, 'cert.p12') })],
    ['pfx as base64', () => ({ pfx: base64(issued.pfx) })],
    ['pfx as base64 in lines', () => ({ pfx: base64(issued.pfx).replace(/.{76}/g, '$&\n') })],
    ['pfx with a passphrase', () => ({ pfx: issued.pfx, passphrase: MERCHANT_ID })],
    ['PEM as text', () => ({ cert: issued.cert, key: issued.key })],
    ['PEM as Buffers', () => ({ cert: Buffer.from(issued.cert), key: Buffer.from(issued.key) })],
    ['PEM as paths', () => ({ cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') })],
    ['PEM as base64', () => ({ cert: base64(issued.cert), key: base64(issued.key) })],
    [
      'PEM in one line with \\n',
      () => ({ cert: issued.cert.replaceAll('\n', '\\n'), key: issued.key.replaceAll('\n', '\\n') }),
    ],
    ['PEM beside a pfx of undefined', () => ({ pfx: undefined, cert: issued.cert, key: issued.key })],
    ['PEM with an encrypted key', () => ({ cert: issued.cert, key: encryptedKey, passphrase: 'hunter2' })],
  ];

  test.each(forms)('%s', (_, certificate) => {
    const info = certificateInfo(certificate(), MERCHANT_ID);
    expect(info.serialNumber.toLowerCase()).toBe(issued.serialNumber.toLowerCase());
    expect(info.subject).toBe(`CN=${MERCHANT_ID}`);
    expect(info.validTo.getTime() - info.validFrom.getTime()).toBeGreaterThan(0);
  });
});

describe('says what is wrong with', () => {
  const cases: [string, () => CertificateConfig, field: string, message: RegExp][] = [
    ['a wrong passphrase', () => ({ pfx: issued.pfx, passphrase: 'no' }), 'certificate.passphrase', /merchant ID/],
    [
      'a numeric passphrase',
      () => ({ pfx: issued.pfx, passphrase: 1900000109 as never }),
      'certificate.passphrase',
      /must be a string/,
    ],
    [
      'a certificate in DER form',
      () => ({ cert: Buffer.from(new X509Certificate(issued.cert).raw), key: issued.key }),
      'certificate.cert',
      /no PEM certificate/,
    ],
    ['a legacy RC2-40 file', () => ({ pfx: LEGACY }), 'certificate.pfx', /RC2-40.*openssl pkcs12 -legacy -in/],
    ['a file that is no PKCS#12', () => ({ pfx: Buffer.from('x') }), 'certificate.pfx', /is no PKCS#12 file/],
    ['a PEM given as pfx', () => ({ pfx: issued.cert }), 'certificate.pfx', /is no PKCS#12 file/],
    [
      'a key of another certificate',
      () => ({ cert: issued.cert, key: other.key }),
      'certificate.key',
      /does not belong/,
    ],
    ['a cert that is none', () => ({ cert: issued.key, key: issued.key }), 'certificate.cert', /no PEM certificate/],
    ['a key that is none', () => ({ cert: issued.cert, key: issued.cert }), 'certificate.key', /no PEM private key/],
    [
      'an encrypted key without its passphrase',
      () => ({ cert: issued.cert, key: encryptedKey }),
      'certificate.passphrase',
      /encrypted/,
    ],
    [
      'an encrypted key with another passphrase',
      () => ({ cert: issued.cert, key: encryptedKey, passphrase: 'no' }),
      'certificate.passphrase',
      /encrypted/,
    ],
    ['a file that is missing', () => ({ pfx: '/nowhere/cert.p12' }), 'certificate.pfx', /no such file: \/nowhere/],
    ['a folder', () => ({ pfx: folder }), 'certificate.pfx', /cannot be read \(EISDIR\)/],
    ['an empty text', () => ({ cert: '', key: issued.key }), 'certificate.cert', /is empty/],
    ['an empty Buffer', () => ({ pfx: Buffer.alloc(0) }), 'certificate.pfx', /is missing/],
    [
      'a key that lost its header',
      () => ({ cert: issued.cert, key: issued.key.replace(/-----BEGIN.*\n/, '') }),
      'certificate.key',
      /neither a path nor PEM/,
    ],
  ];

  test.each(cases)('%s', (_, certificate, field, message) => {
    const error = failure(() => certificateInfo(certificate(), MERCHANT_ID));
    expect(error).toMatchObject({ field, code: 'WECHATPAY_INVALID_CONFIG', outcome: 'not-sent' });
    expect(error.message).toMatch(message);
    expectNoSecrets(error, { apiKey: 'not known here', certificate: issued });
  });

  it.each([184, 900])('a key of %i characters without its header: it is not quoted as a path', (length) => {
    const text = issued.key.replace(/-----.*?-----|\n/g, '').slice(100, 100 + length);
    const error = failure(() => certificateInfo({ cert: issued.cert, key: text }));
    expect(error.message).toMatch(/neither a path nor PEM/);
    expect(JSON.stringify([error.message, String(error.cause)])).not.toContain(text.slice(0, 40));
  });

  it('an expired and a not yet valid certificate, by this clock', () => {
    const { validFrom, validTo } = certificateInfo({ pfx: issued.pfx }, MERCHANT_ID);
    const at = (time: number): Error => failure(() => certificateInfo(issued, MERCHANT_ID, new Date(time)));
    expect(at(validTo.getTime() + 1000).message).toContain(`expired on ${validTo.toISOString()}`);
    expect(at(validFrom.getTime() - 1000).message).toContain(`not valid before ${validFrom.toISOString()}`);
  });
});

function failure(run: () => unknown): WechatPayConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof WechatPayConfigError) return error;
    throw error;
  }
  throw new Error('It did not fail.');
}
