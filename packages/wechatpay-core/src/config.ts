import type { PreviousApiKey } from './call/merchant-key.js';
import type { SignType } from './call/sign.js';
import {
  apiKey,
  ca,
  certificate,
  clock,
  identifier,
  milliseconds,
  optional,
  previousApiKey,
  proxy,
  signType,
  transport,
} from './config-checks.js';
import { WechatPayConfigError } from './errors.js';
import type { CertificateConfig, LoadedCertificate } from './transport/certificate.js';
import type { CertificateSource } from './transport/certificate-source.js';
import { Problems } from './transport/problems.js';
import type { Proxy } from './transport/proxy.js';
import { callLimiter, operationLimits, wholeNumber, type OperationLimits } from './transport/queue/queue-settings.js';
import type { CallLimiter } from './transport/queue/queue-state.js';
import type { Transport } from './transport/transport.js';

/** How one merchant (or institution) talks to WeChat Pay. */
export interface WechatPayConfig {
  /** `appid`: the Official Account ID assigned by WeChat, at most 32 characters. */
  appId: string;
  /** `mch_id`: the merchant ID assigned by WeChat Pay, at most 32 characters. */
  merchantId: string;
  /** The API key (v2): 32 characters, set on the Merchant Platform. */
  apiKey: string;
  /**
   * The API key before a change: what WeChat Pay signed with it, replies and notifications, is accepted until a date. Requests are signed
   * with `apiKey` alone.
   *
   * @default none is accepted
   * @example { apiKey: process.env.WECHATPAY_PREVIOUS_API_KEY, until: new Date('2027-03-02T00:00:00Z') }
   */
  previousApiKey?: PreviousApiKey | undefined;
  /** The API certificate. Required, except with a custom `transport`. */
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
  /**
   * How many calls may be under way at once, each on a connection of its own; 1 to 1,000. The others wait in the client's queue.
   * 64 carry 128 calls a second of a gateway that takes 500 ms.
   *
   * @default 64
   */
  maxConnections?: number | undefined;
  /**
   * How many calls may wait for a connection; 0 to 100,000. One more is not sent: {@link WechatPayOverloadedError}, as is one that
   * could not leave early enough to be answered within `timeoutMs`.
   *
   * @default 1000
   */
  maxQueued?: number | undefined;
  /**
   * Limits of the gateway that are known, over all sub-merchants of the client: by the operation's function, or by a path.
   *
   * Others are learnt: a refusal for frequency (FREQUENCY_LIMITED) slows this operation of this merchant down, and it grows back.
   *
   * @example { refundOrder: { perSecond: 150 }, unifiedOrder: { perSecond: 600 }, '/tools/shorturl': { perSecond: 10 } }
   */
  limits?: OperationLimits | undefined;
  /** Asked before each call whether it may leave: for a limit that several processes share. */
  limiter?: CallLimiter | undefined;
  /**
   * The HTTP proxy to go through, as in `http://user:password@proxy.internal:3128`; special characters of user and password
   * percent-encoded. It opens a tunnel (CONNECT): TLS goes end to end, so that the proxy sees the gateway's name and nothing else.
   *
   * The environment is not read: give `process.env.HTTPS_PROXY` to go where it says. Where it is set and neither a
   * proxy nor `false` is given, the first client warns (`WECHATPAY_PROXY_IGNORED`).
   *
   * @default false
   */
  proxy?: string | false | undefined;
  /** Sends requests in the place of the built-in mutual-TLS HTTPS. The seam for recorders and HSMs. */
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
  readonly previousApiKey: PreviousApiKey | undefined;
  readonly certificate: LoadedCertificate | undefined;
  readonly signType: SignType;
  readonly subAppId: string | undefined;
  readonly subMerchantId: string | undefined;
  readonly baseUrls: readonly string[];
  readonly ca: Buffer | undefined;
  readonly connectTimeoutMs: number;
  readonly timeoutMs: number;
  readonly maxConnections: number;
  readonly maxQueued: number;
  /** Calls a second by path. */
  readonly limits: ReadonlyMap<string, number>;
  readonly limiter: CallLimiter | undefined;
  /** `false`: none, as was asked for; undefined: nothing was said. */
  readonly proxy: Proxy | false | undefined;
  readonly transport: Transport | undefined;
  readonly now: () => number;
}

/** The name of every setting, for what takes settings and more in one object. */
export const CONFIG_PROPERTIES: readonly (keyof WechatPayConfig)[] = Object.keys({
  appId: true,
  merchantId: true,
  apiKey: true,
  previousApiKey: true,
  certificate: true,
  signType: true,
  subAppId: true,
  subMerchantId: true,
  baseUrl: true,
  ca: true,
  connectTimeoutMs: true,
  timeoutMs: true,
  maxConnections: true,
  maxQueued: true,
  limits: true,
  limiter: true,
  proxy: true,
  transport: true,
  now: true,
} satisfies Record<keyof WechatPayConfig, true>) as (keyof WechatPayConfig)[];

const OTHER_NAMES = { certificate: 'pfx', timeoutMs: 'timeout', connectTimeoutMs: 'connectTimeout', baseUrl: 'host' };

/**
 * Checks settings as `new WechatPayClient` does, certificate included, without making a client.
 *
 * @throws {WechatPayConfigError} every setting that is missing, wrong or unknown.
 */
export function validateConfig(config: WechatPayConfig): void {
  resolveConfig(config);
}

/** @throws {WechatPayConfigError} every setting that is missing, wrong or unknown. */
export function resolveConfig(config: WechatPayConfig): ResolvedConfig {
  const given: unknown = config;
  if (typeof given !== 'object' || given === null) throw new WechatPayConfigError('config', 'must be an object.');
  const problems = new Problems();
  problems.checkNames(given, CONFIG_PROPERTIES, OTHER_NAMES);
  const check = <Value>(
    field: keyof WechatPayConfig,
    read: (field: string, value: unknown) => Value,
  ): Value | undefined => problems.check(field, () => read(field, config[field]));

  const now = check('now', clock);
  const appId = check('appId', identifier);
  const merchantId = check('merchantId', identifier);
  const key = check('apiKey', apiKey);
  const resolved = {
    appId,
    merchantId,
    apiKey: key,
    previousApiKey: check('previousApiKey', (_, value) => previousApiKey(value, key)),
    certificate: check('certificate', (_, value) =>
      value === undefined && config.transport
        ? undefined
        : certificate(value, merchantId ?? '', new Date(now?.() ?? Date.now())),
    ),
    signType: check('signType', signType),
    subAppId: check('subAppId', optional(identifier)),
    subMerchantId: check('subMerchantId', optional(identifier)),
    baseUrls: check('baseUrl', baseUrls),
    ca: check('ca', optional(ca)),
    connectTimeoutMs: check('connectTimeoutMs', milliseconds(5_000)),
    timeoutMs: check('timeoutMs', milliseconds(15_000)),
    maxConnections: check('maxConnections', (field, value) => wholeNumber(field, value, 1, 1_000, 64)),
    maxQueued: check('maxQueued', (field, value) => wholeNumber(field, value, 0, 100_000, 1_000)),
    limits: check('limits', operationLimits),
    limiter: check('limiter', callLimiter),
    proxy: check('proxy', (field, value) => proxy(field, value, config.transport)),
    transport: check('transport', optional(transport)),
    now,
  };
  // The passphrase is the merchant ID by default: without that one, nothing can be said of the other.
  if (merchantId === undefined) problems.forget('certificate.passphrase');
  return problems.resultOrThrow(resolved) as ResolvedConfig;
}

function baseUrls(field: string, value: unknown = DEFAULT_BASE_URL): readonly string[] {
  const urls: unknown[] = Array.isArray(value) ? value : [value];
  if (urls.length === 0) throw new WechatPayConfigError(field, 'is an empty list; leave it out for the default.');
  return [...new Set(urls.map(origin))];
}

function origin(value: unknown): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol !== 'https:' || url.username || url.password || url.pathname !== '/' || url.search || url.hash) {
    throw new WechatPayConfigError('baseUrl', `must be an https: origin without a path, as in ${DEFAULT_BASE_URL}.`);
  }
  return url.origin;
}
