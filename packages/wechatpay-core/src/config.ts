import {
  loadCertificate,
  read,
  type CertificateConfig,
  type CertificateSource,
  type LoadedCertificate,
} from './certificate.js';
import { WechatPayConfigError } from './errors.js';
import { parseCertificates } from './server-identity.js';
import type { SignType } from './sign.js';
import type { Transport } from './transport.js';

/** How one merchant (or institution) talks to WeChat Pay. */
export interface WechatPayConfig {
  /** `appid`: the Official Account ID assigned by WeChat, at most 32 characters. */
  appId: string;
  /** `mch_id`: the merchant ID assigned by WeChat Pay, at most 32 characters. */
  merchantId: string;
  /** The API key (v2): 32 characters, set on the Merchant Platform. */
  apiKey: string;
  /** The API certificate. Required, except with a `transport` of one's own. */
  certificate?: CertificateConfig | undefined;
  /** @default 'HMAC-SHA256' */
  signType?: SignType | undefined;
  /** `sub_appid`, institutional mode: for requests that name none. Needs a `subMerchantId` beside it, here or there. */
  subAppId?: string | undefined;
  /** `sub_mch_id`, institutional mode: for requests that name none. */
  subMerchantId?: string | undefined;
  /**
   * Where the gateway is: one `https:` origin, or several. With several, the next is tried only where it is certain that
   * no byte of the request left for the one before.
   *
   * @default 'https://apihk.mch.weixin.qq.com'
   * @example ['https://apihk.mch.weixin.qq.com', 'https://api.mch.weixin.qq.com']
   */
  baseUrl?: string | readonly string[] | undefined;
  /** Root certificates (PEM) to trust instead of the system's, as for a sandbox. The server is always verified. */
  ca?: CertificateSource | undefined;
  /**
   * For TCP and TLS, a host, in milliseconds. A handshake takes three round trips: at 5 s something is wrong, and
   * another host is worth a try while nothing was sent.
   *
   * @default 5000
   */
  connectTimeoutMs?: number | undefined;
  /**
   * For a whole call, connecting and failing over included, in milliseconds. Longer than the gateway normally takes even
   * when a bank is slow, and shorter than the 30 s after which proxies and cashiers give up: whoever waits for this
   * call still learns that its outcome is unknown.
   *
   * @default 15000
   */
  timeoutMs?: number | undefined;
  /** Sends requests in the place of the built-in mutual-TLS HTTPS. The seam for proxies, recorders and HSMs. */
  transport?: Transport | undefined;
  /** The clock, in milliseconds since 1970. @default Date.now */
  now?: (() => number) | undefined;
}

/** The gateway for servers outside of mainland China. */
export const DEFAULT_BASE_URL = 'https://apihk.mch.weixin.qq.com';

/** A checked {@link WechatPayConfig}: nothing is optional but what may really be absent. */
export interface ResolvedConfig {
  readonly appId: string;
  readonly merchantId: string;
  readonly apiKey: string;
  readonly certificate: LoadedCertificate | undefined;
  readonly signType: SignType;
  readonly subAppId: string | undefined;
  readonly subMerchantId: string | undefined;
  readonly baseUrls: readonly string[];
  readonly ca: Buffer | undefined;
  readonly connectTimeoutMs: number;
  readonly timeoutMs: number;
  readonly transport: Transport | undefined;
  readonly now: () => number;
}

/**
 * Checks settings as `new WechatPayClient` does, certificate included, without making a client.
 *
 * @throws {WechatPayConfigError} the first setting that is missing or wrong.
 */
export function validateConfig(config: WechatPayConfig): void {
  resolveConfig(config);
}

/** @throws {WechatPayConfigError} the first setting that is missing or wrong. */
export function resolveConfig(config: WechatPayConfig): ResolvedConfig {
  const given: unknown = config;
  if (typeof given !== 'object' || given === null) throw new WechatPayConfigError('config', 'must be an object.');
  const now = config.now ?? Date.now;
  for (const [field, value] of Object.entries({ now, transport: config.transport })) {
    if (value !== undefined && typeof value !== 'function')
      throw new WechatPayConfigError(field, 'must be a function.');
  }
  const merchantId = identifier('merchantId', config.merchantId);
  // A clock that is none would switch the guards of time off.
  if (!Number.isFinite(now())) throw new WechatPayConfigError('now', 'must give milliseconds since 1970, as Date.now.');
  return {
    appId: identifier('appId', config.appId),
    merchantId,
    apiKey: apiKey(config.apiKey),
    certificate: certificate(config, merchantId, new Date(now())),
    signType: signType(config.signType),
    subAppId: config.subAppId === undefined ? undefined : identifier('subAppId', config.subAppId),
    subMerchantId: config.subMerchantId === undefined ? undefined : identifier('subMerchantId', config.subMerchantId),
    baseUrls: baseUrls(config.baseUrl),
    ca: config.ca === undefined ? undefined : ca(config.ca),
    connectTimeoutMs: milliseconds('connectTimeoutMs', config.connectTimeoutMs, 5_000),
    timeoutMs: milliseconds('timeoutMs', config.timeoutMs, 15_000),
    transport: config.transport,
    now,
  };
}

// The checks take `unknown`, whatever the types promise: settings come from environments, files and plain JavaScript.

function identifier(field: string, value: unknown): string {
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,32}$/.test(value)) {
    throw new WechatPayConfigError(
      field,
      'must be a string of 1 to 32 visible ASCII characters, as WeChat Pay assigned it.',
    );
  }
  return value;
}

function apiKey(value: unknown): string {
  if (typeof value !== 'string' || !/^[\x21-\x7e]{32}$/.test(value)) {
    const length =
      typeof value !== 'string'
        ? ''
        : value.length === 32
          ? '; this one has a space or a character outside of ASCII'
          : `; this one has ${value.length}`;
    throw new WechatPayConfigError(
      'apiKey',
      `must be the 32-character API key (v2) of the Merchant Platform${length}.`,
    );
  }
  return value;
}

function certificate(config: WechatPayConfig, merchantId: string, now: Date): LoadedCertificate | undefined {
  const value: unknown = config.certificate;
  if (value === undefined && config.transport) return undefined;
  if (typeof value !== 'object' || value === null || !hasCertificate(value)) {
    throw new WechatPayConfigError('certificate', 'is missing; give { pfx } (apiclient_cert.p12) or { cert, key }.');
  }
  return loadCertificate(value as CertificateConfig, merchantId, now);
}

function hasCertificate({ pfx, cert, key }: { pfx?: unknown; cert?: unknown; key?: unknown }): boolean {
  return pfx !== undefined || cert !== undefined || key !== undefined;
}

function signType(value: unknown): SignType {
  if (value === undefined) return 'HMAC-SHA256';
  if (value !== 'HMAC-SHA256' && value !== 'MD5') {
    throw new WechatPayConfigError('signType', "must be 'HMAC-SHA256' or 'MD5'.");
  }
  return value;
}

function baseUrls(value: unknown = DEFAULT_BASE_URL): readonly string[] {
  const urls: unknown[] = Array.isArray(value) ? value : [value];
  if (urls.length === 0) throw new WechatPayConfigError('baseUrl', 'is an empty list; leave it out for the default.');
  return [...new Set(urls.map(origin))];
}

function origin(value: unknown): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== 'https:' || url.username || url.password || url.pathname !== '/' || url.search || url.hash) {
    throw new WechatPayConfigError('baseUrl', `must be an https: origin without a path, as in ${DEFAULT_BASE_URL}.`);
  }
  return url.origin;
}

function ca(value: CertificateSource): Buffer {
  const pem = read(value, 'ca');
  const roots = (): unknown[] => parseCertificates(pem.toString('latin1'));
  try {
    if (roots().length > 0) return pem;
  } catch (cause) {
    throw new WechatPayConfigError('ca', 'holds a certificate that cannot be read; check how it was copied.', cause);
  }
  throw new WechatPayConfigError('ca', 'must hold root certificates in PEM form.');
}

function milliseconds(field: string, value: unknown, byDefault: number): number {
  if (value === undefined) return byDefault;
  // Above 2^31 - 1 a Node.js timer fires at once.
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 0x7fffffff) {
    throw new WechatPayConfigError(field, 'must be a whole number of milliseconds, 1 or more.');
  }
  return value;
}
