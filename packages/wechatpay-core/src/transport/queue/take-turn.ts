import { aborted, listen } from '../../call/deliver.js';
import { WechatPayOverloadedError } from '../../errors.js';
import type { Redactor } from '../redact.js';
import type { CallQueue } from './call-queue.js';
import type { Flight, Lane, Refusal } from './lane.js';
import { clientClosed } from '../../call/call-error.js';

/** A refusal is told so much later: who tries again at once would otherwise leave the process no time for anything else. */
const REFUSAL_TAKES_MS = 50;

/**
 * Waits until a call may leave, or its caller aborts, which touches no connection.
 *
 * @throws {WechatPayOverloadedError} it cannot leave early enough to be answered.
 * @throws {WechatPayTransportError} the caller aborted, or the client was closed.
 */
export function takeTurn(
  queue: CallQueue,
  lane: Lane,
  signal: AbortSignal | undefined,
  redactor: Redactor,
): Promise<Flight> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(aborted('not-sent', redactor.cause(signal.reason)));
      return;
    }
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      cancel();
      clearTimeout(timer);
      reject(aborted('not-sent', redactor.cause(signal?.reason)));
    };
    const leave = (flight: Flight): void => {
      signal?.removeEventListener('abort', onAbort);
      resolve(flight);
    };
    const refuse = (refusal: Refusal | 'closed'): void => {
      if (refusal === 'closed') {
        signal?.removeEventListener('abort', onAbort);
        reject(clientClosed());
        return;
      }
      timer = setTimeout(() => {
        signal?.removeEventListener('abort', onAbort);
        reject(overloaded(refusal));
      }, REFUSAL_TAKES_MS);
    };
    if (signal) listen(signal, onAbort);
    const cancel = queue.wait(lane, leave, refuse);
  });
}

export function overloaded(refusal: Refusal): WechatPayOverloadedError {
  const { reason, retryAfterMs } = refusal;
  return new WechatPayOverloadedError(`${REASONS[reason]} Nothing was sent. Try again in ${retryAfterMs} ms.`, refusal);
}

const REASONS: Readonly<Record<Refusal['reason'], string>> = {
  'queue-full': 'as many calls wait as `maxQueued` allows.',
  'gateway-slow':
    'the gateway is too slow for all calls that were made: this one could not leave early enough to be answered within `timeoutMs`.',
  'circuit-open': 'the gateway has answered none of the last calls, so that only one now and then is sent.',
  throttled: 'more calls of this operation were made than its limit lets through.',
};
