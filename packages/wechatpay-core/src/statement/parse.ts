import { WechatPayRequestError } from '../errors.js';
import { inflate } from './inflate.js';
import { readLines } from './lines.js';
import { statementError } from './problems.js';
import { StatementReader } from './reader.js';
import type { StatementRow } from './row.js';
import type { StatementSummary } from './summary.js';

/** A statement's bytes or text: whole, or in chunks as a stream gives them. Gzip is unpacked. */
export type StatementSource = string | Uint8Array | AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

/**
 * A statement that is being read: its rows, once, in the order of the file.
 *
 * **A row counts only when the last one was read without an error**: before that, nobody knows whether rows are missing. So collect or
 * stage the rows, and use them when `summary` is there.
 */
export interface Statement extends AsyncIterable<StatementRow, void> {
  /** The header as received. */
  readonly columns: readonly string[];
  /** Undefined until every row was read and the summary agreed with them. */
  readonly summary: StatementSummary | undefined;
  /** Stops before the end, and frees the connection or file. */
  close(): Promise<void>;
}

/**
 * Reads a statement of WeChat Pay, of every known edition, in constant memory.
 *
 * Columns are found by their names, Chinese or English, never by their places. Texts may hold commas, quotes and backticks. Amounts
 * become the minor unit of their currency, exactly. The summary at the end is the checksum: its count and each of its sums must be
 * those of the rows.
 *
 * @param source bytes (plain or gzip) or text; a stream is closed at the end, or where reading fails.
 * @returns once the header was read; the rows come by `for await`.
 * @throws {WechatPayStatementError} it is no statement, is cut off, has a line that cannot be read, or rows and summary differ; here,
 *   or by the iteration. What the source throws is thrown as it is.
 * @throws {WechatPayRequestError} what is no source.
 * @example
 * const statement = await parseStatement(createReadStream('20260301.csv.gz'));
 * const rows = [];
 * for await (const row of statement) rows.push(row);
 * console.log(statement.summary?.count === rows.length); // true, or an error was thrown
 */
export async function parseStatement(source: StatementSource): Promise<Statement> {
  assertSource(source);
  return openStatement(chunksOf(source));
}

interface OpenOptions {
  /** Of the text, which gzip can make much of. @default Infinity */
  readonly maxBytes?: number;
  /**
   * Called once, before the source is closed: when the summary has agreed, when reading fails, or when the caller leaves before. Not
   * where opening fails.
   */
  readonly onEnd?: (how: 'read' | 'left' | 'failed', failure?: unknown) => void;
}

/** {@link parseStatement} of chunks. */
export async function openStatement(
  source: AsyncIterable<Uint8Array | string>,
  { maxBytes = Infinity, onEnd = () => undefined }: OpenOptions = {},
): Promise<Statement> {
  const lines = readLines(bounded(inflate(source), maxBytes));
  const reader = new StatementReader();
  let rest: readonly string[] = [];
  try {
    rest = await readToHeader(lines, reader);
  } catch (error) {
    await lines.return();
    throw error;
  }
  let isTaken = false;
  let isOver = false;
  let isRead = false;
  const end = (failure?: { readonly error: unknown }): void => {
    if (isOver) return;
    isOver = true;
    isTaken = true;
    isRead = failure === undefined && reader.summary !== undefined;
    if (failure) onEnd('failed', failure.error);
    else onEnd(isRead ? 'read' : 'left');
  };
  const rows = rowsOf(rest, lines, reader, end);
  return {
    columns: reader.header?.names ?? [],
    get summary() {
      return isRead ? reader.summary : undefined;
    },
    [Symbol.asyncIterator]() {
      if (isTaken) throw new WechatPayRequestError('statement', 'was read already; parse or download it again.');
      isTaken = true;
      return rows;
    },
    async close() {
      end();
      await rows.return();
      await lines.return();
    },
  };
}

async function readToHeader(
  lines: AsyncGenerator<readonly string[], void>,
  reader: StatementReader,
): Promise<readonly string[]> {
  for (let next = await lines.next(); next.done !== true; next = await lines.next()) {
    for (const [index, line] of next.value.entries()) {
      reader.push(line);
      if (reader.header) return next.value.slice(index + 1);
    }
  }
  reader.end();
  return [];
}

async function* rowsOf(
  first: readonly string[],
  lines: AsyncGenerator<readonly string[], void>,
  reader: StatementReader,
  onEnd: (failure?: { readonly error: unknown }) => void,
): AsyncGenerator<StatementRow, void> {
  try {
    let batch = first;
    for (;;) {
      for (const line of batch) {
        const row = reader.push(line);
        if (row) yield row;
      }
      const next = await lines.next();
      if (next.done === true) break;
      batch = next.value;
    }
    reader.end();
  } catch (error) {
    onEnd({ error });
    throw error;
  } finally {
    onEnd();
    await lines.return();
  }
}

async function* bounded(
  source: AsyncIterable<Uint8Array | string>,
  maxBytes: number,
): AsyncGenerator<Uint8Array | string, void> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > maxBytes) throw statementError('malformed', `the file is larger than maxBytes, ${maxBytes}, unpacked.`);
    yield chunk;
  }
}

function assertSource(source: unknown): asserts source is StatementSource {
  if (typeof source === 'string' || source instanceof Uint8Array) return;
  const { [Symbol.asyncIterator]: asynchronous, [Symbol.iterator]: synchronous } = Object(source) as Partial<
    AsyncIterable<unknown> & Iterable<unknown>
  >;
  if (typeof asynchronous === 'function' || typeof synchronous === 'function') return;
  throw new WechatPayRequestError('source', 'must be text, bytes, or a stream of either, as of createReadStream.');
}

const CHUNK = 64 * 1024;

function chunksOf(source: StatementSource): AsyncIterable<Uint8Array | string> {
  if (typeof source === 'string') return asStream(pieces(source.length, (from, to) => source.slice(from, to)));
  if (source instanceof Uint8Array) return asStream(pieces(source.length, (from, to) => source.subarray(from, to)));
  return Symbol.asyncIterator in source ? source : asStream(source);
}

function* pieces<Piece>(length: number, cut: (from: number, to: number) => Piece): Generator<Piece, void> {
  for (let at = 0; at < length; at += CHUNK) yield cut(at, at + CHUNK);
}

// eslint-disable-next-line @typescript-eslint/require-await -- what reads it awaits
async function* asStream<Chunk>(chunks: Iterable<Chunk>): AsyncGenerator<Chunk, void> {
  yield* chunks;
}
