import { setMaxListeners } from 'node:events';
import { CallTimeout, type CallLimit } from '../transport/call-limit.js';
import {
  isWechatPayError,
  WechatPayRequestError,
  WechatPayResponseError,
  WechatPayTransportError,
  type WechatPayOverloadedError,
} from '../errors.js';
import type { Redactor } from '../transport/redact.js';
import type { Connection, SignedRequest, TransportResponse } from '../transport/transport.js';

export interface Deadline {
  /** Of the whole call. */
  readonly timeoutMs: number;
  /** What is left of it after waiting in the queue. */
  readonly leftMs?: number | undefined;
  /** The caller's. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends one request through a transport, the built-in or a custom one: within `timeoutMs`, until the caller aborts, and with
 * errors of this library alone. It ends in time even where the transport ignores its limit.
 */
export async function deliver(
  connection: Connection,
  request: SignedRequest,
  limit: CallLimit,
  { timeoutMs, leftMs = timeoutMs, signal: caller }: Deadline,
): Promise<TransportResponse> {
  if (caller?.aborted) throw aborted('not-sent', connection.redactor(request.body).cause(caller.reason));
  const onAbort = (): void => {
    limit.end(caller?.reason);
  };
  if (caller) listen(caller, onAbort);
  // A process that stood still runs its timers first: an answer that is there by then is read before the call counts as too late.
  let afterReading: NodeJS.Immediate | undefined;
  const timer = setTimeout(() => {
    afterReading = setImmediate(() => {
      limit.end(new CallTimeout(timeoutMs));
    });
  }, leftMs);
  try {
    const response = await untilOver(limit, () => connection.send(request, limit));
    assertResponse(response);
    return response;
  } catch (error) {
    throw asOurs(error, limit, connection.isBuiltIn, connection.redactor(request.body));
  } finally {
    clearTimeout(timer);
    clearImmediate(afterReading);
    caller?.removeEventListener('abort', onAbort);
  }
}

/** @throws {WechatPayRequestError} a signal that cannot be listened to; nothing was sent. */
export function listen(caller: AbortSignal, onAbort: () => void): void {
  try {
    // A signal of shutting down is shared by every call in flight; Node.js would warn of a leak at the eleventh.
    setMaxListeners(0, caller);
    caller.addEventListener('abort', onAbort, { once: true });
  } catch (cause) {
    const problem = 'cannot be listened to; give the `signal` of an AbortController.';
    throw new WechatPayRequestError('signal', problem, { cause });
  }
}

function untilOver(limit: CallLimit, send: () => Promise<TransportResponse>): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    // A turn of the event loop later than the transport, which may know that nothing was sent. Set before it is called:
    // the caller may abort while it begins.
    limit.giveUp = () => setImmediate(reject, limit.reason);
    Promise.resolve(send()).then(resolve, reject); // a custom transport may return what is not a promise
  });
}

class NoResponse extends TypeError {}

function assertResponse(response: unknown): asserts response is TransportResponse {
  const { status, body } = Object(response) as Record<string, unknown>;
  if (typeof status !== 'number' || !(body instanceof Uint8Array)) {
    throw new NoResponse('a transport must resolve to { status: number, body: Uint8Array }');
  }
}

// Of a custom transport always another error than the one thrown, which may be frozen, or thrown twice; and never its text
// as it is, since HTTP clients keep the request's body in their errors and repeat it in their messages.
function asOurs(
  error: unknown,
  limit: CallLimit,
  isBuiltIn: boolean,
  redactor: Redactor,
): WechatPayTransportError | WechatPayResponseError | WechatPayOverloadedError {
  // Why the caller aborted says nothing about this call, not even where it is an error of ours with the outcome not-sent.
  const isReason = limit.isOver && error === limit.reason;
  const ours = !isReason && isWechatPayError(error) ? error : undefined;
  if (ours?.code === 'WECHATPAY_OVERLOADED' && isBuiltIn) return ours;
  if (ours?.code === 'WECHATPAY_MALFORMED_RESPONSE') {
    return isBuiltIn ? ours : new WechatPayResponseError(redactor.text(ours.message), redactor.cause(ours.cause));
  }
  if (ours?.name === 'WechatPayTransportError') {
    if (isBuiltIn) return ours;
    const { code, message, outcome, status, cause } = ours;
    return new WechatPayTransportError(code, redactor.text(message), outcome === 'not-sent' ? outcome : 'unknown', {
      cause: redactor.cause(cause),
      ...(typeof status === 'number' && { status }),
    });
  }
  const reason = limit.reason;
  if (reason instanceof CallTimeout) {
    return new WechatPayTransportError('WECHATPAY_TIMEOUT', `${reason.message}. ${UNKNOWN}`, 'unknown', {
      cause: redactor.cause(reason),
    });
  }
  if (limit.isOver) return aborted('unknown', redactor.cause(reason));
  const what = error instanceof NoResponse ? error.message : 'it failed';
  return new WechatPayTransportError('WECHATPAY_CONNECTION', `the transport: ${what}. ${UNKNOWN}`, 'unknown', {
    cause: redactor.cause(error),
  });
}

export function aborted(outcome: 'not-sent' | 'unknown', cause: unknown): WechatPayTransportError {
  const consequence = outcome === 'not-sent' ? 'Nothing was sent.' : UNKNOWN;
  return new WechatPayTransportError('WECHATPAY_ABORTED', `aborted by the caller. ${consequence}`, outcome, { cause });
}

const UNKNOWN = 'It may have been sent, so its outcome is unknown: query the order, or repeat the call.';
