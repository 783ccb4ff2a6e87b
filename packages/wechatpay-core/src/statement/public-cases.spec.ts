import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { failure } from '../../test/failure.js';
import { EDITIONS, rowOf, ST1, summaryOf } from '../../test/statement/editions.js';
import { chunked, readAll } from '../../test/statement/read-all.js';
import { scripted } from '../../test/scripted.js';
import {
  compareStatement,
  downloadStatement,
  toMinorUnit,
  type BookOrder,
  type CompareStatementOptions,
  type StatementSource,
  type WechatPayStatementError,
} from '../index.js';

// Troubles that others had in public with a day's statement, each with its source.

const [HEADER, PAYMENT, REFUND, NAMES, SUMS] = ST1 as [string, string, string, string, string];
const reject = (source: StatementSource): Promise<WechatPayStatementError> => failure(readAll(source));
const file = (...lines: readonly string[]): string => lines.join('\n');

const PAID: BookOrder = {
  outTradeNo: '0012',
  totalFee: 888,
  currency: 'HKD',
  state: 'paid',
  paidAt: new Date('2026-03-01T23:59:58+08:00'),
};

/** How each row, and each movement of the book without one, is told. */
async function compare(
  source: StatementSource,
  orders: readonly BookOrder[],
  options: Partial<CompareStatementOptions> = {},
): Promise<string[]> {
  const { rows } = await readAll(source);
  const book = { findOrders: () => orders, ordersOf: () => orders };
  const told: string[] = [];
  for await (const each of compareStatement(rows, book, { date: '20260301', ...options })) {
    told.push(`${each.kind} ${each.class}`);
  }
  return told;
}

const CASES: readonly {
  readonly source: string;
  readonly trouble: string;
  readonly check: () => Promise<void>;
}[] = [
  {
    source: 'https://github.com/binarywang/WxJava/issues/308',
    trouble: 'each type has other columns, and reading by place shifts them',
    check: async () => {
      for (const { header, summary } of EDITIONS.slice(0, 3)) {
        const { rows } = await readAll(file(header, rowOf(header), summary, summaryOf(summary)));
        expect(rows[0]).toMatchObject({ body: 'Tea, "hot", 2 cups', attach: 'a,b', fee: '0.05328', totalFee: 888 });
      }
    },
  },
  {
    source: 'https://github.com/binarywang/WxJava/issues/1275',
    trouble: 'an account with 24 columns in place of 27',
    check: async () => {
      const { header, summary } = EDITIONS[3]!;
      const { rows } = await readAll(file(header, rowOf(header), summary, summaryOf(summary)));
      expect(rows[0]).toMatchObject({ totalFee: 888, settlementTotalFee: undefined, requestedRefundFee: undefined });
    },
  },
  {
    source: 'https://github.com/binarywang/WxJava/issues/1275',
    trouble: 'editions write a refund with a minus, or without',
    check: async () => {
      for (const sign of ['', '-']) {
        const refund = rowOf(HEADER, {
          ...{ 微信退款单号: '5001', 商户退款单号: 'R-0001', 退款金额: `${sign}3.00`, 申请退款金额: `${sign}3.00` },
          ...{ 订单金额: '0.00', 应结订单金额: '0.00' },
        });
        const { rows } = await readAll(
          file(HEADER, refund, NAMES, `\`1,\`0,\`${sign}3.00,\`0,\`0.05328,\`0,\`${sign}3.00`),
        );
        expect(rows[0]).toMatchObject({ refundFee: 300, requestedRefundFee: 300 });
      }
    },
  },
  {
    source: 'https://github.com/overtrue/laravel-wechat/issues/25',
    trouble: 'the text was read as XML',
    check: async () => {
      expect((await readAll(file(...ST1))).rows).toHaveLength(2);
    },
  },
  {
    source: 'https://github.com/yansongda/pay/issues/267',
    trouble: 'the XML of an error was stored as a statement',
    check: async () => {
      const xml = '<xml><return_code>FAIL</return_code><return_msg>x</return_msg><error_code>20001</error_code></xml>';
      expect(await reject(xml)).toMatchObject({ reason: 'refused', errorCode: '20001', rows: 0 });
    },
  },
  {
    source: 'https://github.com/binarywang/WxJava/pull/1241',
    trouble: '"No Bill Exist" in other capitals than the page',
    check: async () => {
      for (const message of ['No Bill Exist', 'NO Bill Exist', 'no bill exist']) {
        const xml = `<xml><return_code>FAIL</return_code><return_msg>${message}</return_msg></xml>`;
        expect((await reject(xml)).reason).toBe('no-statement');
      }
    },
  },
  {
    source: 'https://github.com/binarywang/weixin-java-pay-demo/issues/138',
    trouble: 'an empty day could not be parsed, and an empty body is none',
    check: async () => {
      const zeros = NAMES.split(',').map(() => '`0');
      expect((await readAll(file(HEADER, NAMES, zeros.join(',')))).summary.count).toBe(0);
      expect((await reject('')).reason).toBe('truncated');
    },
  },
  {
    source: 'https://github.com/Javen205/IJPay/issues/73',
    trouble: 'gzip bytes were made a string and bytes again',
    check: async () => {
      expect((await readAll(gzipSync(file(...ST1)))).rows).toHaveLength(2);
      const spoiled = Buffer.from(gzipSync(file(...ST1)).toString());
      expect((await reject(spoiled)).reason).toBe('malformed');
    },
  },
  {
    source: 'https://github.com/fudiwei/DotNetCore.SKIT.FlurlHttpClient.Wechat/issues/198',
    trouble: 'a file larger than a buffer; a stream that is cut must be no short day',
    check: async () => {
      const whole = Buffer.from(file(HEADER, ...Array.from({ length: 1_000 }, () => PAYMENT)));
      expect(await reject(chunked(whole, 4_096))).toMatchObject({ reason: 'truncated', rows: 1_000 });
    },
  },
  {
    source: 'https://github.com/edge-sky/Bills-save/issues/12',
    trouble: 'a comma in a name shifted the columns, and a word became an amount',
    check: async () => {
      const { rows } = await readAll(file(HEADER, PAYMENT.replace('Tea, "hot"', 'Tea,`"hot"'), REFUND, NAMES, SUMS));
      expect(rows[0]).toMatchObject({ totalFee: 888, fee: '0.05328', unsplit: 'Tea,`"hot", 2 cups,`a,b' });
    },
  },
  {
    source: 'https://haomeiwen.com/subject/ahcmrctx.html',
    trouble: 'fees by floating point went wrong in the fifth of ten refunds',
    check: async () => {
      const rows = Array.from({ length: 10 }, () =>
        rowOf(HEADER, { 手续费: '-0.00500', 订单金额: '0.00', 应结订单金额: '0.00' }),
      );
      const { summary } = await readAll(file(HEADER, ...rows, NAMES, '`10,`0,`0,`0,`-0.05,`0,`0'));
      expect(summary.sums.fee).toBe('-0.05');
      expect(toMinorUnit('0.29', 'HKD')).toBe(29);
    },
  },
  {
    source: 'https://github.com/deb-sig/double-entry-generator/pull/215',
    trouble: 'a note above the header, another sign of money, a further column: without notice',
    check: async () => {
      const noted = await readAll(file('a note', `${HEADER},新列`, `${PAYMENT},\`x`, `${REFUND},\`y`, NAMES, SUMS));
      expect(noted.rows.map(({ raw }) => raw)).toEqual([{ 新列: 'x' }, { 新列: 'y' }]);
      expect(await reject(file(HEADER, PAYMENT.replaceAll('`8.88', '`¥8.88'), REFUND, NAMES, SUMS))).toMatchObject({
        reason: 'malformed',
        line: 2,
      });
    },
  },
  {
    source: 'https://developers.weixin.qq.com/community/pay/doc/00046483e60c7082f8b2d1a3a69400',
    trouble: 'orders of another sub-merchant, and of another channel, counted as missing',
    check: async () => {
      const two = ['501', '502'].map((sub) => rowOf(HEADER, { 特约商户号: sub }));
      const whole = file(HEADER, ...two, NAMES, summaryOf(NAMES, 2));
      const ours = [{ ...PAID, subMerchantId: '501' }];
      expect(await compare(whole, ours, { subMerchantIds: ['501'] })).toEqual(['payment agreed', 'payment foreign']);
    },
  },
  {
    source: 'https://github.com/JeffreySu/WeiXinMPSDK/issues/1706',
    trouble: 'a day was sent with its dashes',
    check: async () => {
      const { client, calls } = scripted([new Error('gone')], { time: Date.UTC(2026, 2, 3) });
      for (const date of [new Date('2026-02-28T16:00:00Z'), '2026-03-01', '20260301']) {
        await failure(downloadStatement(client, { date }));
      }
      expect(calls.map(({ fields }) => fields.bill_date)).toEqual(['20260301', '20260301', '20260301']);
      expect(await failure(downloadStatement(client, { date: '20260231' }))).toMatchObject({ field: 'date' });
      expect(calls).toHaveLength(3);
    },
  },
  {
    source: 'https://www.cnblogs.com/aibi1/p/19046622',
    trouble: 'around midnight the two sides count an order to different days',
    check: async () => {
      const other = { ...PAID, paidAt: new Date('2026-03-02T00:00:03+08:00') };
      const noRefund = file(HEADER, PAYMENT, NAMES, summaryOf(NAMES));
      expect(await compare(noRefund, [other])).toEqual(['payment agreed']);
    },
  },
  {
    source: 'https://github.com/nautechsystems/nautilus_trader/pull/4479',
    trouble: 'where a report could not be had, its orders counted as missing',
    check: async () => {
      const xml = '<xml><return_code>FAIL</return_code><return_msg>SYSTEMERROR</return_msg></xml>';
      expect(await failure(compare(xml, [PAID]))).toMatchObject({ reason: 'refused', advice: 'retry-later' });
    },
  },
  {
    source: 'https://github.com/actualbudget/actual/issues/5627',
    trouble: 'rows of one amount were taken for one row',
    check: async () => {
      const again = REFUND.replace('R-0001', 'R-0002').replace('50000000000000000000000000001', '5002');
      const whole = file(HEADER, PAYMENT, REFUND, again, REFUND, NAMES, '`4,`8.88,`9.00,`0.00,`-0.00072,`8.88,`9.00');
      const refund = { refundFee: 300, state: 'accepted', at: PAID.paidAt! } as const;
      const refunds = ['R-0001', 'R-0002'].map((outRefundNo) => ({ ...refund, outRefundNo }));
      expect(await compare(whole, [{ ...PAID, refunds }])).toEqual([
        'payment agreed',
        'refund agreed',
        'refund agreed',
        'refund repeated',
      ]);
    },
  },
];

test.each(CASES)('$trouble ($source)', async ({ check }) => {
  await check();
});
