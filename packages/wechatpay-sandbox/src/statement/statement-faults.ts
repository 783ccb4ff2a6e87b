import type { StatementEntry } from './entries.js';
import type { StatementTable } from './write-statement.js';

/** What can be wrong with a statement, on demand. Rows are counted from 0; of a day with fewer the last one is meant. */
export type StatementFault =
  | ({ readonly kind: 'row-missing' | 'row-doubled' } & RowFault)
  | {
      /** A cell holds something else; the summary is that of the true row. */
      readonly kind: 'row-altered';
      /** By its name in the header. @default the order's amount */
      readonly column?: string;
      /** @default `0.01` */
      readonly value?: string;
      /** @default 0 */
      readonly row?: number;
    }
  | {
      /** WeChat Pay's own number for an order is another than the one that was paid; the summary agrees with it. */
      readonly kind: 'amount-altered';
      /** In minor units. */
      readonly amount: number;
      /** @default 0 */
      readonly row?: number;
    }
  | {
      /** The same statement, its columns in another order: by names nothing has changed. */
      readonly kind: 'columns-moved';
    }
  | {
      /** It ends in the middle of a row, or (of an empty day) of the header; the HTTP answer is whole. */
      readonly kind: 'truncated';
      readonly row?: number;
    }
  | {
      /** Half of the gzip bytes, in a whole HTTP answer. Plain text is halved as well. */
      readonly kind: 'gzip-cut';
    }
  | {
      readonly kind: 'summary-wrong';
      /** By its place in the summary, from 0. @default 0, the count */
      readonly column?: number;
      /** @default one more */
      readonly value?: string;
    }
  | {
      /** It comes in so many pieces, with a pause before each, in real milliseconds. */
      readonly kind: 'slow';
      readonly pieces: number;
      readonly pauseMs: number;
    };

interface RowFault {
  /** @default 0 */
  readonly row?: number;
  /** Whether the summary is that of the rows as they are sent, so that it gives nothing away. @default false */
  readonly hidden?: boolean;
}

/** What the ledger itself would have to say for the statement to be so: rows and summary agree. */
export function spoilEntries(entries: readonly StatementEntry[], fault: StatementFault): readonly StatementEntry[] {
  const isOfEntries = fault.kind === 'amount-altered' || ('hidden' in fault && fault.hidden);
  const at = isOfEntries ? place(entries, fault.row) : 0;
  const entry = entries[at];
  if (!isOfEntries || entry === undefined) return entries;
  switch (fault.kind) {
    case 'row-missing':
      return entries.toSpliced(at, 1);
    case 'row-doubled':
      return entries.toSpliced(at, 0, entry);
    case 'amount-altered':
      return entries.with(at, entry.total > 0 ? { ...entry, total: fault.amount } : { ...entry, refund: fault.amount });
    default:
      return entries;
  }
}

/** @returns the table with the fault in it; the same where the fault is not in the table but in the bytes. */
export function spoilTable(table: StatementTable, fault: StatementFault): StatementTable {
  const { header, rows } = table;
  if ('hidden' in fault && fault.hidden) return table;
  switch (fault.kind) {
    case 'columns-moved': {
      const reverse = (cells: readonly string[]): readonly string[] => cells.toReversed();
      return { ...table, header: reverse(header), rows: rows.map(reverse) };
    }
    case 'summary-wrong': {
      const at = fault.column ?? 0;
      const value = fault.value ?? String(Number(table.summary[at] ?? 0) + 1);
      return { ...table, summary: table.summary.with(at, value) };
    }
    case 'row-missing':
      return rows.length === 0 ? table : { ...table, rows: rows.toSpliced(place(rows, fault.row), 1) };
    case 'row-doubled': {
      const at = place(rows, fault.row);
      const row = rows[at];
      return row === undefined ? table : { ...table, rows: rows.toSpliced(at, 0, row) };
    }
    case 'row-altered': {
      const at = place(rows, fault.row);
      const row = rows[at];
      const amounts = ['订单金额', '总金额', 'total amount (total_fee)'];
      const column = header.findIndex((name) =>
        fault.column === undefined ? amounts.includes(name) : name === fault.column,
      );
      if (row === undefined || column < 0) return table;
      return { ...table, rows: rows.with(at, row.with(column, fault.value ?? '0.01')) };
    }
    default:
      return table;
  }
}

/** Ends the text in the middle of a row. */
export function truncate(text: string, row: number | undefined, rows: number): string {
  const lines = text.split('\n');
  const line = rows === 0 ? 0 : 1 + Math.min(row ?? rows - 1, rows - 1);
  const last = lines[line] ?? '';
  return [...lines.slice(0, line), last.slice(0, Math.floor(last.length / 2))].join('\n');
}

function place(rows: readonly unknown[], row = 0): number {
  return Math.max(0, Math.min(row, rows.length - 1));
}
