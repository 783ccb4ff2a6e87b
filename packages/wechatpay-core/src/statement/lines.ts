import { statementError } from './problems.js';

/** A row has some 400 characters; what is longer is no statement. */
const MAX_LINE = 64 * 1024;
/** A character takes up to four bytes. */
const MAX_LINE_BYTES = 4 * MAX_LINE;
const LINE_FEED = 10;

/**
 * Cuts text into lines, without the line feeds: as many at a time as a chunk completes. Takes time and memory of the text alone, however it
 * is cut into chunks.
 *
 * @throws {WechatPayStatementError} bytes that are not UTF-8, or a line of more than 64 Ki characters.
 */
export async function* readLines(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<readonly string[], void> {
  const open = new OpenLine();
  let isFirst = true;
  for await (const chunk of source) {
    const lines = typeof chunk === 'string' ? cutText(chunk, open) : cutBytes(chunk, open);
    if (lines.length === 0) continue;
    if (isFirst) lines[0] = withoutMark(lines[0] ?? '');
    isFirst = false;
    yield checked(lines);
  }
  if (open.length === 0) return;
  const last = open.end();
  yield checked([isFirst ? withoutMark(last) : last]);
}

function checked(lines: readonly string[]): readonly string[] {
  for (const line of lines) {
    if (line.length > MAX_LINE) {
      throw statementError('malformed', `a line has more than ${MAX_LINE} characters.`, { received: line });
    }
  }
  return lines;
}

function cutText(text: string, open: OpenLine): string[] {
  const lines = text.split('\n');
  const rest = lines.pop() ?? '';
  if (lines.length > 0 && open.length > 0) lines[0] = open.end(lines[0]);
  open.add(rest);
  return lines;
}

/** No byte of a character but the line feed itself is a line feed: whole lines are whole characters, and decoding them keeps no state. */
function cutBytes(bytes: Uint8Array, open: OpenLine): string[] {
  const first = bytes.indexOf(LINE_FEED);
  if (first < 0) {
    open.add(bytes.slice());
    return [];
  }
  const last = bytes.lastIndexOf(LINE_FEED);
  const begun = open.end(bytes.subarray(0, first));
  const lines = first === last ? [begun] : [begun, ...decode(bytes.subarray(first + 1, last)).split('\n')];
  // A copy: whoever gives the chunks may use the same bytes again.
  open.add(bytes.slice(last + 1));
  return lines;
}

/** The beginning of a line whose end has not come: in pieces, since only new text is searched for it. */
class OpenLine {
  #pieces: (Uint8Array | string)[] = [];
  /** In characters or bytes. */
  length = 0;

  add(piece: Uint8Array | string): void {
    if (piece.length === 0) return;
    this.length += piece.length;
    this.#pieces.push(piece);
    if (this.length > MAX_LINE_BYTES) checked([this.end()]);
  }

  /** @param rest of the line. @returns all of it. */
  end(rest: Uint8Array | string = ''): string {
    const pieces = [...this.#pieces, rest];
    this.#pieces = [];
    this.length = 0;
    if (pieces.every((piece) => typeof piece !== 'string' || piece === '')) {
      const bytes = pieces.filter((piece) => typeof piece !== 'string');
      return decode(bytes.length === 1 ? bytes[0] : Buffer.concat(bytes));
    }
    return pieces.map((piece) => (typeof piece === 'string' ? piece : decode(piece))).join('');
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Whole characters. */
function decode(bytes: Uint8Array | undefined): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw statementError('malformed', 'the statement is not UTF-8.', {}, cause);
  }
}

function withoutMark(line: string): string {
  return line.startsWith('\uFEFF') ? line.slice(1) : line;
}
