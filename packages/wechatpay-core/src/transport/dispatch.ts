import type { Dispatcher, Pool } from 'undici';
import type { CallLimit } from './call-limit.js';
import { describeFailure, TooLarge } from './failure.js';
import { Redactor } from './redact.js';
import type { SignedRequest, TransportResponse } from './transport.js';
import { MAX_XML_BYTES } from '../call/xml.js';

/**
 * Posts one request on a connection of the pool, once.
 *
 * @throws {WechatPayTransportError} `not-sent` where it failed before the first byte was written, else `unknown`.
 * @throws {WechatPayOverloadedError} by the time a connection was ready, it was too late.
 * @throws {WechatPayResponseError} an answer with status 200 that is too large for a reply.
 */
export function post(
  pool: Pool,
  origin: string,
  { path, body }: SignedRequest,
  limit: CallLimit,
): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    let sent = false;
    /** Of a connection that is ready, undici makes use at once. */
    let isConnected = true;
    let status = 0;
    let size = 0;
    const chunks: Buffer[] = [];

    const finish = (): void => {
      limit.onEnd = undefined;
      // Nearly always a reply comes in one piece.
      resolve({ status, body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks) });
    };
    const fail = (cause: unknown): void => {
      limit.onEnd = undefined;
      reject(describeFailure(cause, { origin, sent, limit, redactor: new Redactor(body) }));
    };
    const stop = (started?: Dispatcher.DispatchController): void => {
      started?.abort(limit.reason as Error);
      fail(limit.reason);
    };
    if (limit.isOver) {
      stop();
      return;
    }
    limit.onEnd = () => {
      limit.isHeld = true; // undici has the request, until a connection is ready or has failed
      stop();
    };

    pool.dispatch(
      { path, method: 'POST', headers: HEADERS, body },
      {
        // Called when a connection is ready and right before the first byte is written: what fails earlier was not sent.
        onRequestStart(started) {
          // Thrown, it takes the request alone; an abort would destroy the connection, which the next call needs.
          if (limit.isOver) throw new DOMException('The call is over.', 'AbortError');
          const tooLate = sent || isConnected ? undefined : limit.tooLate?.();
          if (tooLate) {
            limit.onEnd = undefined;
            reject(tooLate);
            throw tooLate;
          }
          if (sent) {
            started.abort(new DOMException('A request is never sent twice.', 'AbortError'));
          } else {
            sent = true;
            // Kept by the limit alone, until the end: in a variable, a controller had each call survive garbage collections.
            limit.onEnd = () => {
              stop(started);
            };
          }
        },
        onResponseStart(_controller, statusCode) {
          status = statusCode;
        },
        onResponseData(receiving, chunk) {
          size += chunk.length;
          if (size <= MAX_XML_BYTES) chunks.push(chunk);
          else receiving.abort(new TooLarge(`the answer is larger than ${MAX_XML_BYTES} bytes.`));
        },
        onResponseEnd() {
          finish();
        },
        onResponseError(_controller, error) {
          limit.free();
          // An answer with another status than 200 has said what it had to say, however its page goes on.
          if (status > 200 && !limit.isOver) finish();
          else fail(error);
        },
      },
    );
    isConnected = false;
  });
}

export const HEADERS = { 'content-type': 'text/xml; charset=utf-8', accept: '*/*' };
