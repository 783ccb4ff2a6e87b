import type { Header } from './header.js';

/** The cells of a row, one for each column. */
export interface Cells {
  /** **From 1**, as the groups of a match: at 0 stands the row. */
  readonly cells: readonly string[];
  /** The text of two free columns whose bound is not known; their cells are empty. */
  readonly unsplit: string | undefined;
}

/**
 * Cuts rows into their cells. Only free text can hold a separator: the columns before it are counted from the left, those
 * behind it from the right, and the excess is its own.
 *
 * @returns of a row: `short` where it has fewer cells than columns: it may go on in the next line; `long` where the excess has no place.
 */
export function createRowSplitter(header: Header): (line: string) => Cells | 'short' | 'long' {
  const usual = usualRow(header);
  return (line) => {
    const cells = usual?.exec(line);
    return cells ? { cells, unsplit: undefined } : splitRow(line, header);
  };
}

/**
 * Nearly all rows: without a backtick in a cell, so that there is one way to cut them. A match makes the texts of its groups at twice the
 * speed of `split`, and of a row that it does not fit it says so in linear time: no cell can take a backtick of the next.
 */
function usualRow({ separator, names }: Header): RegExp | undefined {
  if (separator === 'tab') return undefined;
  const cells = names.map((_, index) => (index === names.length - 1 ? '([^`\\r]*)' : '([^`]*)'));
  return new RegExp(`^[ \\t]*\`${cells.join(',`')}\\r?$`);
}

function splitRow(line: string, header: Header): Cells | 'short' | 'long' {
  const { separator, names, freeText } = header;
  const count = names.length;
  const mark = separatorOf(header);
  const text = line.endsWith('\r') ? line.slice(0, -1) : line;
  const row = separator === 'tab' ? text : text.slice(text.indexOf('`') + 1);
  let cells = row.split(mark);
  // Spaces before a backtick were seen as well.
  if (cells.length < count && separator === 'backtick') {
    const spaced = row.split(/,[ \t]*`/);
    if (spaced.length === count) cells = spaced;
  }
  const excess = cells.length - count;
  if (excess < 0) return 'short';
  cells.unshift(line);
  if (excess === 0) return { cells, unsplit: undefined };
  if (freeText === undefined) return 'long';
  const free = cells.splice(freeText.start + 1, freeText.length + excess).join(mark);
  const isOne = freeText.length === 1;
  cells.splice(freeText.start + 1, 0, ...(isOne ? [free] : ['', '']));
  return { cells, unsplit: isOne ? undefined : free };
}

/** What stands between two cells. */
export function separatorOf({ separator }: Pick<Header, 'separator'>): string {
  return separator === 'tab' ? '\t' : ',`';
}
