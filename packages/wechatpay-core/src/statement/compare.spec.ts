import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { failure } from '../../test/failure.js';
import { EDITIONS, rowOf, ST1, summaryOf } from '../../test/statement/editions.js';
import { readAll } from '../../test/statement/read-all.js';
import {
  compareStatement,
  parseStatement,
  WechatPayTransportError,
  type BookOrder,
  type CompareStatementOptions,
  type OrderBook,
  type StatementComparison,
  type StatementRow,
} from '../index.js';

const DATE = '20260301';
const at = (time: string, day = '2026-03-01'): Date => new Date(`${day}T${time}+08:00`);
const NUMBER = '4200009999202603010000000001';

const [, template] = (await readAll(ST1.join('\n'))).rows;
const PAYMENT: StatementRow = {
  ...template!,
  tradeState: 'SUCCESS',
  tradeTime: at('12:00:00'),
  outTradeNo: '0012',
  transactionId: NUMBER,
  totalFee: 888,
  settlementTotalFee: 888,
  refundId: undefined,
  outRefundNo: undefined,
  refundFee: 0,
  requestedRefundFee: 0,
  fee: '0.05328',
};
const REFUND: StatementRow = { ...template!, tradeTime: at('13:00:00') };
const REVERSAL: StatementRow = {
  ...PAYMENT,
  tradeState: 'REVOKED',
  tradeTime: at('12:01:00'),
  totalFee: 0,
  refundFee: 888,
};
const PAID: BookOrder = {
  outTradeNo: '0012',
  transactionId: NUMBER,
  totalFee: 888,
  currency: 'HKD',
  state: 'paid',
  paidAt: at('12:00:01'),
};
const REFUNDED: BookOrder = {
  ...PAID,
  refunds: [{ outRefundNo: 'R-0001', refundFee: 300, state: 'accepted', at: at('13:00:00') }],
};
const REVERSED: BookOrder = { ...PAID, state: 'reversed', reversedAt: at('12:01:00') };

function bookOf(orders: readonly BookOrder[]): OrderBook {
  return {
    findOrders: (numbers) =>
      orders.filter((order) =>
        numbers.some(
          ({ outTradeNo, transactionId }) => order.outTradeNo === outTradeNo || order.transactionId === transactionId,
        ),
      ),
    ordersOf: () => orders,
  };
}

async function compare(
  rows: readonly StatementRow[] | AsyncIterable<StatementRow>,
  orders: readonly BookOrder[],
  options: Partial<CompareStatementOptions> = {},
): Promise<StatementComparison[]> {
  const found: StatementComparison[] = [];
  for await (const each of compareStatement(rows, bookOf(orders), { date: DATE, ...options })) found.push(each);
  return found;
}

const classes = (found: readonly StatementComparison[]): string[] => found.map((each) => `${each.kind} ${each.class}`);

describe('a row and its order', () => {
  test.each<readonly [string, StatementRow, BookOrder | undefined, string]>([
    ['the same payment', PAYMENT, PAID, 'payment agreed'],
    ['an order that the book does not know', PAYMENT, undefined, 'payment statement-only'],
    ['another amount', PAYMENT, { ...PAID, totalFee: 889 }, 'payment amount-differs'],
    ['a book that does not know the amount', PAYMENT, { ...PAID, totalFee: undefined }, 'payment agreed'],
    ['a book that does not know the currency', PAYMENT, { ...PAID, currency: undefined }, 'payment agreed'],
    ['a reversal of an unknown amount', REVERSAL, { ...REVERSED, totalFee: undefined }, 'reversal agreed'],
    ['no amount at all', { ...PAYMENT, totalFee: undefined }, PAID, 'payment amount-differs'],
    ['another currency', PAYMENT, { ...PAID, currency: 'CNY' }, 'payment currency-differs'],
    ['the expected fee', PAYMENT, { ...PAID, fee: '0.053280' }, 'payment agreed'],
    ['another fee, by its last place', PAYMENT, { ...PAID, fee: '0.05329' }, 'payment fee-differs'],
    ['no fee', { ...PAYMENT, fee: undefined }, { ...PAID, fee: '0.05328' }, 'payment fee-differs'],
    ['a payment that came after it was given up', PAYMENT, { ...PAID, state: 'not-paid' }, 'payment state-differs'],
    ['a payment that is open in the book', PAYMENT, { ...PAID, state: 'open' }, 'payment state-differs'],
    ['a state that no sample shows', { ...PAYMENT, tradeState: 'FROZEN' }, PAID, 'payment state-differs'],
    ['another number of WeChat Pay', PAYMENT, { ...PAID, transactionId: '42' }, 'payment transaction-differs'],
    ['that number under another order', PAYMENT, { ...PAID, outTradeNo: '0013' }, 'payment transaction-differs'],
    ['a book without that number', PAYMENT, { ...PAID, transactionId: undefined }, 'payment agreed'],
    [
      'reversed here, paid there with another amount',
      { ...PAYMENT, totalFee: 887 },
      REVERSED,
      'payment reversed-in-book',
    ],
    [
      'paid here, reversed there in another currency',
      REVERSAL,
      { ...PAID, currency: 'CNY' },
      'reversal reversed-in-statement',
    ],
    ['a reversal of another currency', REVERSAL, { ...REVERSED, currency: 'CNY' }, 'reversal currency-differs'],
    ['a reversal of another amount', { ...REVERSAL, refundFee: 1 }, REVERSED, 'reversal amount-differs'],
    ['a reversal without an amount', { ...REVERSAL, refundFee: undefined }, REVERSED, 'reversal agreed'],
    [
      'a reversal of what refunds had left',
      { ...REVERSAL, refundFee: 588 },
      { ...REFUNDED, state: 'reversed', reversedAt: at('14:00:00') },
      'reversal agreed',
    ],
    ['reversed here, paid there', PAYMENT, { ...REVERSED, paidAt: undefined }, 'payment reversed-in-book'],
    [
      'closed near midnight as never paid, paid there',
      PAYMENT,
      { ...REVERSED, paidAt: undefined, reversedAt: at('23:55:00') },
      'payment reversed-in-book',
    ],
    [
      'closed on the next day as never paid, paid there',
      PAYMENT,
      { ...REVERSED, paidAt: undefined, reversedAt: at('00:10:00', '2026-03-02') },
      'payment reversed-in-book',
    ],
    ['paid here, reversed there', REVERSAL, PAID, 'reversal reversed-in-statement'],
    ['the same refund', REFUND, REFUNDED, 'refund agreed'],
    ['a refund that the book does not know', REFUND, PAID, 'refund statement-only'],
    [
      'a refund of another amount',
      REFUND,
      { ...REFUNDED, refunds: [{ ...REFUNDED.refunds![0]!, refundFee: 301 }] },
      'refund amount-differs',
    ],
    [
      'a refund of another currency',
      REFUND,
      { ...REFUNDED, refunds: [{ ...REFUNDED.refunds![0]!, currency: 'CNY' }] },
      'refund currency-differs',
    ],
    [
      'a refund that failed in the book',
      REFUND,
      { ...REFUNDED, refunds: [{ ...REFUNDED.refunds![0]!, state: 'failed' }] },
      'refund state-differs',
    ],
    [
      'a refund that is pending in the book',
      REFUND,
      { ...REFUNDED, refunds: [{ ...REFUNDED.refunds![0]!, state: 'pending' }] },
      'refund agreed',
    ],
  ])('%s', async (_, row, order, expected) => {
    const found = await compare([row], order ? [order] : []);
    expect(classes(found.filter((each) => each.row))).toEqual([expected]);
  });

  it('takes a reversal of another payment under the number for no reversal of this one', async () => {
    const found = await compare([PAYMENT, { ...REVERSAL, transactionId: '43', totalFee: 888 }], [REVERSED]);
    expect(classes(found.filter((each) => each.row)).sort()).toEqual([
      'payment reversed-in-book',
      'reversal transaction-differs',
    ]);
  });

  it('has two payments under a number that the book does not know in the statement only', async () => {
    const found = await compare([PAYMENT, { ...PAYMENT, transactionId: '43' }], []);
    expect(classes(found)).toEqual(['payment statement-only', 'payment statement-only']);
  });

  it.each([
    ['SUCCESS', 'accepted', 'agreed'],
    ['PROCESSING', 'accepted', 'agreed'],
    ['REFUNDCLOSE', 'accepted', 'state-differs'],
    ['CHANGE', 'accepted', 'state-differs'],
    ['SUCCESS', 'failed', 'state-differs'],
    ['REFUNDCLOSE', 'failed', 'agreed'],
  ] as const)('a refund that is %s there and %s here: %s', async (refundStatus, state, expected) => {
    const [refund] = REFUNDED.refunds!;
    const found = await compare([{ ...REFUND, refundStatus }], [{ ...REFUNDED, refunds: [{ ...refund!, state }] }]);
    expect(classes(found.filter((each) => each.row))).toEqual([`refund ${expected}`]);
  });

  it('says what differs', async () => {
    const [found] = await compare([PAYMENT], [{ ...PAID, totalFee: 889 }]);
    expect(found).toMatchObject({
      expected: 889,
      found: 888,
      order: { outTradeNo: '0012' },
      row: { line: PAYMENT.line },
    });
  });

  it('reversed after payment: both rows agree, in either order, and in the edition with one row', async () => {
    expect(classes(await compare([PAYMENT, REVERSAL], [REVERSED])).sort()).toEqual([
      'payment agreed',
      'reversal agreed',
    ]);
    expect(classes(await compare([REVERSAL, PAYMENT], [REVERSED])).sort()).toEqual([
      'payment agreed',
      'reversal agreed',
    ]);
    expect(classes(await compare([{ ...REVERSAL, totalFee: 888 }], [REVERSED]))).toEqual(['reversal agreed']);
  });

  it('reversed after payment of another amount: the payment differs', async () => {
    const found = await compare([{ ...PAYMENT, totalFee: 887 }, REVERSAL], [REVERSED]);
    expect(classes(found)).toEqual(['reversal agreed', 'payment amount-differs']);
  });

  it('reversed just before midnight is no difference yet: the reversal may be in the next statement', async () => {
    const found = await compare([PAYMENT], [{ ...REVERSED, reversedAt: at('23:59:58') }]);
    expect(found).toMatchObject([
      { class: 'agreed', kind: 'payment' },
      { class: 'book-only', kind: 'reversal', reason: 'across-midnight', expectedIn: '20260302' },
    ]);
    expect(classes(await compare([PAYMENT], [{ ...REVERSED, reversedAt: at('23:49:59') }]))).toContain(
      'payment reversed-in-book',
    );
  });

  it('reversed on a later day is no difference on the day of the payment', async () => {
    const order = { ...REVERSED, reversedAt: at('00:00:30', '2026-03-02') };
    expect(classes(await compare([PAYMENT], [order]))).toEqual(['payment agreed']);
  });

  it('two refunds of one amount are two, and a row that is there twice is told as such', async () => {
    const second = { ...REFUND, outRefundNo: 'R-0002', refundId: '50000000000000000000000000002' };
    const order = { ...REFUNDED, refunds: [...REFUNDED.refunds!, { ...REFUNDED.refunds![0]!, outRefundNo: 'R-0002' }] };
    expect(classes(await compare([PAYMENT, REFUND, second, REFUND], [order]))).toEqual([
      'payment agreed',
      'refund agreed',
      'refund agreed',
      'refund repeated',
    ]);
  });

  it('two payments under one number are no repetition, also where the book does not know the number of WeChat Pay', async () => {
    const second = { ...PAYMENT, transactionId: '43' };
    for (const order of [PAID, { ...PAID, transactionId: undefined }]) {
      expect(classes(await compare([PAYMENT, second, second], [order]))).toEqual([
        'payment agreed',
        'payment transaction-differs',
        'payment transaction-differs',
      ]);
    }
  });

  it('of two payments under one number, the one that the book has agrees, also where it comes second', async () => {
    const first = { ...PAYMENT, transactionId: '43' };
    expect(classes(await compare([first, PAYMENT, PAYMENT], [PAID]))).toEqual([
      'payment transaction-differs',
      'payment agreed',
      'payment repeated',
    ]);
  });

  it('a refund that the row names by the number of WeChat Pay alone is met', async () => {
    const order = {
      ...REFUNDED,
      paidAt: undefined,
      refunds: [{ ...REFUNDED.refunds![0]!, refundId: REFUND.refundId }],
    };
    expect(classes(await compare([{ ...REFUND, outRefundNo: undefined }], [order]))).toEqual(['refund agreed']);
  });

  it('of another sub-merchant is foreign, not missing', async () => {
    const rows = [
      { ...PAYMENT, subMerchantId: '501' },
      { ...PAYMENT, subMerchantId: '502' },
    ];
    const found = await compare(rows, [{ ...PAID, subMerchantId: '501' }], { subMerchantIds: ['501'] });
    expect(classes(found)).toEqual(['payment agreed', 'payment foreign']);
    const both = await compare(rows, [
      { ...PAID, subMerchantId: '501' },
      { ...PAID, subMerchantId: '502' },
    ]);
    expect(classes(both)).toEqual(['payment agreed', 'payment agreed']);
  });
});

describe('a suspicion that a customer paid twice', () => {
  const twin = { ...PAYMENT, outTradeNo: '0013', transactionId: '43', line: 9, tradeTime: at('12:00:59') };
  const orders = [PAID, { ...PAID, outTradeNo: '0013', transactionId: '43' }];

  it('stands beside the class', async () => {
    expect(await compare([PAYMENT, twin], orders)).toMatchObject([
      { class: 'agreed', twin: undefined },
      { class: 'agreed', twin: { outTradeNo: '0012', line: PAYMENT.line } },
    ]);
  });

  test.each([
    ['of another customer', { openId: 'oOther' }],
    ['of another amount', { totalFee: 887 }],
    ['of another currency', { currency: 'USD' }],
    ['more than a minute later', { tradeTime: at('12:01:01') }],
    ['of nobody known', { openId: undefined }],
  ])('does not fall on a payment %s', async (_, changes) => {
    const found = await compare([PAYMENT, { ...twin, ...changes }], orders);
    expect(found.every((each) => each.class === 'book-only' || each.twin === undefined)).toBe(true);
  });
});

describe('a movement of the book without a row', () => {
  test.each<readonly [string, BookOrder, object]>([
    [
      'in the middle of the day',
      PAID,
      { kind: 'payment', reason: 'late', expectedIn: '20260302', expectedBy: at('10:00:00', '2026-03-03') },
    ],
    [
      'just after midnight',
      { ...PAID, paidAt: at('00:00:03') },
      { reason: 'across-midnight', expectedIn: '20260228', expectedBy: at('10:00:00') },
    ],
    [
      'just before midnight',
      { ...PAID, paidAt: at('23:59:58') },
      { reason: 'across-midnight', expectedIn: '20260302' },
    ],
    [
      'a refund in progress',
      { ...REFUNDED, paidAt: undefined, refunds: [{ ...REFUNDED.refunds![0]!, state: 'pending' }] },
      { kind: 'refund', reason: 'refund-in-progress', refund: { outRefundNo: 'R-0001' } },
    ],
  ])('%s', async (_, order, expected) => {
    expect(await compare([], [order])).toMatchObject([{ class: 'book-only', row: undefined, ...expected }]);
  });

  test.each<readonly [string, BookOrder]>([
    ['of the day before', { ...PAID, paidAt: at('23:59:59', '2026-02-28') }],
    ['of the next day in Beijing, the same in UTC', { ...PAID, paidAt: at('00:00:00', '2026-03-02') }],
    ['that failed', { ...REFUNDED, paidAt: undefined, refunds: [{ ...REFUNDED.refunds![0]!, state: 'failed' }] }],
    ['of an order that was closed without payment', { ...REVERSED, paidAt: undefined }],
    ['without a time', { ...PAID, paidAt: undefined }],
  ])('is none %s', async (_, order) => {
    expect(await compare([], [order])).toEqual([]);
  });

  it('is met by a row of another time: across midnight, orders are found by number', async () => {
    const row = { ...PAYMENT, tradeTime: at('23:59:58') };
    expect(classes(await compare([row], [{ ...PAID, paidAt: at('00:00:03', '2026-03-02') }]))).toEqual([
      'payment agreed',
    ]);
  });

  it('asks the book for the day of Beijing', async () => {
    const asked: unknown[] = [];
    const book: OrderBook = { ...bookOf([]), ordersOf: (...day) => (asked.push(...day), []) };
    for await (const each of compareStatement([], book, { date: at('00:00:00') })) expect(each).toBeUndefined();
    expect(asked).toEqual([DATE, at('00:00:00'), at('00:00:00', '2026-03-02')]);
  });
});

describe('a statement that fails', () => {
  it('reports nothing as missing', async () => {
    const reason = new WechatPayTransportError('WECHATPAY_CONNECTION', 'it broke', 'unknown');
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous
    async function* broken(): AsyncGenerator<StatementRow, void> {
      yield PAYMENT;
      throw reason;
    }
    const found: StatementComparison[] = [];
    const comparing = (async () => {
      for await (const each of compareStatement(broken(), bookOf([PAID, { ...PAID, outTradeNo: '0013' }]), {
        date: DATE,
      })) {
        found.push(each);
      }
    })();
    await expect(comparing).rejects.toBe(reason);
    expect(found.some((each) => each.class === 'book-only')).toBe(false);
  });

  it('that was closed before is an error, never an empty day', async () => {
    const statement = await parseStatement(ST1.join('\n'));
    await statement.close();
    await failure(compare(statement, [PAID]));
  });

  it('that was left before its end, and says so, is an error', async () => {
    const left = { summary: undefined, [Symbol.asyncIterator]: () => [PAYMENT][Symbol.iterator]() };
    const error = failure(compare(left as unknown as readonly StatementRow[], [PAID]));
    expect(await error).toMatchObject({ code: 'WECHATPAY_STATEMENT', reason: 'truncated' });
  });

  test.each([
    [{ date: '20260230' }, 'date'],
    [{ date: DATE, day: 1 }, 'day'],
    [undefined, 'options'],
    [{ date: DATE, subMerchantIds: '501' }, 'subMerchantIds'],
    [{ date: DATE, subMerchantIds: [501] }, 'subMerchantIds'],
  ])('options %j are refused', async (options, field) => {
    const comparing = compareStatement([], bookOf([]), options as unknown as CompareStatementOptions).next();
    expect(await failure(comparing)).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', field });
  });
});

test.each([undefined, {}, { findOrders: () => [] }])('%j is no book', async (book) => {
  const comparing = compareStatement([], book as unknown as OrderBook, { date: DATE }).next();
  expect(await failure(comparing)).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', field: 'orderBook' });
});

it('finds in pages exactly what was spoiled, each row and order once', async () => {
  const day = fc.record({
    count: fc.integer({ min: 1, max: 1_100 }),
    spoiled: fc.uniqueArray(
      fc.record({ index: fc.nat(1_099), how: fc.constantFrom('no row', 'no order', 'amount', 'state') }),
      { maxLength: 8, selector: ({ index }) => index },
    ),
  });
  await fc.assert(
    fc.asyncProperty(day, async ({ count, spoiled }) => {
      const header = EDITIONS[0]!.header;
      const hows = new Map(spoiled.filter(({ index }) => index < count).map(({ index, how }) => [index, how]));
      const kept = Array.from({ length: count }, (_, index) => index).filter((index) => hows.get(index) !== 'no row');
      const lines = kept.map((index) =>
        rowOf(header, { 商户订单号: `n${index}`, 微信订单号: `42${index}`, 用户标识: `o${index}` }),
      );
      const file = [header, ...lines, EDITIONS[0]!.summary, summaryOf(EDITIONS[0]!.summary, kept.length)].join('\n');
      const orders = Array.from({ length: count }, (_, index): BookOrder => {
        const how = hows.get(index);
        return {
          ...PAID,
          outTradeNo: `n${index}`,
          transactionId: `42${index}`,
          totalFee: how === 'amount' ? 887 : 888,
          state: how === 'state' ? 'open' : 'paid',
        };
      }).filter((_, index) => hows.get(index) !== 'no order');

      const found = await compare(await parseStatement(file), orders);
      const expected = {
        'no row': 'book-only',
        'no order': 'statement-only',
        amount: 'amount-differs',
        state: 'state-differs',
      };
      const differences = found
        .filter((each) => each.class !== 'agreed')
        .map((each) => [each.row?.outTradeNo ?? each.order?.outTradeNo, each.class]);
      expect(new Map(differences as [string, string][])).toEqual(
        new Map([...hows].map(([index, how]) => [`n${index}`, expected[how]])),
      );
      expect(found).toHaveLength(count);
    }),
    { numRuns: 20 },
  );
});
