import { parseStatement, type StatementRow, type StatementSource, type StatementSummary } from '../../src/index.js';

/** A whole statement; rejected with what reading it throws. */
export async function readAll(
  source: StatementSource,
): Promise<{ rows: StatementRow[]; summary: StatementSummary; columns: readonly string[] }> {
  const statement = await parseStatement(source);
  const rows: StatementRow[] = [];
  for await (const row of statement) rows.push(row);
  if (!statement.summary) throw new TypeError('The rows ended without a summary.');
  return { rows, summary: statement.summary, columns: statement.columns };
}

/** Bytes in chunks of any size. */
// eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous
export async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
