import { setMaxListeners } from 'node:events';
import { WechatPayResponseError, WechatPayTransportError } from './errors.js';
import {
  CallLimit,
  CallTimeout,
  withoutContents,
  type Connection,
  type SignedRequest,
  type TransportResponse,
} from './transport.js';

/**
 * Sends one request through a transport, the built-in or one's own: within `timeoutMs`, until the caller aborts, and with
 * errors of this library alone. It ends in time even where the transport ignores its limit.
 */
export async function deliver(
  connection: Connection,
  request: SignedRequest,
  timeoutMs: number,
  caller: AbortSignal | null | undefined,
): Promise<TransportResponse> {
  if (caller?.aborted) throw aborted('not-sent', caller.reason);
  const limit = new CallLimit();
  const onAbort = (): void => {
    limit.end(caller?.reason);
  };
  const timer = setTimeout(() => {
    limit.end(new CallTimeout(timeoutMs));
  }, timeoutMs);
  // A signal of shutting down is shared by every call in flight; Node.js would warn of a leak at the eleventh.
  if (caller) setMaxListeners(0, caller);
  caller?.addEventListener('abort', onAbort, { once: true });
  try {
    const response = await untilOver(limit, connection.send(request, limit));
    assertResponse(response);
    return response;
  } catch (error) {
    throw asOurs(error, limit);
  } finally {
    clearTimeout(timer);
    caller?.removeEventListener('abort', onAbort);
  }
}

function untilOver(limit: CallLimit, answer: Promise<TransportResponse>): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    // A turn of the event loop later than the transport, which may know that nothing was sent.
    limit.giveUp = () => setImmediate(reject, limit.reason);
    Promise.resolve(answer).then(resolve, reject); // a transport of one's own may give what is no promise
  });
}

function assertResponse(response: unknown): asserts response is TransportResponse {
  const { status, body } = Object(response) as Record<string, unknown>;
  if (typeof status !== 'number' || !(body instanceof Uint8Array)) {
    throw new TypeError('a transport must resolve to { status: number, body: Uint8Array }');
  }
}

// Always another error than the one thrown: what a transport of one's own throws may be frozen, or thrown twice. Its cause
// is reduced to name, code and message, since HTTP clients keep the request's body in theirs.
function asOurs(error: unknown, limit: CallLimit): WechatPayTransportError | WechatPayResponseError {
  if (error instanceof WechatPayResponseError) return new WechatPayResponseError(error.message, error.cause);
  if (error instanceof WechatPayTransportError) {
    const { code, message, outcome, status, cause } = error;
    return new WechatPayTransportError(code, message, outcome === 'not-sent' ? outcome : 'unknown', {
      cause: limit.isOver ? cause : withoutContents(cause),
      ...(status !== undefined && { status }),
    });
  }
  const cause = limit.reason;
  if (cause instanceof CallTimeout) {
    return new WechatPayTransportError('WECHATPAY_TIMEOUT', `${cause.message}. ${UNKNOWN}`, 'unknown', { cause });
  }
  if (limit.isOver) return aborted('unknown', cause);
  const what = error instanceof TypeError && error.message.startsWith('a transport must') ? error.message : 'it failed';
  return new WechatPayTransportError('WECHATPAY_CONNECTION', `the transport: ${what}. ${UNKNOWN}`, 'unknown', {
    cause: withoutContents(error),
  });
}

function aborted(outcome: 'not-sent' | 'unknown', cause: unknown): WechatPayTransportError {
  const consequence = outcome === 'not-sent' ? 'Nothing was sent.' : UNKNOWN;
  return new WechatPayTransportError('WECHATPAY_ABORTED', `aborted by the caller. ${consequence}`, outcome, { cause });
}

const UNKNOWN = 'It may have been sent, so its outcome is unknown: query the order, or repeat the call.';
