import type { Header } from './header.js';

/** The cells of a row, one for each column. */
export interface Cells {
  readonly cells: readonly string[];
  /** The text of two free columns whose bound is not known; their cells are empty. */
  readonly unsplit: string | undefined;
}

/**
 * Cuts a row into its cells. Only free text can hold a separator: the columns before it are counted from the left, those
 * behind it from the right, and the excess is its own.
 *
 * @returns `short` where it has fewer cells than columns: it may go on in the next line; `long` where the excess has no place.
 */
export function splitRow(line: string, header: Header): Cells | 'short' | 'long' {
  const { separator, names, freeText } = header;
  const count = names.length;
  const mark = separatorOf(header);
  const row = separator === 'tab' ? line : line.slice(line.indexOf('`') + 1);
  let cells = row.split(mark);
  // Spaces before a backtick were seen as well.
  if (cells.length < count && separator === 'backtick') {
    const spaced = row.split(/,[ \t]*`/);
    if (spaced.length === count) cells = spaced;
  }
  const excess = cells.length - count;
  if (excess === 0) return { cells, unsplit: undefined };
  if (excess < 0) return 'short';
  if (freeText === undefined) return 'long';
  const text = cells.splice(freeText.start, freeText.length + excess).join(mark);
  if (freeText.length === 1) {
    cells.splice(freeText.start, 0, text);
    return { cells, unsplit: undefined };
  }
  cells.splice(freeText.start, 0, '', '');
  return { cells, unsplit: text };
}

/** What stands between two cells. */
export function separatorOf({ separator }: Pick<Header, 'separator'>): string {
  return separator === 'tab' ? '\t' : ',`';
}
