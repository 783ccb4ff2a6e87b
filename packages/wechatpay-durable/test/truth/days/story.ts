import fc from 'fast-check';
import { statementEditions, type StatementEdition } from 'wechatpay-sandbox';

// A day of a shop: what happened at WeChat Pay, what the durable orders say of it, and what the statement makes of it.

/** How an order stands at WeChat Pay. */
type Truth = 'absent' | 'paid' | 'reversed' | 'refunded' | 'partly-refunded';

/** What the durable order says; `none`: there is none. */
type Book =
  | 'none'
  | 'paid'
  | 'paid-otherwise'
  | 'reversed'
  | 'closed'
  | 'cancelled'
  | 'unresolved'
  | 'needs-attention'
  | 'refund-required'
  | 'refunded';

export interface Sale {
  /** When it was created and paid, in seconds since the day began in Beijing. */
  readonly second: number;
  /** In the minor unit. */
  readonly amount: number;
  readonly currency: 'HKD' | 'JPY';
  readonly truth: Truth;
  readonly book: Book;
  /** Whether what turns out paid is to be returned. */
  readonly ifPaid: 'keep' | 'reverse';
  /** So many days later the shop has stored it, and it has ended: where it is no 0, after its own day was compared. */
  readonly storedAfterDays: 0 | 1 | 2;
}

export interface Story {
  /** How the statements are written: the same column stands at another place. */
  readonly edition: StatementEdition;
  /** Whether the columns of that edition stand in another order. */
  readonly areColumnsMoved: boolean;
  readonly sales: readonly Sale[];
  /** What the statement says wrongly of one of its rows, so that rows and summary agree all the same. */
  readonly lie: { readonly kind: 'row-missing' | 'row-doubled' | 'amount-altered'; readonly row: number } | null;
  /** Why the statement cannot be had at first. */
  readonly failure: 'truncated' | 'being-made' | 'no-answer' | null;
  /** Nobody answers a query on the first morning. */
  readonly isSilent: boolean;
  /** The process dies at so many questions on the first morning; another one goes through the day again. */
  readonly diesAt: number | null;
}

const HOUR = 3_600;

/** Ledger and book agree in half of them. */
const sale: fc.Arbitrary<Sale> = fc
  .record({
    second: fc.oneof(fc.constantFrom(0, 599, 600, 8 * HOUR, 23 * HOUR), fc.integer({ min: 0, max: 23 * HOUR })),
    amount: fc.integer({ min: 8, max: 200_000 }),
    currency: fc.constantFrom('HKD' as const, 'HKD' as const, 'JPY' as const),
    truth: fc.constantFrom<Truth>('absent', 'paid', 'paid', 'reversed', 'refunded', 'partly-refunded'),
    book: fc.constantFrom<Book>(
      ...(['none', 'paid', 'paid', 'paid', 'paid-otherwise', 'reversed', 'closed', 'cancelled', 'unresolved'] as const),
      ...(['needs-attention', 'refund-required', 'refunded'] as const),
    ),
    ifPaid: fc.constantFrom('keep' as const, 'reverse' as const),
    storedAfterDays: fc.constantFrom(...([0, 0, 0, 0, 0, 0, 0, 0, 1, 2] as const)),
    isHonest: fc.boolean(),
  })
  .map(({ isHonest, ...told }) => ({ ...told, ...(isHonest && { book: bookOf(told) }) }));

/** What an honest book says. */
function bookOf({ truth }: Pick<Sale, 'truth'>): Book {
  switch (truth) {
    case 'absent':
      return 'closed';
    case 'paid':
    case 'partly-refunded':
      return 'paid';
    case 'reversed':
      return 'reversed';
    case 'refunded':
      return 'refunded';
  }
}

export const story: fc.Arbitrary<Story> = fc.record({
  edition: fc.constantFrom(...statementEditions),
  areColumnsMoved: fc.boolean(),
  sales: fc.array(sale, { minLength: 1, maxLength: 7, size: 'max' }),
  lie: fc.oneof(
    { weight: 2, arbitrary: fc.constant(null) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom('row-missing' as const, 'row-doubled' as const, 'amount-altered' as const),
        row: fc.nat(9),
      }),
    },
  ),
  failure: fc.option(fc.constantFrom('truncated' as const, 'being-made' as const, 'no-answer' as const), {
    nil: null,
    freq: 2,
  }),
  isSilent: fc.boolean(),
  diesAt: fc.option(fc.nat(3), { nil: null, freq: 2 }),
});
