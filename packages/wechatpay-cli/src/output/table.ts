import { stringWidth } from './width.js';

/** Rows under a heading, in columns. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) =>
    Math.max(stringWidth(title), ...rows.map((row) => stringWidth(row[column] ?? ''))),
  );
  return [head, ...rows].map((row) => tableRow(row, widths));
}

/** One row of a table whose widths are known before its rows. */
export function tableRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => padded(cell, widths[column] ?? 0))
    .join('  ')
    .trimEnd();
}

/** Names and values, one a line. Those without a value are left out. */
export function pairs(entries: readonly (readonly [name: string, value: string | undefined])[]): string[] {
  const given = entries.filter(([, value]) => value !== undefined && value !== '');
  const width = Math.max(0, ...given.map(([name]) => stringWidth(name)));
  return given.map(([name, value = '']) => `${padded(name, width)}  ${printable(value)}`);
}

function padded(text: string, width: number): string {
  const shown = printable(text);
  return shown + ' '.repeat(Math.max(0, width - stringWidth(shown)));
}

/** What came over the network is shown, and steers no terminal. */
export function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '\ufffd');
}
