import { registerAs } from '@nestjs/config';
import { validateConfig, WechatPayConfigError, type CertificateConfig, type WechatPayConfig } from 'wechatpay-core';

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
 * | WECHATPAY_CONNECT_TIMEOUT_MS, WECHATPAY_TIMEOUT_MS | milliseconds |
 *
 * @example
 * imports: [ConfigModule.forRoot(), WechatPayModule.forRootAsync(wechatPayConfig.asProvider())]
 * @throws {WechatPayConfigError} at boot; `field` and the message name the variable.
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
  connectTimeoutMs: 'WECHATPAY_CONNECT_TIMEOUT_MS',
  timeoutMs: 'WECHATPAY_TIMEOUT_MS',
};

function readConfig(environment: NodeJS.ProcessEnv): WechatPayConfig {
  // An empty variable is how many deployments say "not set".
  const read = (field: string): string | undefined => {
    const value = environment[VARIABLES[field] ?? '']?.trim();
    return value === '' ? undefined : value;
  };
  const milliseconds = (field: string): number | undefined => {
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
    connectTimeoutMs: milliseconds('connectTimeoutMs'),
    timeoutMs: milliseconds('timeoutMs'),
  };
  try {
    // No config yet: what may be missing or wrong in it is what this looks for.
    validateConfig(settings as WechatPayConfig);
    return settings as WechatPayConfig;
  } catch (error) {
    if (!(error instanceof WechatPayConfigError)) throw error;
    const problem = error.message.slice(error.field.length + 2);
    throw new WechatPayConfigError(VARIABLES[error.field] ?? error.field, problem, error);
  }
}

function readCertificate(read: (field: string) => string | undefined): CertificateConfig | undefined {
  const passphrase = read('certificate.passphrase');
  const pfx = read('certificate.pfx');
  const cert = read('certificate.cert');
  const key = read('certificate.key');
  const common = passphrase === undefined ? {} : { passphrase };
  if (pfx !== undefined && (cert !== undefined || key !== undefined)) {
    const problem = 'is set beside WECHATPAY_CERT or WECHATPAY_KEY; set WECHATPAY_PFX, or those two.';
    throw new WechatPayConfigError('WECHATPAY_PFX', problem);
  }
  if (pfx !== undefined) return { pfx, ...common };
  // Half of a pair is passed on as well: the check then names the half that is missing.
  return cert === undefined && key === undefined ? undefined : { cert: cert ?? '', key: key ?? '', ...common };
}
