import { WechatPayTransportError } from '../errors.js';
import { CallLimit } from '../transport/call-limit.js';
import type { Connection, SignedRequest } from '../transport/transport.js';
import { aborted, deliver, listen } from './deliver.js';

/** What ends a download before its end. */
export interface DownloadLimits {
  /** So long without a byte, in milliseconds; with a custom `transport`, until the whole answer. */
  readonly idleTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Posts a request and gives the bytes of its answer as they come. A custom transport gives all of them at once. */
export async function openDownload(
  connection: Connection,
  request: SignedRequest,
  { idleTimeoutMs, signal }: DownloadLimits,
): Promise<AsyncIterable<Uint8Array>> {
  const limit = new CallLimit();
  if (!connection.stream) {
    const { status, body } = await deliver(connection, request, limit, { timeoutMs: idleTimeoutMs, signal });
    assertOk(status);
    return inOnePiece(body);
  }
  if (signal?.aborted) throw aborted('not-sent', undefined);
  const onAbort = (): void => {
    limit.end(signal?.reason);
  };
  if (signal) listen(signal, onAbort);
  const end = (): void => signal?.removeEventListener('abort', onAbort);
  try {
    const answer = await connection.stream(request, limit, idleTimeoutMs);
    if (answer.status !== 200) answer.discard();
    assertOk(answer.status);
    return readThenEnd(answer.body, end);
  } catch (error) {
    end();
    throw error;
  }
}

function assertOk(status: number): void {
  if (status === 200) return;
  throw new WechatPayTransportError(
    'WECHATPAY_HTTP_STATUS',
    `the gateway answered HTTP ${status}. Repeat the call.`,
    'unknown',
    { status },
  );
}

// eslint-disable-next-line @typescript-eslint/require-await -- what reads it awaits
async function* inOnePiece(body: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield body;
}

async function* readThenEnd(body: AsyncIterable<Uint8Array>, end: () => void): AsyncGenerator<Uint8Array, void> {
  try {
    yield* body;
  } finally {
    end();
  }
}
