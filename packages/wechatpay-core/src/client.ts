import { channel } from 'node:diagnostics_channel';
import { brand, foreignVersion, hasBrand } from './brand.js';
import type { CertificateInfo } from './certificate.js';
import { resolveConfig, type ResolvedConfig, type WechatPayConfig } from './config.js';
import {
  describeCall,
  isWechatPayError,
  WechatPayBusinessError,
  WechatPayConfigError,
  WechatPayGatewayError,
  WechatPayRequestError,
  WechatPayResponseError,
  WechatPaySignatureError,
  WechatPayTransportError,
  type AnyWechatPayError,
  type ErrorCodes,
  type OrderReference,
  type Outcome,
} from './errors.js';
import { deliver } from './deliver.js';
import { createNonce, sign, verify, type Fields } from './sign.js';
import { connectThrough, createHttpsTransport, type Connection, type TransportResponse } from './transport.js';
import { decode, encode } from './xml.js';

/** A page of WeChat Pay's documentation: its name, its address on the gateway, its parameters, error codes and return data. */
export interface Operation<Request, Result> {
  readonly name: string;
  /** As in `/secapi/pay/reverse`. Below `/secapi/` the gateway demands the client certificate. */
  readonly path: string;
  readonly errorCodes: ErrorCodes;
  /** Checks a request and gives it its wire names; throws {@link WechatPayRequestError}. `now` is the client's clock. */
  readonly toFields: (request: Request, now: number) => Fields;
  /** Reads a verified reply with `result_code` SUCCESS; throws {@link WechatPayResponseError} where it is not as documented. */
  readonly toResult: (reply: VerifiedReply) => Result;
}

export interface CallOptions {
  /** Stops waiting. A request that was already sent may still take effect: the error's `outcome` tells. */
  signal?: AbortSignal | undefined;
}

declare const verified: unique symbol;

/** The fields of a reply whose signature holds, without `sign`. Nothing else can yield a `result_code`. */
export type VerifiedReply = Readonly<Record<string, string>> & { readonly [verified]: true };

/** What a subscriber of the diagnostics channel {@link CALL_CHANNEL} is given, once for each call, when it ends. */
export interface CallEvent {
  /** As in `Revoke Order`. */
  readonly operation: string;
  readonly path: string;
  readonly merchantId: string;
  readonly order: OrderReference;
  readonly durationMs: number;
  readonly outcome: 'succeeded' | Outcome;
  /** The error's `code`, where the call failed. */
  readonly code?: string;
  /** WeChat Pay's `err_code`, where it gave one. */
  readonly errorCode?: string;
  /** `recall`, where a verified reply said it: true where the revoke must be called again, whatever `outcome` says. */
  readonly recall?: boolean;
}

/** The name of the `node:diagnostics_channel` on which every call is told, as a {@link CallEvent}; it holds no secret. */
export const CALL_CHANNEL = 'wechatpay:call';

const calls = channel(CALL_CHANNEL);

/**
 * One merchant's (or institution's) connection to WeChat Pay: signs, sends over mutual TLS, verifies.
 *
 * Operations are functions that take a client, as in `reverseOrder(client, { outTradeNo })`. A client keeps its
 * connections alive: make one, share it, and `close()` it at the end.
 */
export class WechatPayClient {
  static {
    brand(this, 'client');
  }

  readonly appId: string;
  readonly merchantId: string;
  /** `sub_mch_id` of requests that name none: institutional mode. */
  readonly subMerchantId: string | undefined;
  readonly baseUrls: readonly string[];
  /** The API certificate's serial number, subject and validity; undefined with a `transport` of one's own. */
  readonly certificate: CertificateInfo | undefined;
  // Private to the language, so that no inspect, JSON or debugger-friendly dump shows the API key.
  readonly #config: ResolvedConfig;
  readonly #connection: Connection;

  /** @throws {WechatPayConfigError} the first setting that is missing or wrong. */
  constructor(config: WechatPayConfig) {
    this.#config = resolveConfig(config);
    const { transport } = this.#config;
    this.#connection = transport ? connectThrough(transport) : createHttpsTransport(this.#config);
    this.appId = this.#config.appId;
    this.merchantId = this.#config.merchantId;
    this.subMerchantId = this.#config.subMerchantId;
    this.baseUrls = this.#config.baseUrls;
    this.certificate = this.#config.certificate?.info;
  }

  /** The client's clock, in milliseconds since 1970. */
  now(): number {
    return this.#config.now();
  }

  /** A clock that throws must not keep an order from being asked for. */
  #time(): number {
    try {
      const time = this.now();
      return Number.isFinite(time) ? time : Date.now();
    } catch {
      return Date.now();
    }
  }

  /**
   * Makes one signed call, and sends it once: what every operation is built on.
   *
   * The common fields (`appid`, `mch_id`, `nonce_str`, `sign_type`, `sign`, and the config's `sub_appid` and `sub_mch_id`) are
   * added here to those of the operation.
   *
   * @returns the operation's result, read from a verified reply whose `result_code` is SUCCESS.
   * @throws {WechatPayRequestError} a request that cannot be sent; nothing was sent.
   * @throws {WechatPayTransportError} no usable answer; look at `outcome`.
   * @throws {WechatPayResponseError} an answer that is no reply to this request.
   * @throws {WechatPaySignatureError} a reply whose signature does not hold.
   * @throws {WechatPayGatewayError} `return_code` FAIL: unsigned, so its outcome is unknown.
   * @throws {WechatPayBusinessError} `result_code` FAIL, verified.
   */
  async call<Request, Result>(
    operation: Operation<Request, Result>,
    request: Request,
    options?: CallOptions,
  ): Promise<Result> {
    const order = orderOf(request);
    const startedAt = performance.now();
    let sending = false;
    let reply: VerifiedReply | undefined;
    let failure: AnyWechatPayError | undefined;
    try {
      assertSignal(options?.signal);
      const fields = this.#sign(operation.toFields(request, this.#time()));
      const body = encode(fields);
      sending = true;
      const { path } = operation;
      const response = await deliver(this.#connection, { path, body }, this.#config.timeoutMs, options?.signal);
      reply = this.#verify(readReply(response));
      assertSameParties(fields, reply);
      assertSucceeded(operation.errorCodes, reply);
      return operation.toResult(reply);
    } catch (error) {
      failure = describeCall(asWechatPayError(error, sending), operation.name, order);
      throw failure;
    } finally {
      if (calls.hasSubscribers) {
        calls.publish({
          operation: operation.name,
          path: operation.path,
          merchantId: this.merchantId,
          order,
          durationMs: performance.now() - startedAt,
          outcome: failure?.outcome ?? 'succeeded',
          ...(failure && { code: failure.code }),
          ...(failure?.code === 'WECHATPAY_BUSINESS_FAIL' && { errorCode: failure.errorCode }),
          ...(reply?.recall && { recall: reply.recall === 'Y' }),
        } satisfies CallEvent);
      }
    }
  }

  /** Waits for the calls in flight, then closes the connections. Calls after it fail with the outcome `not-sent`. */
  async close(): Promise<void> {
    await this.#connection.close();
  }

  #sign(fields: Fields): Fields {
    const { appId, merchantId, subAppId, subMerchantId, signType, apiKey } = this.#config;
    const request: Record<string, string | null | undefined> = {
      appid: appId,
      mch_id: merchantId,
      sub_appid: subAppId,
      sub_mch_id: subMerchantId,
      ...fields,
      nonce_str: createNonce(),
      sign_type: signType,
    };
    if (request.sub_appid !== undefined && request.sub_mch_id === undefined) {
      throw new WechatPayRequestError('subMerchantId', 'is missing beside subAppId; institutional mode needs both.');
    }
    request.sign = sign(request, apiKey, signType);
    return request;
  }

  #verify(reply: Record<string, string>): VerifiedReply {
    const { apiKey, signType } = this.#config;
    if (!verify(reply, apiKey, signType)) {
      const other = signType === 'MD5' ? 'HMAC-SHA256' : 'MD5';
      const what = !reply.sign
        ? 'the reply has no signature'
        : verify(reply, apiKey, other)
          ? `the reply is signed with ${other}, but the request asked for ${signType}`
          : 'the signature of the reply does not hold; if it never does, check apiKey';
      throw new WechatPaySignatureError(
        `${what}. Nothing in it was believed: its outcome is unknown; query the order.`,
      );
    }
    return withoutSign(reply) as VerifiedReply;
  }
}

/** Tells whether a value is a client, also of another installed copy of this library that this one works with. */
export function isWechatPayClient(value: unknown): value is WechatPayClient {
  return hasBrand(value, 'client');
}

/**
 * What a package that takes clients checks at its start, so that an incompatible copy is one clear error there, and no
 * misread answer later.
 *
 * @param field how the caller names it, for the message.
 * @throws {WechatPayConfigError} what is no client, or one of an installed copy that this one cannot work with.
 */
export function assertWechatPayClient(value: unknown, field = 'client'): asserts value is WechatPayClient {
  if (isWechatPayClient(value)) return;
  const problem =
    foreignVersion(value, 'client') === undefined
      ? 'must be a WechatPayClient; make one with new WechatPayClient(config).'
      : 'was made by another installed copy of wechatpay-core, which this one cannot work with. ' +
        'Install one version for all packages: npm ls wechatpay-core shows the copies.';
  throw new WechatPayConfigError(field, problem);
}

// What a rest pattern would do, in a third of its time: that takes 1.7 µs for an object without prototype.
function withoutSign(reply: Record<string, string>): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const name of Object.keys(reply)) if (name !== 'sign') fields[name] = reply[name] ?? '';
  return fields;
}

// What is no error of ours by now is a mistake: of a request with a getter that throws, or of an operation's own code.
function asWechatPayError(error: unknown, sending: boolean): AnyWechatPayError {
  if (isWechatPayError(error)) return error;
  return sending
    ? new WechatPayResponseError('the reply could not be read. Its outcome is unknown: query the order.', error)
    : new WechatPayRequestError('request', 'cannot be read; give a plain object of documented properties.', {
        cause: error,
      });
}

/** The identifiers that a request names, also where it is refused; at most as long as documented. */
function orderOf(request: unknown): OrderReference {
  const { transactionId, outTradeNo } = Object(request) as Record<string, unknown>;
  return { ...(isIdentifier(transactionId) && { transactionId }), ...(isIdentifier(outTradeNo) && { outTradeNo }) };
}

function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 32;
}

/** @throws {WechatPayRequestError} what is neither absent nor an AbortSignal. */
export function assertSignal(signal: unknown): void {
  if (signal !== undefined && signal !== null && !(signal instanceof AbortSignal)) {
    throw new WechatPayRequestError('signal', 'must be an AbortSignal; of an AbortController, give its `signal`.');
  }
}

// HTTP status, XML, return_code: what can be judged before the signature, and only to refuse.
function readReply({ status, body }: TransportResponse): Record<string, string> {
  if (status !== 200) {
    throw new WechatPayTransportError('WECHATPAY_HTTP_STATUS', describeStatus(status, body), 'unknown', { status });
  }
  const reply = decode(body);
  const { return_code: returnCode } = reply;
  if (!returnCode)
    throw new WechatPayResponseError('the reply has no return_code. Its outcome is unknown: query the order.');
  if (returnCode !== 'SUCCESS') {
    const returnMessage = unverified(reply.return_msg ?? reply.retmsg ?? '');
    throw new WechatPayGatewayError(
      // Quoted as JSON: what anyone on the way can have written must not break a log's lines.
      `the gateway answered return_code ${JSON.stringify(unverified(returnCode))}, ${JSON.stringify(returnMessage)}. ` +
        'That is unsigned, so the outcome is unknown: query the order.',
      { returnCode: unverified(returnCode), returnMessage },
    );
  }
  return reply;
}

// At most as long as documented, and without a signature: a gateway may echo the request that it refuses.
function unverified(text: string): string {
  return text.replace(/[0-9A-Fa-f]{32,}/g, '…').slice(0, 128);
}

// The two pages of HTML with which the gateway refuses a connection's certificate.
function describeStatus(status: number, body: Uint8Array): string {
  const page = Buffer.from(body).toString('latin1');
  const hint = page.includes('No required SSL certificate')
    ? ' No client certificate arrived: check `certificate`.'
    : page.includes('SSL certificate error')
      ? " The client certificate was refused: use this merchant's, from the Merchant Platform."
      : '';
  return `the gateway answered HTTP ${status}.${hint} The outcome is unknown: query the order, or repeat the call.`;
}

/** Whom and what a reply is about. The first two are in every reply; the others where the gateway sends them. */
function assertSameParties(request: Fields, reply: VerifiedReply): void {
  for (const name of PARTIES) {
    const required = name === 'appid' || name === 'mch_id';
    if (!required && (!request[name] || !reply[name])) continue;
    if (request[name] !== reply[name]) {
      throw new WechatPayResponseError(
        `the reply is about another ${name} than the request. Its outcome is unknown: query the order.`,
      );
    }
  }
}

const PARTIES = [
  'appid',
  'mch_id',
  'sub_appid',
  'sub_mch_id',
  'transaction_id',
  'out_trade_no',
  'refund_id',
  'out_refund_no',
];

/** `result_code`, which says how the business ended; only here, behind the signature, is it looked at. */
function assertSucceeded(errorCodes: ErrorCodes, reply: VerifiedReply): void {
  const { result_code: resultCode, err_code: errorCode = '', err_code_des: errorDescription = '' } = reply;
  if (resultCode === 'SUCCESS') return;
  if (resultCode !== 'FAIL') {
    throw new WechatPayResponseError(
      'the reply has no result_code of SUCCESS or FAIL. Its outcome is unknown: query the order.',
    );
  }
  const recall = reply.recall === 'Y' ? true : reply.recall === 'N' ? false : undefined;
  const row = Object.hasOwn(errorCodes, errorCode) ? errorCodes[errorCode] : undefined;
  throw new WechatPayBusinessError(
    `${quoteCode(errorCode)} (${JSON.stringify(errorDescription)}). ${row?.solution ?? 'Query the order.'}`,
    row?.outcome ?? 'unknown',
    {
      errorCode,
      errorDescription,
      recall,
      advice: row?.advice ?? (recall ? 'revoke-again' : 'query-order'),
      raw: reply,
    },
  );
}

function quoteCode(errorCode: string): string {
  if (errorCode === '') return 'FAIL without err_code';
  return /^\w+$/.test(errorCode) ? errorCode : JSON.stringify(errorCode);
}
