import type { StatementDifference } from '../errors.js';
import type { Sums } from './cell-readers.js';
import { foldName, SUMS } from './columns.js';
import { formatLeastUnits, inLeastUnits, readLeastUnits } from './decimal.js';

/** The numbers at the end of a statement. They were compared with the rows: each that is named here is right. */
export interface StatementSummary {
  /** `总交易单数`: rows, of payments, refunds and reversals. */
  readonly count: number;
  /** By the property of a row: what it adds up to, an exact decimal of the **major** unit, whatever the currencies are. */
  readonly sums: Readonly<Partial<Record<keyof Sums, string>>>;
  /** Numbers that no known edition has, by their names: nothing was compared with them. */
  readonly raw: Readonly<Record<string, string>>;
}

/** Compares a summary with the rows before it. */
export function readSummary(
  names: readonly string[],
  cells: readonly string[],
  { rows, sums }: { readonly rows: number; readonly sums: Sums },
): { readonly summary: StatementSummary; readonly differences: readonly StatementDifference[] } {
  const differences: StatementDifference[] = [];
  const confirmed: Partial<Record<keyof Sums, string>> = {};
  const raw: [string, string][] = [];
  names.forEach((name, index) => {
    if (name === '') return; // padding
    const stated = cells[index] ?? '';
    // In every edition the count comes first, whatever it is called.
    const column = index === 0 ? 'count' : columnOfSum(name);
    if (column === undefined) {
      raw.push([name, stated]);
      return;
    }
    const computed = column === 'count' ? inLeastUnits(rows, 0) : sums[column].total();
    const value = readLeastUnits(stated);
    const isSame = value === computed || (column !== 'count' && UNSIGNED.has(column) && value === -computed);
    if (!isSame) differences.push({ name, stated, computed: formatLeastUnits(computed) });
    else if (column !== 'count') confirmed[column] = stated;
  });
  return { summary: { count: rows, sums: confirmed, raw: Object.fromEntries(raw) }, differences };
}

/** Some editions write the refunds of the rows with a minus. */
const UNSIGNED: ReadonlySet<keyof Sums> = new Set<keyof Sums>(['refundFee', 'requestedRefundFee', 'couponRefundFee']);

const BY_NAME: ReadonlyMap<string, keyof Sums> = new Map(
  SUMS.flatMap(([column, names]) => names.map((name) => [foldName(name), column] as const)),
);

function columnOfSum(name: string): keyof Sums | undefined {
  return BY_NAME.get(foldName(name));
}
