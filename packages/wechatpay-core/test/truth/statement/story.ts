import fc from 'fast-check';
import { statementEditions, type StatementEdition } from 'wechatpay-sandbox';

// A day at the till, how its statement is written, and what is spoiled: in the ledger, in the shop's book, or on the way.

/** What differs between the book and the ledger, of one order. */
type Spoil =
  | 'nothing'
  /** The book has no such order. */
  | 'unknown'
  /** The ledger has no such order. */
  | 'invented'
  | 'amount'
  | 'currency'
  | 'transaction'
  | 'fee'
  | 'open'
  | 'not-paid'
  /** Of an order that was not. */
  | 'reversed in the book'
  /** Of an order that was reversed. */
  | 'paid in the book'
  | 'refund unknown'
  | 'refund invented'
  | 'refund pending'
  | 'refund amount'
  | 'refund currency'
  | 'refund failed';

export interface Sale {
  /** When it was paid, in seconds since the day began in Beijing: also of the day before, or after. */
  readonly second: number;
  /** In the minor unit. */
  readonly amount: number;
  readonly currency: string;
  /** Sent with Quick Pay; null: an order without texts. */
  readonly texts: { readonly body: string; readonly attach: string } | null;
  /** Each of a quarter of the amount, so many seconds after the payment. */
  readonly refundsAfter: readonly number[];
  readonly reversedAfter: number | undefined;
  /** How much later the shop took note of the payment, in seconds. */
  readonly lag: number;
  readonly spoil: Spoil;
}

/** What is wrong with one row, so that rows and summary agree all the same. */
interface LedgerFault {
  readonly kind: 'row-missing' | 'row-doubled' | 'amount-altered';
  /** Of those that the statement lists. */
  readonly row: number;
}

/** Why no statement comes, or none to rely on. */
export const FAILURES = [
  ...['truncated', 'gzip-cut', 'summary-wrong', 'row-missing', 'row-doubled', 'row-altered'],
  ...['too early', 'being made', 'system error', 'empty body', 'gateway error', 'connection broken'],
] as const;

export type Failure = (typeof FAILURES)[number];

export interface Story {
  readonly edition: StatementEdition;
  readonly lineEnd: '\r\n' | '\n';
  readonly byteOrderMark: boolean;
  readonly refundSign: '' | '-';
  readonly reversals: 'own-row' | 'in-place';
  readonly emptyDay: 'no-statement' | 'zeros';
  readonly gzip: boolean;
  readonly areColumnsMoved: boolean;
  readonly sales: readonly Sale[];
  readonly ledgerFault: LedgerFault | null;
  readonly failure: Failure | null;
}

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** The edges of the day in Beijing, and of the day in UTC. */
const second = fc.oneof(
  fc.constantFrom(-1, 0, 599, 600, 8 * HOUR - 1, 8 * HOUR, DAY - 601, DAY - 600, DAY - 1, DAY, DAY + 8 * HOUR - 1),
  fc.integer({ min: -8 * HOUR, max: DAY + 8 * HOUR }),
);
const after = fc.constantFrom(1, 30, 600, 4 * HOUR, 12 * HOUR, 26 * HOUR);
/** Hundredths that floating point gets wrong, and any. */
const amount = fc.oneof(
  fc.constantFrom(1, 29, 57, 58, 113, 114, 115, 116, 1_005, 100_000_001),
  fc.integer({ min: 1, max: 20_000_000 }),
);
const text = fc
  .array(fc.constantFrom('茶', ', ', '"hot"', '`', ',`', 'REFUND', '0.01', '总交易单数'), { maxLength: 4 })
  .map((parts) => ['Tea', ...parts, 'x'].join(''));

/** One in four times. */
function seldom<None, Value>(none: None, value: fc.Arbitrary<Value>): fc.Arbitrary<None | Value> {
  return fc.oneof({ weight: 3, arbitrary: fc.constant(none) }, { weight: 1, arbitrary: value });
}

const WITHOUT_REVERSAL: readonly Spoil[] = ['amount', 'fee', 'open', 'not-paid'];
const PLAIN_ONLY: readonly Spoil[] = ['currency', 'reversed in the book'];
const OF_REFUNDS: readonly Spoil[] = ['refund unknown', 'refund amount', 'refund currency', 'refund failed'];
const NEW_REFUNDS: readonly Spoil[] = ['refund invented', 'refund pending'];

const sale: fc.Arbitrary<Sale> = fc
  .record({
    second,
    amount,
    currency: fc.constantFrom('HKD', 'HKD', 'CNY', 'JPY', 'KWD'),
    texts: seldom(null, fc.record({ body: text, attach: text })),
    refundsAfter: fc.oneof(fc.constant([]), fc.array(after, { maxLength: 2 })),
    reversedAfter: seldom(undefined, after),
    lag: fc.constantFrom(0, 0, 1, 5),
    spoil: fc.oneof(
      { weight: 2, arbitrary: fc.constant<Spoil>('nothing') },
      {
        weight: 1,
        arbitrary: fc.constantFrom<Spoil>(
          ...(['unknown', 'invented', 'transaction', 'paid in the book'] as const),
          ...[...WITHOUT_REVERSAL, ...PLAIN_ONLY, ...OF_REFUNDS, ...NEW_REFUNDS],
        ),
      },
    ),
  })
  .map((told) => {
    const refundsAfter = told.amount < 4 || told.reversedAfter !== undefined ? [] : told.refundsAfter;
    const fits = fitsTo({ ...told, refundsAfter });
    return { ...told, refundsAfter, spoil: fits ? told.spoil : 'nothing' };
  });

function fitsTo({ spoil, refundsAfter, reversedAfter }: Sale): boolean {
  const isReversed = reversedAfter !== undefined;
  if (spoil === 'paid in the book') return isReversed;
  if (WITHOUT_REVERSAL.includes(spoil) || NEW_REFUNDS.includes(spoil)) return !isReversed;
  if (PLAIN_ONLY.includes(spoil)) return !isReversed && refundsAfter.length === 0;
  return !OF_REFUNDS.includes(spoil) || refundsAfter.length > 0;
}

export const story: fc.Arbitrary<Story> = fc
  .record({
    edition: fc.constantFrom(...statementEditions),
    lineEnd: fc.constantFrom('\r\n' as const, '\n' as const),
    byteOrderMark: fc.boolean(),
    refundSign: fc.constantFrom('' as const, '-' as const),
    reversals: fc.constantFrom('own-row' as const, 'in-place' as const),
    emptyDay: fc.constantFrom('no-statement' as const, 'zeros' as const),
    gzip: fc.boolean(),
    areColumnsMoved: fc.boolean(),
    sales: fc.array(sale, { maxLength: 9, size: 'max' }),
    ledgerFault: seldom(
      null,
      fc.record({
        kind: fc.constantFrom('row-missing' as const, 'row-doubled' as const, 'amount-altered' as const),
        row: fc.nat(8),
      }),
    ),
    failure: seldom(null, fc.constantFrom(...FAILURES)),
  })
  .map((told) => ({
    ...told,
    // The names of its sums are not known: nothing adds up to them.
    ...(told.edition === 'english' && told.failure === 'row-altered' && { failure: 'summary-wrong' as const }),
    // What would differ in two ways at once is told as the first of them: a matter of the specs.
    ...(told.ledgerFault?.kind === 'amount-altered' && {
      sales: told.sales.map((each) => ({ ...each, spoil: 'nothing' as const })),
    }),
  }));
