import { registerAs } from '@nestjs/config';
import {
  isWechatPayError,
  validateConfig,
  WechatPayConfigError,
  type CertificateConfig,
  type ConfigProblem,
  type WechatPayConfig,
} from 'wechatpay-core';
import { mistypedVariables } from './mistyped-variables.js';

/**
 * The settings of a merchant from WECHATPAY_* variables, as a @nestjs/config namespace.
 *
 * | variable | setting |
 * | --- | --- |
 * | WECHATPAY_APP_ID, WECHATPAY_MERCHANT_ID, WECHATPAY_API_KEY | required |
 * | WECHATPAY_PFX | apiclient_cert.p12: a path or base64; or else the next two |
 * | WECHATPAY_CERT, WECHATPAY_KEY | apiclient_cert.pem, apiclient_key.pem: a path, PEM text or base64 |
 * | WECHATPAY_PASSPHRASE | of the PKCS#12 file (default: the merchant ID) or of the key |
 * | WECHATPAY_SIGN_TYPE | HMAC-SHA256 (default) or MD5 |
 * | WECHATPAY_SUB_APP_ID, WECHATPAY_SUB_MERCHANT_ID | institutional mode |
 * | WECHATPAY_BASE_URL | one origin, or several divided by commas |
 * | WECHATPAY_CA | root certificates to trust instead of the system's: a path, PEM text or base64 |
 * | WECHATPAY_PROXY | the URL of an HTTP proxy, or false |
 * | WECHATPAY_CONNECT_TIMEOUT_MS, WECHATPAY_TIMEOUT_MS | milliseconds |
 * | WECHATPAY_MAX_CONNECTIONS, WECHATPAY_MAX_QUEUED | calls under way at once, and calls that wait |
 *
 * Other variables that begin with WECHATPAY_ are left to the application, but one that is nearly one of these is refused.
 *
 * @example
 * imports: [ConfigModule.forRoot(), WechatPayModule.forRootAsync(wechatPayConfig.asProvider())]
 * @throws {WechatPayConfigError} at boot; `problems` and the message name every variable that is missing or wrong.
 */
export const wechatPayConfig = registerAs('wechatpay', (): WechatPayConfig => readConfig(process.env));

const VARIABLES: Readonly<Record<string, string>> = {
  appId: 'WECHATPAY_APP_ID',
  merchantId: 'WECHATPAY_MERCHANT_ID',
  apiKey: 'WECHATPAY_API_KEY',
  certificate: 'WECHATPAY_PFX',
  'certificate.pfx': 'WECHATPAY_PFX',
  'certificate.cert': 'WECHATPAY_CERT',
  'certificate.key': 'WECHATPAY_KEY',
  'certificate.passphrase': 'WECHATPAY_PASSPHRASE',
  signType: 'WECHATPAY_SIGN_TYPE',
  subAppId: 'WECHATPAY_SUB_APP_ID',
  subMerchantId: 'WECHATPAY_SUB_MERCHANT_ID',
  baseUrl: 'WECHATPAY_BASE_URL',
  ca: 'WECHATPAY_CA',
  proxy: 'WECHATPAY_PROXY',
  connectTimeoutMs: 'WECHATPAY_CONNECT_TIMEOUT_MS',
  timeoutMs: 'WECHATPAY_TIMEOUT_MS',
  maxConnections: 'WECHATPAY_MAX_CONNECTIONS',
  maxQueued: 'WECHATPAY_MAX_QUEUED',
};

function readConfig(environment: NodeJS.ProcessEnv): WechatPayConfig {
  // An empty variable is how many deployments say "not set".
  const read = (field: string): string | undefined => {
    const given = environment[VARIABLES[field] ?? '']?.trim();
    // Without the quotes that an env file has kept; a passphrase may be quotes.
    const value = field === 'certificate.passphrase' ? given : given?.replace(/^(["'])(.*)\1$/s, '$2').trim();
    return value === '' ? undefined : value;
  };
  const wholeNumber = (field: string): number | undefined => {
    const value = read(field);
    if (value === undefined) return undefined;
    return /^[0-9]+$/.test(value) ? Number(value) : Number.NaN; // Number alone also reads 0x10 and 1e3
  };
  const settings = {
    appId: read('appId'),
    merchantId: read('merchantId'),
    apiKey: read('apiKey'),
    certificate: readCertificate(read),
    signType: read('signType'),
    subAppId: read('subAppId'),
    subMerchantId: read('subMerchantId'),
    baseUrl: read('baseUrl')?.split(/\s*,\s*/),
    ca: read('ca'),
    proxy: read('proxy') === 'false' ? false : read('proxy'),
    connectTimeoutMs: wholeNumber('connectTimeoutMs'),
    timeoutMs: wholeNumber('timeoutMs'),
    maxConnections: wholeNumber('maxConnections'),
    maxQueued: wholeNumber('maxQueued'),
  };
  const problems = [...mistypedVariables(environment, Object.values(VARIABLES)), ...problemsOf(settings)];
  const [first, ...others] = problems;
  if (first) throw new WechatPayConfigError(first.field, first.problem, undefined, others);
  return settings as WechatPayConfig;
}

function problemsOf(settings: object): readonly ConfigProblem[] {
  try {
    // No config yet: what may be missing or wrong in it is what this looks for.
    validateConfig(settings as WechatPayConfig);
    return [];
  } catch (error) {
    if (!isWechatPayError(error) || error.code !== 'WECHATPAY_INVALID_CONFIG') throw error;
    return error.problems.map(inVariables);
  }
}

function inVariables({ field, problem }: ConfigProblem): ConfigProblem {
  const variable = VARIABLES[field] ?? field;
  if (field === 'certificate.pfx' && problem.startsWith('stands beside')) {
    return {
      field: variable,
      problem: 'is set beside WECHATPAY_CERT or WECHATPAY_KEY; set WECHATPAY_PFX, or those two.',
    };
  }
  if (field === 'certificate' && problem.startsWith('is missing')) {
    return {
      field: variable,
      problem: 'is missing, and so are WECHATPAY_CERT and WECHATPAY_KEY; set it, or those two.',
    };
  }
  return { field: variable, problem };
}

function readCertificate(read: (field: string) => string | undefined): CertificateConfig | undefined {
  const given = {
    pfx: read('certificate.pfx'),
    cert: read('certificate.cert'),
    key: read('certificate.key'),
    passphrase: read('certificate.passphrase'),
  };
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  // Whatever it is is passed on, half of a pair as well: the check then names the half that is missing.
  const isNone = entries.every(([name]) => name === 'passphrase');
  return isNone ? undefined : (Object.fromEntries(entries) as unknown as CertificateConfig);
}
