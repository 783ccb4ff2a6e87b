import {
  isWechatPayError,
  WechatPayRequestError,
  WechatPayResponseError,
  WechatPayTransportError,
  type AnyWechatPayError,
  type OrderReference,
  type WechatPayError,
} from '../errors.js';
import type { FlightEnd } from '../transport/queue/queue-state.js';
import { quoted } from './untrusted-text.js';

// How a call's error is made: never one that says less than what may have happened.

/** Says in an error's message which call failed, for which order, and keeps the order beside it. */
export function describeCall<E extends WechatPayError>(error: E, operation: string, order: OrderReference): E {
  const { message, stack } = error; // the stack holds a copy of the message, made now at the latest
  const name = order.transactionId ?? order.outTradeNo;
  // A plain number as it is; any other as JSON, so that a line break in it does not break a log's lines.
  const shown = name === undefined || /^[\x21-\x7e]+$/.test(name) ? name : quoted(name);
  error.message = `${operation}${shown === undefined ? '' : ` of order ${shown}`}: ${message}`;
  if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
  return Object.assign(error, { order });
}

/** What every call ends with that the client has not sent when it is closed. */
export function clientClosed(): WechatPayTransportError {
  return new WechatPayTransportError('WECHATPAY_CONNECTION', 'the client is closed. Nothing was sent.', 'not-sent');
}

/** Up to where a call came. Before it sends, no error may say that the money could have moved; after an answer, each must. */
export type Progress = 'checking' | 'sending' | 'answered';

// What is no error of ours by now is a mistake: of a clock or a value that throws, or of an operation's own code.
export function asWechatPayError(error: unknown, progress: Progress): AnyWechatPayError {
  const isOurs = isWechatPayError(error);
  switch (progress) {
    case 'checking':
      if (isOurs && error.outcome === 'not-sent') return error;
      return new WechatPayRequestError('request', 'cannot be read; give a plain object of documented properties.', {
        cause: error,
      });
    case 'sending':
      if (isOurs) return error;
      break;
    case 'answered':
      if (isOurs && error.outcome !== 'not-sent') return error;
  }
  return new WechatPayResponseError('the reply could not be read. Its outcome is unknown: query the order.', error);
}

/** What the end of a call says about the gateway. */
export function endOf(failure: AnyWechatPayError | undefined): FlightEnd {
  switch (failure?.code) {
    case 'WECHATPAY_BUSINESS_FAIL':
      return failure.errorCode === 'FREQUENCY_LIMITED' ? 'throttled' : 'answered';
    case 'WECHATPAY_GATEWAY_FAIL':
      return failure.advice === 'retry-later' ? 'throttled' : 'answered';
    case 'WECHATPAY_HTTP_STATUS':
      if (failure.status === 429) return 'throttled';
      return [502, 503, 504].includes(failure.status ?? 0) ? 'no-answer' : 'answered'; // it is a proxy that says so
    case 'WECHATPAY_CONNECTION':
    case 'WECHATPAY_TIMEOUT':
      return failure.outcome === 'not-sent' ? 'no-connection' : 'no-answer';
    case 'WECHATPAY_ABORTED':
    case 'WECHATPAY_INVALID_REQUEST':
    case 'WECHATPAY_OVERLOADED':
      return 'abandoned';
    default:
      return 'answered';
  }
}

/** The identifiers that a request names, also where it is refused; at most as long as documented. */
export function orderOf({ transactionId, outTradeNo }: Readonly<Record<string, unknown>>): OrderReference {
  return { ...(isIdentifier(transactionId) && { transactionId }), ...(isIdentifier(outTradeNo) && { outTradeNo }) };
}

function isIdentifier(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= 32;
}
