import { AMOUNTS, COLUMNS, columnOf, type Column } from './columns.js';
import { statementError } from './problems.js';

/** How the cells of a row stand: after backticks and commas, or (the gateway's retired sandbox) between tabs. */
type Separator = 'backtick' | 'tab';

/** The columns of one file. */
export interface Header {
  readonly separator: Separator;
  /** As received, without spaces around them. */
  readonly names: readonly string[];
  /** Where each known column stands; -1 where the file has none. */
  readonly indexes: Readonly<Record<Column, number>>;
  /** Where the others stand. */
  readonly unknown: readonly (readonly [index: number, name: string])[];
  /** The neighbouring columns that hold free text, which may hold a separator too: the first, and how many. */
  readonly freeText: { readonly start: number; readonly length: number } | undefined;
}

/** Without these a row says of no order what it cost. */
const REQUIRED = [
  'tradeTime',
  'transactionId',
  'outTradeNo',
  'tradeState',
  'currency',
] as const satisfies readonly Column[];

/** @returns undefined where the line is none. */
export function readHeader(line: string): Header | undefined {
  const separator = !line.includes(',') && line.includes('\t') ? 'tab' : 'backtick';
  const names = line.split(separator === 'tab' ? '\t' : /[,，]/).map((name) => name.trim().replace(/^`/, ''));
  const found = new Map<Column, number>();
  const unknown: [number, string][] = [];
  names.forEach((name, index) => {
    const column = columnOf(name);
    // A name that comes twice says the same thing twice, or another: the second is kept as it is.
    if (column === undefined || found.has(column)) unknown.push([index, name]);
    else found.set(column, index);
  });
  if (!REQUIRED.some((column) => found.has(column))) return undefined;
  const missing = REQUIRED.filter((column) => !found.has(column));
  if (missing.length > 0) {
    throw statementError('malformed', `the header has no column for ${missing.join(', ')}.`, { received: line });
  }
  // An amount whose currency no column names is no amount: it is kept as it is.
  for (const [amount, currency] of Object.entries(AMOUNTS) as [Column, Column][]) {
    const index = found.get(amount);
    if (index === undefined || found.has(currency) || !NEEDS_CURRENCY.has(amount)) continue;
    found.delete(amount);
    unknown.push([index, names[index] ?? '']);
  }
  return { separator, names, indexes: indexesOf(found), unknown, freeText: freeTextOf(found) };
}

/** The others are in the order's currency where they have none of their own. */
const NEEDS_CURRENCY: ReadonlySet<Column> = new Set<Column>(['cashFee', 'cashRefundFee', 'settlementRefundFee']);

function indexesOf(found: ReadonlyMap<Column, number>): Readonly<Record<Column, number>> {
  const columns = Object.keys(COLUMNS) as Column[];
  return Object.fromEntries(columns.map((column) => [column, found.get(column) ?? -1])) as Record<Column, number>;
}

function freeTextOf(found: ReadonlyMap<Column, number>): Header['freeText'] {
  const body = found.get('body');
  const attach = found.get('attach');
  if (body !== undefined && attach !== undefined) {
    // Apart from each other, an excess could belong to either, and shift what is between them.
    return Math.abs(body - attach) === 1 ? { start: Math.min(body, attach), length: 2 } : undefined;
  }
  const only = body ?? attach;
  return only === undefined ? undefined : { start: only, length: 1 };
}
