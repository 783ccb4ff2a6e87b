import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { failure } from '../../test/failure.js';
import { EDITIONS, rowOf, ST1, summaryOf } from '../../test/statement/editions.js';
import { chunked, readAll } from '../../test/statement/read-all.js';
import { toMinorUnit, type StatementSource, type WechatPayStatementError } from '../index.js';

// Troubles that others had in public with a day's statement, each with its source. Those about days, comparing and sub-merchants stand
// in the specs of download and compareStatement: developers.weixin.qq.com/community/pay/doc/00046483e60c7082f8b2d1a3a69400 (another
// channel's orders), cnblogs.com/aibi1/p/19046622 (midnight), nautechsystems/nautilus_trader#4479 (a report that could not be had),
// actualbudget/actual#5627 (equal refunds), JeffreySu/WeiXinMPSDK#1706 (dashes in a day).

const [HEADER, PAYMENT, REFUND, NAMES, SUMS] = ST1 as [string, string, string, string, string];
const reject = (source: StatementSource): Promise<WechatPayStatementError> => failure(readAll(source));
const file = (...lines: readonly string[]): string => lines.join('\n');

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
];

test.each(CASES)('$trouble ($source)', async ({ check }) => {
  await check();
});
