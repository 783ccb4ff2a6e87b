/** A line of CSV, as RFC 4180 has it, without its end: to the letter, since it is for programs. */
export function csvLine(cells: readonly string[]): string {
  return cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',');
}
