import { Readable } from 'node:stream';
import type { Dispatcher, Pool } from 'undici';
import { CallTimeout, type CallLimit } from './call-limit.js';
import { HEADERS } from './dispatch.js';
import { describeFailure } from './failure.js';
import { Redactor } from './redact.js';
import type { SignedRequest, StreamedResponse } from './transport.js';

/** How much is read ahead of a slow reader; then the connection waits. */
const READ_AHEAD_BYTES = 256 * 1024;

/**
 * Posts one request, once, and gives its answer as it comes: for what is too large to be a reply.
 *
 * @param limit ends the answer too, until its last byte; not kept to by a timer of its own.
 * @param idleTimeoutMs ends it after so long without a byte. Time in which its reader is busy does not count.
 * @returns at the answer's head. What fails later is thrown by the body.
 * @throws {WechatPayTransportError} as `post`; `unknown` once the answer has begun.
 */
export function postForStream(
  pool: Pool,
  origin: string,
  { path, body }: SignedRequest,
  limit: CallLimit,
  idleTimeoutMs: number,
): Promise<StreamedResponse> {
  return new Promise((resolve, reject) => {
    let sent = false;
    let isPaused = false;
    let controller: Dispatcher.DispatchController | undefined;

    const timer = setTimeout(() => {
      if (isPaused) timer.refresh();
      else limit.end(new CallTimeout(idleTimeoutMs, 'no byte of the answer'));
    }, idleTimeoutMs);
    const answer = new Readable({
      highWaterMark: READ_AHEAD_BYTES,
      read() {
        if (!isPaused) return;
        isPaused = false;
        timer.refresh();
        controller?.resume();
      },
      destroy(error, done) {
        end();
        controller?.abort(error ?? new DOMException('The reader has left.', 'AbortError'));
        done(error);
      },
    });
    // Who begins to read after it has failed is told then.
    answer.on('error', () => undefined);

    const end = (): void => {
      clearTimeout(timer);
      limit.onEnd = undefined;
    };
    const fail = (cause: unknown): void => {
      end();
      const error = describeFailure(cause, { origin, sent, limit, redactor: new Redactor(body) });
      reject(error); // no more than a word once the head is there
      answer.destroy(error);
    };
    limit.onEnd = () => {
      fail(limit.reason);
    };
    if (limit.isOver) {
      fail(limit.reason);
      return;
    }
    pool.dispatch(
      { path, method: 'POST', headers: HEADERS, body },
      {
        onRequestStart(started) {
          if (limit.isOver) throw new DOMException('The call is over.', 'AbortError');
          if (sent) {
            started.abort(new DOMException('A request is never sent twice.', 'AbortError'));
            return;
          }
          sent = true;
          controller = started;
        },
        onResponseStart(_controller, status) {
          timer.refresh();
          resolve({ status, body: answer, discard: () => void answer.destroy() });
        },
        onResponseData(receiving, chunk) {
          timer.refresh();
          if (answer.push(chunk)) return;
          isPaused = true;
          receiving.pause();
        },
        onResponseEnd() {
          end();
          answer.push(null);
        },
        onResponseError(_controller, error) {
          if (!answer.destroyed) fail(error);
        },
      },
    );
  });
}
