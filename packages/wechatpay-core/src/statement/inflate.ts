import { Readable, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isWechatPayError } from '../errors.js';
import { statementError } from './problems.js';

/**
 * The text of a statement, unpacked where its bytes are gzip, whatever was asked for: an error comes plain also then.
 *
 * @throws {WechatPayStatementError} gzip that is cut off, or broken.
 */
export async function* inflate(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array | string, void> {
  const chunks = source[Symbol.asyncIterator]();
  const head: (Uint8Array | string)[] = [];
  const close = async (): Promise<void> => {
    await chunks.return?.();
  };
  try {
    // A chunk may hold one byte.
    while (!isTold(head)) {
      const next = await chunks.next();
      if (next.done === true) break;
      if (next.value.length > 0) head.push(next.value);
    }
    const whole = rejoin(head, chunks);
    if (isGzip(head)) yield* gunzip(whole);
    else yield* whole;
  } finally {
    // Of gzip a chunk is read ahead: nobody waits for it who has left.
    if (isGzip(head)) close().catch(() => undefined);
    else await close();
  }
}

async function* rejoin<Chunk>(head: readonly Chunk[], rest: AsyncIterator<Chunk>): AsyncGenerator<Chunk, void> {
  yield* head;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

async function* gunzip(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array, void> {
  const unpacked = createGunzip();
  pipeline(Readable.from(source), unpacked, () => undefined); // what fails there comes out of the loop below
  try {
    for await (const chunk of unpacked) yield chunk as Uint8Array;
  } catch (cause) {
    if (isWechatPayError(cause)) throw cause;
    const { code } = Object(cause) as { code?: unknown };
    if (code === 'Z_BUF_ERROR') throw statementError('truncated', 'the gzip ends in the middle.', {}, cause);
    if (typeof code === 'string' && code.startsWith('Z_')) {
      throw statementError('malformed', `the gzip is broken (${code}).`, {}, cause);
    }
    throw cause;
  }
}

function isTold(head: readonly (Uint8Array | string)[]): boolean {
  const [first] = head;
  return (
    typeof first === 'string' || (first?.[0] !== undefined && first[0] !== GZIP[0]) || byteAt(head, 1) !== undefined
  );
}

function isGzip(head: readonly (Uint8Array | string)[]): boolean {
  return byteAt(head, 0) === GZIP[0] && byteAt(head, 1) === GZIP[1];
}

const GZIP = [0x1f, 0x8b] as const;

function byteAt(head: readonly (Uint8Array | string)[], at: number): number | undefined {
  for (const chunk of head) {
    if (typeof chunk === 'string') return undefined;
    if (at < chunk.length) return chunk[at];
    at -= chunk.length;
  }
  return undefined;
}
