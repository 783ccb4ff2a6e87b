// Over 250 lines, as one idea: every error class, in the one union that `code` narrows.
import type { Advice, Outcome } from './advice.js';
import { brand, hasBrand } from './brand.js';
import { escaped } from './call/untrusted-text.js';

/** Every `code` that a {@link WechatPayError} can have. */
export type WechatPayErrorCode =
  | 'WECHATPAY_INVALID_CONFIG'
  | 'WECHATPAY_INVALID_REQUEST'
  | 'WECHATPAY_MERCHANT_LOOKUP'
  | 'WECHATPAY_CONNECTION'
  | 'WECHATPAY_TIMEOUT'
  | 'WECHATPAY_ABORTED'
  | 'WECHATPAY_OVERLOADED'
  | 'WECHATPAY_HTTP_STATUS'
  | 'WECHATPAY_MALFORMED_RESPONSE'
  | 'WECHATPAY_SIGNATURE_MISMATCH'
  | 'WECHATPAY_INVALID_NOTIFICATION'
  | 'WECHATPAY_GATEWAY_FAIL'
  | 'WECHATPAY_BUSINESS_FAIL'
  | 'WECHATPAY_STATEMENT';

/** The order that a call was about, by the identifiers that it sent. */
export interface OrderReference {
  readonly transactionId?: string;
  readonly outTradeNo?: string;
}

/** The base of every error that this library throws on purpose. `code` narrows in a switch; `outcome` is about the money. */
export abstract class WechatPayError extends Error {
  static {
    brand(this, 'error');
  }

  abstract readonly code: WechatPayErrorCode;
  readonly outcome: Outcome;
  /** The order of the call that failed; undefined where there was no call, as with a wrong setting. */
  declare readonly order?: OrderReference;

  constructor(message: string, outcome: Outcome, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.outcome = outcome;
  }

  /** Name, message and the public fields, for structured logs; neither stack nor cause. */
  toJSON(): Record<string, unknown> {
    return { ...(this as object), name: this.name, message: this.message };
  }
}

/** A setting that is missing or wrong, and why. */
export interface ConfigProblem {
  /** The setting, as in `certificate.passphrase`. */
  readonly field: string;
  readonly problem: string;
}

/** Settings are missing or wrong; thrown by constructors, before any request. The message has a line for each, which begins with its name. */
export class WechatPayConfigError extends WechatPayError {
  override readonly name = 'WechatPayConfigError';
  readonly code = 'WECHATPAY_INVALID_CONFIG';
  /** The first of them, as in `certificate.passphrase`. */
  readonly field: string;
  /** All of them, the first included. */
  readonly problems: readonly ConfigProblem[];

  constructor(field: string, problem: string, cause?: unknown, others: readonly ConfigProblem[] = []) {
    const problems = [{ field, problem }, ...others];
    super(problems.map((each) => `${escaped(each.field, 64)}: ${each.problem}`).join('\n'), 'not-sent', cause);
    this.field = field;
    this.problems = problems;
  }
}

/** A request that must not be sent. The message names the field and ends with the remedy. */
export class WechatPayRequestError extends WechatPayError {
  override readonly name = 'WechatPayRequestError';
  readonly code = 'WECHATPAY_INVALID_REQUEST';
  readonly field: string;
  /** `retry-later` where it is too early for this call, `refund` where it is too late; else `fix-request`. */
  readonly advice: Advice;

  constructor(
    field: string,
    problem: string,
    { advice = 'fix-request', cause }: { advice?: Advice; cause?: unknown } = {},
  ) {
    super(`${escaped(field, 64)}: ${problem}`, 'not-sent', cause);
    this.field = field;
    this.advice = advice;
  }
}

/**
 * Why a registry has no client of a merchant.
 *
 * - `unknown`: `load` knows no such merchant.
 * - `invalid`: what `load` gave cannot be used. `cause` is the {@link WechatPayConfigError} that names each setting.
 * - `unavailable`: `load` failed or took too long, or the registry is closed. Try again later.
 */
export type MerchantLookupProblem = 'unknown' | 'invalid' | 'unavailable';

/** A registry has no client of the merchant that was asked for. Nothing was sent. */
export class WechatPayMerchantError extends WechatPayError {
  override readonly name = 'WechatPayMerchantError';
  readonly code = 'WECHATPAY_MERCHANT_LOOKUP';
  readonly problem: MerchantLookupProblem;
  readonly merchantId: string;

  constructor(problem: MerchantLookupProblem, merchantId: string, message: string, cause?: unknown) {
    super(`merchant ${escaped(merchantId, 32)}: ${message} Nothing was sent.`, 'not-sent', cause);
    this.problem = problem;
    this.merchantId = escaped(merchantId, 32);
  }
}

/** No usable answer came over the network. `outcome` is `not-sent` only where it is certain that no request byte left. */
export class WechatPayTransportError extends WechatPayError {
  override readonly name = 'WechatPayTransportError';
  readonly code: 'WECHATPAY_CONNECTION' | 'WECHATPAY_TIMEOUT' | 'WECHATPAY_ABORTED' | 'WECHATPAY_HTTP_STATUS';
  /** The HTTP status, where `code` is `WECHATPAY_HTTP_STATUS`. */
  declare readonly status?: number;

  constructor(
    code: WechatPayTransportError['code'],
    message: string,
    outcome: 'not-sent' | 'unknown',
    { cause, status }: { cause?: unknown; status?: number } = {},
  ) {
    super(message, outcome, cause);
    this.code = code;
    if (status !== undefined) this.status = status;
  }
}

/**
 * Why the client did not send a call.
 *
 * - `queue-full`: `maxQueued` calls wait already.
 * - `gateway-slow`: it could not leave early enough to be answered within `timeoutMs`.
 * - `circuit-open`: the gateway answers nobody; now and then a call is let through to find out when it does again.
 * - `throttled`: a limit of this operation, known (`limits`, `limiter`) or learnt from the gateway's refusals.
 */
export type OverloadReason = 'queue-full' | 'gateway-slow' | 'circuit-open' | 'throttled';

/** The client did not send a call, because it could hardly have been answered: nothing happened, try again later. */
export class WechatPayOverloadedError extends WechatPayError {
  override readonly name = 'WechatPayOverloadedError';
  readonly code = 'WECHATPAY_OVERLOADED';
  readonly advice = 'retry-later' satisfies Advice;
  readonly reason: OverloadReason;
  /** In so many milliseconds another try makes sense, by what the gateway takes now. */
  readonly retryAfterMs: number;

  constructor(message: string, { reason, retryAfterMs }: { reason: OverloadReason; retryAfterMs: number }) {
    super(message, 'not-sent');
    this.reason = reason;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An answer came that is no reply to this request: not the documented XML, or about another merchant or order. */
export class WechatPayResponseError extends WechatPayError {
  override readonly name = 'WechatPayResponseError';
  readonly code = 'WECHATPAY_MALFORMED_RESPONSE';

  constructor(message: string, cause?: unknown) {
    super(message, 'unknown', cause);
  }
}

/** A reply whose signature is missing or does not hold. Nothing in it was believed. */
export class WechatPaySignatureError extends WechatPayError {
  override readonly name = 'WechatPaySignatureError';
  readonly code = 'WECHATPAY_SIGNATURE_MISMATCH';

  constructor(message: string) {
    super(message, 'unknown');
  }
}

/** `return_code` other than SUCCESS: the gateway refuses to talk. It is unsigned, so anyone on the way can have said it. */
export class WechatPayGatewayError extends WechatPayError {
  override readonly name = 'WechatPayGatewayError';
  readonly code = 'WECHATPAY_GATEWAY_FAIL';
  readonly returnCode: string;
  /** The gateway's `return_msg`, unverified; empty where it gave none. */
  readonly returnMessage: string;
  /**
   * `retry-later` where the gateway says that the calls come too fast (频率限制); else `query-order`. A hint: it is unsigned, and
   * the outcome stays `unknown`.
   */
  readonly advice: 'retry-later' | 'query-order';

  constructor(message: string, { returnCode, returnMessage }: { returnCode: string; returnMessage: string }) {
    super(message, 'unknown');
    this.returnCode = returnCode;
    this.returnMessage = returnMessage;
    this.advice = THROTTLED.test(returnMessage) ? 'retry-later' : 'query-order';
  }
}

// As seen in the merchants' forum; the pages list no return_msg.
const THROTTLED = /频率限制|frequency.?limit/i;

/** `result_code` FAIL, signed: the gateway refused, or failed half-way. Look at `advice`, and at `recall` when reversing. */
export class WechatPayBusinessError extends WechatPayError {
  override readonly name = 'WechatPayBusinessError';
  readonly code = 'WECHATPAY_BUSINESS_FAIL';
  /** `err_code`, as in `USERPAYING`; empty where the gateway gave none. Codes that no page lists do occur. */
  readonly errorCode: string;
  /** `err_code_des`; empty where the gateway gave none. */
  readonly errorDescription: string;
  /** `recall`: true where the gateway asks for the reversal to be called again; undefined where it did not say. */
  readonly recall: boolean | undefined;
  readonly advice: Advice;
  /** Every verified field of the reply by its wire name, without `sign`. */
  readonly raw: Readonly<Record<string, string>>;

  constructor(
    message: string,
    outcome: 'rejected' | 'unknown',
    details: Pick<WechatPayBusinessError, 'errorCode' | 'errorDescription' | 'recall' | 'advice' | 'raw'>,
  ) {
    super(message, outcome);
    this.errorCode = details.errorCode;
    this.errorDescription = details.errorDescription;
    this.recall = details.recall;
    this.advice = details.advice;
    this.raw = details.raw;
  }
}

/**
 * Why a notification is not believed.
 *
 * - `malformed`: not the documented XML, or a document of another API.
 * - `unknown-merchant`: of a merchant that no client is of.
 * - `wrong-signature`: forged, changed, unsigned, or signed with another key or algorithm.
 * - `another-app`: signed by the merchant's key, for an appid that no client is of.
 * - `undecipherable`: a refund notification that no client's key decrypts.
 */
export type NotificationProblem =
  'malformed' | 'unknown-merchant' | 'wrong-signature' | 'another-app' | 'undecipherable';

/**
 * What was posted as a notification is not one of WeChat Pay's for this merchant. Nothing in it was believed: answer `refuse`, so that
 * a real one is sent again. `outcome` is `unknown`: it says nothing about any order.
 */
export class WechatPayNotificationError extends WechatPayError {
  override readonly name = 'WechatPayNotificationError';
  readonly code = 'WECHATPAY_INVALID_NOTIFICATION';
  readonly problem: NotificationProblem;

  constructor(problem: NotificationProblem, message: string, cause?: unknown) {
    super(message, 'unknown', cause);
    this.problem = problem;
  }
}

/**
 * Why there is no statement, or none that can be relied on.
 *
 * - `not-ready`: WeChat Pay makes a day's statement from 9:00 of the next day in Beijing, and asks to fetch it after 10:00.
 * - `no-statement`: "No Bill Exist". An empty day only where you know of no order of that day: it has other causes as well.
 * - `refused`: the gateway's answer is an error; `errorCode` and `received` hold its words.
 * - `truncated`: it ends before its summary.
 * - `malformed`: a line, named by `line`, that cannot be read as what the header says.
 * - `mismatch`: the summary says otherwise than the rows; `differences` names what.
 */
export type StatementProblem = 'not-ready' | 'no-statement' | 'refused' | 'truncated' | 'malformed' | 'mismatch';

/** A number of the summary that the rows do not add up to. */
export interface StatementDifference {
  /** As the summary names it, as in `总交易单数`. */
  readonly name: string;
  /** What the summary says, in the major unit. */
  readonly stated: string;
  /** What the rows add up to, in the major unit. */
  readonly computed: string;
}

/** There is no statement of that day, or not yet, or none to rely on. Never an empty day, and no row of it counts. */
export class WechatPayStatementError extends WechatPayError {
  override readonly name = 'WechatPayStatementError';
  readonly code = 'WECHATPAY_STATEMENT';
  readonly reason: StatementProblem;
  readonly advice: Advice;
  /** The line of the file, from 1, where one is to blame. */
  declare readonly line?: number;
  /** `error_code` or, where there is none, `return_msg`: unsigned, where the gateway refused. */
  declare readonly errorCode?: string;
  /** How many rows were read before. */
  readonly rows: number;
  /** Of a `mismatch`. */
  readonly differences: readonly StatementDifference[];
  /** What the gateway sent, to be looked at by a person: the line, the summary, or its refusal. At most 2,000 characters. */
  readonly received: string;

  constructor(
    message: string,
    details: Pick<WechatPayStatementError, 'reason' | 'advice'> &
      Partial<Pick<WechatPayStatementError, 'line' | 'errorCode' | 'rows' | 'differences' | 'received'>>,
    cause?: unknown,
  ) {
    super(message, 'unknown', cause);
    this.reason = details.reason;
    this.advice = details.advice;
    this.rows = details.rows ?? 0;
    this.differences = details.differences ?? [];
    this.received = escaped(details.received ?? '', 2_000);
    if (details.line !== undefined) this.line = details.line;
    if (details.errorCode !== undefined) this.errorCode = escaped(details.errorCode, 64);
  }
}

/** Every error class of this library, as a union that `code` narrows: in a `switch`, or in an `if`. */
export type AnyWechatPayError =
  | WechatPayConfigError
  | WechatPayRequestError
  | WechatPayMerchantError
  | WechatPayTransportError
  | WechatPayOverloadedError
  | WechatPayResponseError
  | WechatPaySignatureError
  | WechatPayNotificationError
  | WechatPayGatewayError
  | WechatPayBusinessError
  | WechatPayStatementError;

/**
 * Tells whether a value is an error of this library, also of another installed copy of it, where `instanceof` says no.
 *
 * `code` then narrows it to its class.
 *
 * @example
 * if (isWechatPayError(error) && error.code === 'WECHATPAY_BUSINESS_FAIL') console.log(error.errorCode, error.advice);
 */
export function isWechatPayError(error: unknown): error is AnyWechatPayError {
  return hasBrand(error, 'error');
}
