import { statementError } from './problems.js';

/** A row has some 400 characters; what is longer is no statement. */
const MAX_LINE = 64 * 1024;

/**
 * Cuts text into lines, without the line feeds: as many at a time as a chunk completes. Takes time and memory of the text alone, however it
 * is cut into chunks.
 *
 * @throws {WechatPayStatementError} bytes that are not UTF-8, or a line of more than 64 Ki characters.
 */
export async function* readLines(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<readonly string[], void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk: Uint8Array | string | undefined): string => {
    if (typeof chunk === 'string') return chunk;
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch (cause) {
      throw statementError('malformed', 'the statement is not UTF-8.', {}, cause);
    }
  };
  /** The beginning of a line whose end has not come: in pieces, since only new text is searched for it. */
  let open: string[] = [];
  let openLength = 0;
  const keep = (text: string): void => {
    openLength += text.length;
    if (openLength > MAX_LINE) {
      throw statementError('malformed', `a line has more than ${MAX_LINE} characters.`, { received: open[0] ?? text });
    }
    if (text !== '') open.push(text);
  };

  for await (const chunk of source) {
    const text = decode(chunk);
    if (text === '') continue;
    const lines = text.split('\n');
    const rest = lines.pop() ?? '';
    if (lines.length > 0) {
      if (openLength > 0) {
        keep(lines[0] ?? '');
        lines[0] = open.join('');
        open = [];
        openLength = 0;
      }
      for (const line of lines) if (line.length > MAX_LINE) keep(line);
      yield lines;
    }
    keep(rest);
  }
  keep(decode(undefined));
  if (openLength > 0) yield [open.join('')];
}
