import { quoted } from '../call/untrusted-text.js';
import { BeijingTimeReader } from './beijing.js';
import { AMOUNTS, type Column } from './columns.js';
import { DecimalReader, ExactSum, toInteger } from './decimal.js';
import type { Header } from './header.js';
import { minorUnitDigits } from './minor-unit.js';
import type { StatementRow } from './row.js';

/** Why a row cannot be read. */
export class UnreadableCell extends TypeError {
  constructor(
    readonly column: string,
    problem: string,
  ) {
    super(problem);
  }
}

/** What the summary is compared with: each column as the file writes it, in the major unit. */
export type Sums = Readonly<Record<keyof typeof AMOUNTS | 'fee', ExactSum>>;

type Reader<Value> = () => Value;
/** By its currency. */
type AmountReader = (code: string | undefined) => number | undefined;

/** Makes the readers of a file's columns. Each reads the current row. */
export interface CellReaders {
  /** Of all rows read so far. */
  readonly sums: Sums;
  /** Goes on to the next row. */
  readonly next: (cells: readonly string[]) => void;
  readonly digitsOf: (code: string) => number | undefined;
  readonly fail: (column: Column, must: string) => never;
  readonly text: (column: Column) => Reader<string | undefined>;
  readonly required: (column: Column) => Reader<string>;
  /** Which the file writes as 0 where there is none. */
  readonly number: (column: Column) => Reader<string | undefined>;
  readonly time: (column: Column) => Reader<Date | undefined>;
  /** Of an amount that informs: what is no currency is kept as it is. */
  readonly currency: (column: Column) => Reader<string | undefined>;
  /** What only informs must not have a whole statement refused, of an edition that no public sample shows. */
  readonly informing: (column: keyof typeof AMOUNTS) => AmountReader;
  readonly amount: (column: keyof typeof AMOUNTS) => AmountReader;
  readonly fee: () => Reader<string | undefined>;
  /** Columns that are unknown, or could not be read. */
  readonly raw: () => StatementRow['raw'];
}

/** What a row asks no column for is its place: it is looked up once, and there may be millions of rows. */
export function createCellReaders({ names, indexes, unknown }: Header): CellReaders {
  const decimal = new DecimalReader();
  const times = new BeijingTimeReader();
  const sums = newSums();
  let cells: readonly string[] = [];
  /** Of the row. */
  let unread: [index: number, name: string][] = [];

  // Nearly all rows of one file have the same currency as the row before.
  let lastCurrency = '';
  let lastDigits: number | undefined;
  const digitsOf = (code: string): number | undefined => {
    if (code !== lastCurrency) {
      lastDigits = minorUnitDigits(code);
      lastCurrency = code;
    }
    return lastDigits;
  };
  const keep = (column: Column): void => {
    unread.push([indexes[column], names[indexes[column]] ?? column]);
  };
  const fail = (column: Column, must: string): never => {
    const index = indexes[column];
    throw new UnreadableCell(names[index] ?? column, `${must}; it is ${quoted(cells[index + 1] ?? '', 64)}`);
  };
  const text = (column: Column): Reader<string | undefined> => {
    const index = indexes[column] + 1;
    if (index === 0) return nothing;
    return () => {
      const value = cells[index];
      return value === '' ? undefined : value;
    };
  };
  const required = (column: Column): Reader<string> => {
    const read = text(column);
    return () => read() ?? fail(column, 'must not be empty');
  };
  const number = (column: Column): Reader<string | undefined> => {
    const read = text(column);
    return () => {
      const value = read();
      return value === '0' ? undefined : value;
    };
  };
  const time = (column: Column): Reader<Date | undefined> => {
    const read = text(column);
    return () => {
      const value = read();
      if (value === undefined) return undefined;
      const found = times.read(value);
      return Number.isNaN(found) ? fail(column, 'must be a time, as in 2026-03-01 23:59:58') : new Date(found);
    };
  };
  const currency = (column: Column): Reader<string | undefined> => {
    const read = number(column);
    return () => {
      const code = read();
      if (code === undefined || digitsOf(code) !== undefined) return code;
      keep(column);
      return undefined;
    };
  };
  const informing = (column: keyof typeof AMOUNTS): AmountReader => {
    const read = text(column);
    const sum = sums[column];
    return (code) => {
      const value = read();
      if (value === undefined) return undefined;
      const digits = code === undefined ? undefined : digitsOf(code);
      if (decimal.read(value)) {
        sum.add(decimal.value, decimal.scale);
        if (decimal.value === 0) return 0;
        const minor = digits === undefined ? undefined : toInteger(decimal.value, decimal.scale, digits);
        if (minor !== undefined) return minor;
      }
      keep(column);
      return undefined;
    };
  };
  const amount = (column: keyof typeof AMOUNTS): AmountReader => {
    const read = text(column);
    const sum = sums[column];
    return (code) => {
      const value = read();
      if (value === undefined) return undefined;
      if (value === NOTHING_MOVED) return 0;
      if (!decimal.read(value)) return fail(column, 'must be a decimal of at most 15 digits');
      sum.add(decimal.value, decimal.scale);
      if (decimal.value === 0) return 0;
      const digits = code === undefined ? undefined : digitsOf(code);
      if (digits === undefined) return fail(column, 'must have a currency');
      return (
        toInteger(decimal.value, decimal.scale, digits) ??
        fail(column, `must be whole in the minor unit of ${code ?? ''}`)
      );
    };
  };
  const fee = (): Reader<string | undefined> => {
    const read = text('fee');
    return () => {
      const value = read();
      if (value === undefined) return undefined;
      if (!decimal.read(value)) return fail('fee', 'must be a decimal of at most 15 digits');
      sums.fee.add(decimal.value, decimal.scale);
      return value;
    };
  };
  const raw = (): StatementRow['raw'] => {
    if (unknown.length === 0 && unread.length === 0) return NOTHING;
    return Object.fromEntries([...unknown, ...unread].map(([index, name]) => [name, cells[index + 1] ?? '']));
  };

  return {
    sums,
    next(row) {
      cells = row;
      if (unread.length > 0) unread = [];
    },
    digitsOf,
    fail,
    text,
    required,
    number,
    time,
    currency,
    informing,
    amount,
    fee,
    raw,
  };
}

/** As most amounts of most rows are written. */
const NOTHING_MOVED = '0.00';
const nothing = (): undefined => undefined;
const NOTHING: StatementRow['raw'] = Object.freeze({});

function newSums(): Sums {
  const columns = [...(Object.keys(AMOUNTS) as (keyof typeof AMOUNTS)[]), 'fee' as const];
  return Object.fromEntries(columns.map((column) => [column, new ExactSum()])) as unknown as Sums;
}
