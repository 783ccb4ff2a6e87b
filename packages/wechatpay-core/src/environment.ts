import { readOnce } from './call/given.js';
import type { PreviousApiKey } from './call/merchant-key.js';
import { findUnknownProperty } from './call/known-properties.js';
import { validateConfig, type WechatPayConfig } from './config.js';
import { isWechatPayError, WechatPayConfigError, type ConfigProblem } from './errors.js';
import { mistypedVariables } from './mistyped-variables.js';
import type { CertificateConfig } from './transport/certificate.js';

/** Variables by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentOptions {
  /** What the variables' names begin with. Another one is another merchant. @default 'WECHATPAY_' */
  readonly prefix?: string | undefined;
}

/** What an environment says, and what is wrong with it: for who wants to go on all the same, as a diagnosis does. */
export interface EnvironmentSettings {
  /** As they were read; where `problems` is empty, a whole {@link WechatPayConfig}. */
  readonly settings: Partial<WechatPayConfig>;
  /** By the names of their variables. */
  readonly problems: readonly ConfigProblem[];
}

/**
 * The settings of a merchant from WECHATPAY_* variables.
 *
 * | variable | setting |
 * | --- | --- |
 * | WECHATPAY_APP_ID, WECHATPAY_MERCHANT_ID, WECHATPAY_API_KEY | required |
 * | WECHATPAY_PREVIOUS_API_KEY, WECHATPAY_PREVIOUS_API_KEY_UNTIL | the key before a change, and until when it is accepted, as in 2027-03-02T00:00:00Z |
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
 * An empty variable is one that is not set; quotes that an env file has kept are taken off. Other variables that begin with the prefix
 * are left to the application, but one that is nearly one of these is refused.
 *
 * @throws {WechatPayConfigError} `problems` and the message name every variable that is missing, wrong or mistyped.
 * @example const client = new WechatPayClient(configFromEnvironment(process.env));
 */
export function configFromEnvironment(environment: Environment, options: EnvironmentOptions = {}): WechatPayConfig {
  const { settings, problems } = readEnvironment(environment, options);
  const [first, ...others] = problems;
  if (first) throw new WechatPayConfigError(first.field, first.problem, undefined, others);
  return settings as WechatPayConfig;
}

/**
 * As {@link configFromEnvironment}, with what is wrong beside what was read.
 *
 * @throws {WechatPayConfigError} an invalid prefix: it is capital letters, digits and `_`, with `_` at its end.
 */
export function readEnvironment(environment: Environment, given: EnvironmentOptions = {}): EnvironmentSettings {
  const options = readOnce(given, OPTIONS, 'options');
  const unknown = findUnknownProperty(options, OPTIONS);
  if (unknown) throw new WechatPayConfigError(unknown.name, unknown.problem);
  const { prefix = 'WECHATPAY_' } = options;
  if (typeof (prefix as unknown) !== 'string' || !/^[A-Z][A-Z0-9_]*_$/.test(prefix)) {
    throw new WechatPayConfigError(
      'prefix',
      "must be capital letters, digits and _, with _ at the end, as 'WECHATPAY_'.",
    );
  }
  const settings = settingsIn(environment, prefix);
  const mistyped = mistypedVariables(environment, prefix, Object.values(NAMES));
  return { settings, problems: [...mistyped, ...problemsOf(settings, prefix)] };
}

const OPTIONS = ['prefix'];

/** The variable of each setting, without the prefix. */
const NAMES: Readonly<Record<string, string>> = {
  appId: 'APP_ID',
  merchantId: 'MERCHANT_ID',
  apiKey: 'API_KEY',
  previousApiKey: 'PREVIOUS_API_KEY',
  'previousApiKey.apiKey': 'PREVIOUS_API_KEY',
  'previousApiKey.until': 'PREVIOUS_API_KEY_UNTIL',
  certificate: 'PFX',
  'certificate.pfx': 'PFX',
  'certificate.cert': 'CERT',
  'certificate.key': 'KEY',
  'certificate.passphrase': 'PASSPHRASE',
  signType: 'SIGN_TYPE',
  subAppId: 'SUB_APP_ID',
  subMerchantId: 'SUB_MERCHANT_ID',
  baseUrl: 'BASE_URL',
  ca: 'CA',
  proxy: 'PROXY',
  connectTimeoutMs: 'CONNECT_TIMEOUT_MS',
  timeoutMs: 'TIMEOUT_MS',
  maxConnections: 'MAX_CONNECTIONS',
  maxQueued: 'MAX_QUEUED',
};

function settingsIn(environment: Environment, prefix: string): Partial<WechatPayConfig> {
  // An empty variable is how many deployments say "not set".
  const read = (field: string): string | undefined => {
    const given = environment[`${prefix}${NAMES[field] ?? ''}`]?.trim();
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
    previousApiKey: readPreviousApiKey(read),
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
  return settings as Partial<WechatPayConfig>; // a sign type is a text until it is checked
}

function problemsOf(settings: Partial<WechatPayConfig>, prefix: string): readonly ConfigProblem[] {
  try {
    // No config yet: what may be missing or wrong in it is what this looks for.
    validateConfig(settings as WechatPayConfig);
    return [];
  } catch (error) {
    if (!isWechatPayError(error) || error.code !== 'WECHATPAY_INVALID_CONFIG') throw error;
    return error.problems.map((problem) => inVariables(problem, prefix));
  }
}

function inVariables({ field, problem }: ConfigProblem, prefix: string): ConfigProblem {
  const name = NAMES[field];
  const variable = name === undefined ? field : `${prefix}${name}`;
  if (field === 'certificate.pfx' && problem.startsWith('stands beside')) {
    return {
      field: variable,
      problem: `is set beside ${prefix}CERT or ${prefix}KEY; set ${prefix}PFX, or those two.`,
    };
  }
  if (field === 'certificate' && problem.startsWith('is missing')) {
    return {
      field: variable,
      problem: `is missing, and so are ${prefix}CERT and ${prefix}KEY; set it, or those two.`,
    };
  }
  return { field: variable, problem };
}

function readPreviousApiKey(read: (field: string) => string | undefined): Partial<PreviousApiKey> | undefined {
  const [apiKey, until] = [read('previousApiKey.apiKey'), read('previousApiKey.until')];
  if (apiKey === undefined && until === undefined) return undefined;
  // A date without a time zone would be another moment on each machine.
  const isWhole = until !== undefined && /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(until);
  // Half of it is passed on as well: the check then names the half that is missing.
  return { ...(apiKey !== undefined && { apiKey }), until: new Date(isWhole ? until : Number.NaN) };
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
