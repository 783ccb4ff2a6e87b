import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ClientCertificate, IssuedCertificate, Merchant, Sandbox } from 'wechatpay-sandbox';
import type { Io } from '../src/index.js';
import type { Servers } from './servers.js';

/** What the faults are planted in. */
export interface World {
  readonly sandbox: Sandbox;
  readonly other: Merchant;
  readonly institution: Merchant;
  readonly expired: ClientCertificate;
  readonly future: ClientCertificate;
  readonly soon: ClientCertificate;
  /** Of servers: another host's, one that has expired, a sound one. */
  readonly elsewhere: IssuedCertificate;
  readonly outdated: IssuedCertificate;
  readonly honest: IssuedCertificate;
  readonly servers: Servers;
}

export interface Planted {
  /** Variables that differ from those of the sandbox's merchant; undefined takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly io?: Partial<Io>;
}

export interface Misconfiguration {
  /** As the doctor names it. */
  readonly cause: string;
  readonly is: 'failed' | 'warning';
  /** As in docs/guides/doctor.md. */
  readonly what: string;
  readonly plant: (world: World) => Planted | Promise<Planted>;
}

const RC2 = fileURLToPath(new URL('fixtures/rc2-40.p12', import.meta.url));
const { versions } = process;

function env(changes: Readonly<Record<string, string | undefined>>): Planted {
  return { env: Object.fromEntries(Object.entries(changes).map(([name, value]) => [`WECHATPAY_${name}`, value])) };
}

function pem({ cert, key }: { readonly cert: string; readonly key: string }): Planted {
  return env({ PFX: undefined, CERT: cert, KEY: key });
}

const at = (port: number): Planted => env({ BASE_URL: `https://localhost:${port}`, CONNECT_TIMEOUT_MS: '300' });

/** Each fault, one by one, in otherwise sound settings. */
export const MISCONFIGURATIONS: readonly Misconfiguration[] = [
  fault('node-too-old', 'failed', 'Node.js 18', () => ({ io: { versions: { ...versions, node: '18.20.4' } } })),
  fault('tls-verification-off', 'warning', 'NODE_TLS_REJECT_UNAUTHORIZED=0', () => ({
    env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  })),
  fault('extra-ca-unreadable', 'warning', 'NODE_EXTRA_CA_CERTS names no file', () => ({
    env: { NODE_EXTRA_CA_CERTS: '/nowhere/roots.pem' },
  })),
  fault('variable-mistyped', 'failed', 'WECHATPAY_TIMEOUT in the place of WECHATPAY_TIMEOUT_MS', () =>
    env({ TIMEOUT: '1000' }),
  ),
  fault('merchant-not-chosen', 'failed', 'two merchants are set, and none is named', ({ other }) =>
    env({ HK_MERCHANT_ID: other.merchantId }),
  ),
  fault('app-id-missing', 'failed', 'no WECHATPAY_APP_ID', () => env({ APP_ID: undefined })),
  fault('app-id-form', 'warning', 'an appid that does not begin with wx', () => env({ APP_ID: 'gh_1234567890ab' })),
  fault('merchant-id-missing', 'failed', 'no WECHATPAY_MERCHANT_ID', () => env({ MERCHANT_ID: '' })),
  fault('merchant-id-form', 'warning', 'a merchant ID with letters', ({ sandbox }) =>
    env({ MERCHANT_ID: `m${sandbox.merchant.merchantId}`, PASSPHRASE: sandbox.merchant.merchantId }),
  ),
  fault('ids-swapped', 'failed', 'appid and merchant ID are swapped', ({ sandbox: { merchant } }) =>
    env({ APP_ID: merchant.merchantId, MERCHANT_ID: merchant.appId, PASSPHRASE: merchant.merchantId }),
  ),
  fault('sub-app-alone', 'failed', 'WECHATPAY_SUB_APP_ID without WECHATPAY_SUB_MERCHANT_ID', () =>
    env({ SUB_APP_ID: 'wx0123456789abcdef' }),
  ),
  fault('sign-type-unknown', 'failed', 'WECHATPAY_SIGN_TYPE=SHA256', () => env({ SIGN_TYPE: 'SHA256' })),
  fault('base-url-form', 'failed', 'WECHATPAY_BASE_URL with http:', () =>
    env({ BASE_URL: 'http://apihk.mch.weixin.qq.com' }),
  ),
  fault('number-form', 'failed', 'WECHATPAY_TIMEOUT_MS=15s', () => env({ TIMEOUT_MS: '15s' })),
  fault('proxy-form', 'failed', 'WECHATPAY_PROXY=socks5://proxy', () => env({ PROXY: 'socks5://proxy' })),
  fault('ca-unreadable', 'failed', 'WECHATPAY_CA names no file', () => env({ CA: '/nowhere/ca.pem' })),
  fault('api-key-missing', 'failed', 'no WECHATPAY_API_KEY', () => env({ API_KEY: undefined })),
  fault('api-key-length', 'failed', 'an API key of 31 characters', ({ sandbox }) =>
    env({ API_KEY: sandbox.merchant.apiKey.slice(1) }),
  ),
  fault('api-key-characters', 'failed', 'an API key with a space in it', ({ sandbox }) =>
    env({ API_KEY: `${sandbox.merchant.apiKey.slice(0, 15)} ${sandbox.merchant.apiKey.slice(16)}` }),
  ),
  fault('api-key-placeholder', 'warning', 'an API key of 32 times x', () => env({ API_KEY: 'x'.repeat(32) })),
  fault('certificate-missing', 'failed', 'no certificate', () => env({ PFX: undefined })),
  fault('certificate-both-forms', 'failed', 'WECHATPAY_PFX and WECHATPAY_CERT', ({ sandbox }) =>
    env({ CERT: sandbox.merchant.certificate.cert, KEY: sandbox.merchant.certificate.key }),
  ),
  fault('certificate-half', 'failed', 'WECHATPAY_CERT without WECHATPAY_KEY', ({ sandbox }) =>
    env({ PFX: undefined, CERT: sandbox.merchant.certificate.cert }),
  ),
  fault('certificate-file', 'failed', 'a path at which no file is', () => env({ PFX: './certs/apiclient_cert.p12' })),
  fault('certificate-wrong-file', 'failed', 'the key in the place of the certificate', ({ sandbox: { merchant } }) =>
    pem({ cert: merchant.certificate.key, key: merchant.certificate.key }),
  ),
  fault('certificate-is-pem', 'failed', 'PEM text as WECHATPAY_PFX', ({ sandbox }) =>
    env({ PFX: sandbox.merchant.certificate.cert }),
  ),
  fault('certificate-damaged', 'failed', 'a PKCS#12 file that was cut', ({ sandbox }) =>
    env({ PFX: sandbox.merchant.certificate.pfx.subarray(0, 900).toString('base64') }),
  ),
  fault('certificate-rc2', 'failed', 'an old PKCS#12 file, encrypted with RC2-40', () =>
    env({ PFX: readFileSync(RC2).toString('base64'), MERCHANT_ID: '1900000109' }),
  ),
  fault('certificate-passphrase', 'failed', 'the merchant ID of another merchant as passphrase', ({ other }) =>
    env({ PASSPHRASE: other.merchantId }),
  ),
  fault(
    'key-encrypted',
    'failed',
    'a private key that is encrypted, without its passphrase',
    ({ sandbox: { merchant } }) => {
      const { cert, key } = merchant.certificate;
      const encrypted = createPrivateKey(key).export({
        type: 'pkcs8',
        format: 'pem',
        cipher: 'aes-256-cbc',
        passphrase: 'secret',
      });
      return pem({ cert, key: encrypted.toString() });
    },
  ),
  fault('key-of-another-certificate', 'failed', 'certificate and key of two downloads', ({ sandbox, other }) =>
    pem({ cert: sandbox.merchant.certificate.cert, key: other.certificate.key }),
  ),
  fault('certificate-expired', 'failed', 'a certificate that expired yesterday', ({ expired }) => pem(expired)),
  fault('certificate-not-yet-valid', 'failed', 'a certificate that is valid from tomorrow', ({ future }) =>
    pem(future),
  ),
  fault('certificate-of-another-merchant', 'failed', "another merchant's certificate", ({ other }) =>
    pem(other.certificate),
  ),
  fault('certificate-expires-soon', 'warning', 'a certificate that expires in 10 days', ({ soon }) => pem(soon)),
  fault('proxy-ignored', 'warning', 'HTTPS_PROXY is set, WECHATPAY_PROXY is not', () => ({
    env: { HTTPS_PROXY: 'http://user:word@proxy.internal:3128' },
  })),
  fault('proxy-unreachable', 'failed', 'a proxy at which nothing listens', async ({ servers }) =>
    env({ PROXY: `http://127.0.0.1:${await servers.closed()}` }),
  ),
  fault('proxy-refuses', 'failed', 'a proxy that wants a password (407)', async ({ servers }) =>
    env({ PROXY: `http://127.0.0.1:${await servers.proxy(407)}` }),
  ),
  fault('host-not-found', 'failed', 'a host that does not exist', () =>
    env({ BASE_URL: 'https://apihk.mch.weixin.qq.invalid' }),
  ),
  fault('connection-refused', 'failed', 'a port at which nothing listens', async ({ servers }) =>
    at(await servers.closed()),
  ),
  fault('tls-untrusted', 'failed', 'a gateway whose root is not given as WECHATPAY_CA', () => env({ CA: undefined })),
  fault('tls-other-host', 'failed', 'a certificate for another host', async ({ elsewhere, servers }) =>
    at(await servers.https(elsewhere, (_, response) => response.end())),
  ),
  fault('tls-expired', 'failed', "a server's certificate that has expired", async ({ outdated, servers }) =>
    at(await servers.https(outdated, (_, response) => response.end())),
  ),
  fault('not-tls', 'failed', 'a port that speaks HTTP without TLS', async ({ servers }) => at(await servers.plain())),
  fault('tls-cut', 'failed', 'a firewall that cuts the handshake', async ({ servers }) => at(await servers.cutting())),
  fault('clock-skew', 'failed', 'a clock that is 10 minutes fast', () => ({
    io: { now: () => Date.now() + 600_000 },
  })),
  fault('wrong-api-key', 'failed', 'an API key of the right form, of another merchant', ({ other }) =>
    env({ API_KEY: other.apiKey }),
  ),
  fault('reply-other-algorithm', 'failed', 'a gateway that signs with the other algorithm', ({ sandbox }) => {
    sandbox.faults.add({ kind: 'other-algorithm' });
    return {};
  }),
  fault('app-not-of-merchant', 'failed', "another merchant's appid", ({ other }) => env({ APP_ID: other.appId })),
  fault('merchant-unknown', 'failed', 'a merchant ID that the gateway does not know', async ({ sandbox }) => {
    const { cert, key } = await sandbox.authority.issueClient({ commonName: '1999999999' });
    return { env: { ...pem({ cert, key }).env, WECHATPAY_MERCHANT_ID: '1999999999' } };
  }),
  fault('sub-merchant-wrong', 'failed', 'an institution without its sub-merchant', ({ institution }) => ({
    env: {
      WECHATPAY_APP_ID: institution.appId,
      WECHATPAY_MERCHANT_ID: institution.merchantId,
      WECHATPAY_API_KEY: institution.apiKey,
      WECHATPAY_PFX: institution.certificate.pfx.toString('base64'),
    },
  })),
  fault('no-permission', 'failed', 'a merchant without the permission (NOAUTH)', ({ sandbox }) => {
    sandbox.faults.add({ kind: 'error', errorCode: 'NOAUTH' });
    return {};
  }),
  fault('too-many-calls', 'failed', 'more calls than the gateway takes (FREQUENCY_LIMITED)', ({ sandbox }) => {
    sandbox.faults.add({ kind: 'error', errorCode: 'FREQUENCY_LIMITED' });
    return {};
  }),
  fault(
    'certificate-refused',
    'failed',
    'a certificate that the gateway does not take any more',
    async ({ sandbox }) => {
      // Of the right merchant, by an authority that the gateway does not know.
      const { CertificateAuthority } = await import('wechatpay-sandbox');
      const authority = await CertificateAuthority.create();
      const { cert, key } = await authority.issueClient({ commonName: sandbox.merchant.merchantId });
      return pem({ cert, key });
    },
  ),
  fault('gateway-silent', 'failed', 'a gateway that takes the question, and cuts the connection', ({ sandbox }) => {
    sandbox.faults.add({ kind: 'cut' });
    return {};
  }),
  fault('not-wechat-pay', 'failed', 'a login page in the place of the gateway', async ({ honest, servers }) =>
    at(
      await servers.https(honest, (_, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in to the network</html>');
      }),
    ),
  ),
  fault('gateway-unclear', 'failed', 'a gateway in trouble (SYSTEMERROR)', ({ sandbox }) => {
    sandbox.faults.add({ kind: 'error', errorCode: 'SYSTEMERROR' });
    return {};
  }),
];

function fault(
  cause: string,
  is: Misconfiguration['is'],
  what: string,
  plant: Misconfiguration['plant'],
): Misconfiguration {
  return { cause, is, what, plant };
}
