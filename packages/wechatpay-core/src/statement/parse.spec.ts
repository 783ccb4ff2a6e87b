import { constants, gzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { describe, expect, it, test } from 'vitest';
import { failure } from '../../test/failure.js';
import { CELLS, EDITIONS, rowOf, ST1, summaryOf } from '../../test/statement/editions.js';
import { chunked, readAll } from '../../test/statement/read-all.js';
import { parseStatement, WechatPayRequestError, type StatementSource, type WechatPayStatementError } from '../index.js';

const reject = (source: StatementSource): Promise<WechatPayStatementError> => failure(readAll(source));
const ALL = EDITIONS[0]!;
const [HEADER, PAYMENT, REFUND, NAMES, SUMS] = ST1 as [string, string, string, string, string];
const text = (...lines: readonly string[]): string => lines.join('\n');
/** A statement of one row, with these cells. */
const one = (changes: Readonly<Record<string, string>>, { header, summary } = ALL): string =>
  text(header, rowOf(header, changes), summary, summaryOf(summary));

describe('a payment and its refund', () => {
  it('are read by the names of their columns', async () => {
    const { rows, summary, columns } = await readAll(text(...ST1));
    expect(columns).toHaveLength(27);
    expect(rows[0]).toMatchObject({
      line: 2,
      tradeTime: new Date('2026-03-01T15:59:58Z'),
      appId: 'wx1111111111111111',
      merchantId: '1900000301',
      subMerchantId: undefined,
      deviceInfo: undefined,
      transactionId: '4200009999202603010000000001',
      outTradeNo: '0012',
      openId: 'oTest1',
      tradeType: 'JSAPI',
      tradeState: 'SUCCESS',
      currency: 'HKD',
      totalFee: 888,
      settlementTotalFee: 888,
      couponFee: 0,
      refundId: undefined,
      outRefundNo: undefined,
      refundFee: 0,
      body: 'Tea, "hot", 2 cups',
      attach: 'a,b',
      unsplit: undefined,
      fee: '0.05328',
      feeRate: '0.60%',
      feeRateNote: undefined,
      raw: {},
    });
    expect(rows[1]).toMatchObject({
      line: 3,
      outTradeNo: '0012',
      tradeState: 'REFUND',
      totalFee: 0,
      refundId: '50000000000000000000000000001',
      outRefundNo: 'R-0001',
      refundFee: 300,
      requestedRefundFee: 300,
      refundStatus: 'PROCESSING',
      fee: '-0.01800',
    });
    expect(summary).toEqual({
      count: 2,
      sums: {
        totalFee: '8.88',
        settlementTotalFee: '8.88',
        refundFee: '3.00',
        couponRefundFee: '0.00',
        fee: '0.03528',
        requestedRefundFee: '3.00',
      },
      raw: {},
    });
  });
});

describe.each(EDITIONS)('$name ($source)', ({ header, summary, columns }) => {
  const file = text(header, rowOf(header), rowOf(header), summary, summaryOf(summary, 2));

  it('is read by the names of its columns', async () => {
    const statement = await readAll(file);
    expect(statement.columns).toHaveLength(columns);
    expect(statement.rows).toHaveLength(2);
    expect(statement.rows[0]).toMatchObject({
      tradeTime: new Date('2026-03-01T15:59:58Z'),
      transactionId: CELLS.微信订单号,
      outTradeNo: '0012',
      openId: 'oTest1',
      tradeState: 'SUCCESS',
      currency: 'HKD',
      totalFee: 888,
      body: 'Tea, "hot", 2 cups',
      attach: 'a,b',
      fee: '0.05328',
      raw: {},
    });
  });

  it('is read the same with its columns in another order', async () => {
    const moved = header.split(/[,，]/).reverse().join(',');
    const expected = await readAll(file);
    const statement = await readAll(text(moved, rowOf(moved), rowOf(moved), summary, summaryOf(summary, 2)));
    expect(statement.rows).toEqual(expected.rows);
    expect(statement.summary).toEqual(expected.summary);
  });

  it('leaves undefined what it has no column for', async () => {
    const { rows } = await readAll(file);
    if (!header.includes('退款金额') && !header.includes('refund amount')) expect(rows[0]!.refundFee).toBeUndefined();
    if (!header.includes('Cash_fee')) expect(rows[0]).toMatchObject({ cashFee: undefined, cashCurrency: undefined });
  });
});

it('reads amounts of several currencies, each in its own minor unit', async () => {
  const english = EDITIONS.at(-1)!;
  const { rows } = await readAll(
    one({ 'cash payment amount (Cash_fee)': '163', 'payment Currency type (Cash_fee_type)': 'JPY' }, english),
  );
  expect(rows[0]).toMatchObject({
    totalFee: 888,
    currency: 'HKD',
    settlementTotalFee: 113,
    settlementCurrency: 'USD',
    cashFee: 163,
    cashCurrency: 'JPY',
  });
});

it('leaves out what only informs and cannot be read, and keeps its text', async () => {
  const english = EDITIONS.at(-1)!;
  const { rows } = await readAll(
    one(
      {
        'cash payment amount (Cash_fee)': 'n/a',
        'settlement currency type': '-',
        "payer's Refund currency type": '0',
        'refund currency type': '0',
      },
      english,
    ),
  );
  expect(rows[0]).toMatchObject({
    totalFee: 888,
    cashFee: undefined,
    settlementTotalFee: undefined,
    settlementCurrency: undefined,
    cashRefundCurrency: undefined,
    raw: {
      'cash payment amount (Cash_fee)': 'n/a',
      'settlement currency type': '-',
      'settlement currency amount': '1.13',
    },
  });
});

it('refuses a refund whose currency cannot be read', async () => {
  const english = EDITIONS.at(-1)!;
  const error = await reject(one({ 'refund amount (refund_fee)': '3.00', 'refund currency type': '-' }, english));
  expect(error).toMatchObject({ reason: 'malformed', line: 2 });
});

describe('forms of a file', () => {
  test.each<readonly [string, StatementSource]>([
    ['with line feeds, without one at the end', text(...ST1)],
    ['with CRLF and a byte order mark', `\uFEFF${ST1.join('\r\n')}\r\n`],
    ['as bytes', Buffer.from(`\uFEFF${ST1.join('\r\n')}\r\n`)],
    ['one byte at a time', chunked(Buffer.from(`\uFEFF${ST1.join('\r\n')}\r\n`), 1)],
    ['as a stream', Readable.from([Buffer.from(text(...ST1))])],
    ['as gzip', gzipSync(text(...ST1))],
    ['as gzip, one byte at a time', chunked(gzipSync(text(...ST1)), 1)],
    ['with empty lines at the end', `${text(...ST1)}\n\r\n\n`],
    ['with indented rows', text(HEADER, `  ${PAYMENT}`, ` ${REFUND}`, NAMES, ` ${SUMS}`)],
    ['with spaces before backticks', text(HEADER, PAYMENT, REFUND.replaceAll(',`', ', `'), NAMES, SUMS)],
    ['with backticks in the header', text(HEADER.replaceAll(/[^,]+/g, '`$&'), PAYMENT, REFUND, NAMES, SUMS)],
    ['with spaces in the header', text(HEADER.replace('公众账号ID', '公众账号 ID'), PAYMENT, REFUND, NAMES, SUMS)],
    ['with a note above the header', text('a note', '', ...ST1)],
    ['with a count of one decimal', text(HEADER, PAYMENT, REFUND, NAMES, SUMS.replace('`2,', '`2.0,'))],
  ])('are read: %s', async (_, source) => {
    const expected = await readAll(text(...ST1));
    const { rows, summary } = await readAll(source);
    expect(rows.map((row) => ({ ...row, line: 0 }))).toEqual(expected.rows.map((row) => ({ ...row, line: 0 })));
    expect(summary.count).toBe(2);
  });

  it('are read: tabs without backticks, as of the retired sandbox, numbers as it spoiled them', async () => {
    const tabs = (line: string): string => line.replaceAll(/,`|^`/g, '\t').replace(/^\t/, '');
    const { header, summary } = EDITIONS[6]!;
    const row = rowOf(header, { 微信订单号: '4.00123E+27', 交易时间: '2016/5/4 2:18' });
    const padded = `${tabs(summaryOf(summary))}${'\t'.repeat(19)}`;
    const names = `${summary.replaceAll(',', '\t')}${'\t'.repeat(19)}`;
    const { rows } = await readAll([header.replaceAll(',', '\t'), tabs(row), names, padded].join('\r\n'));
    expect(rows[0]).toMatchObject({ transactionId: '4.00123E+27', tradeTime: new Date('2016-05-03T18:18:00Z') });
  });

  test.each([
    ['2014-11-10 16：33：45', '2014-11-10T08:33:45Z'],
    ['2014-11-1016：33：45', '2014-11-10T08:33:45Z'],
    ['2016-05-04  02:18:18', '2016-05-03T18:18:18Z'],
    ['2024-02-29 00:00:00', '2024-02-28T16:00:00Z'],
  ])('are read: the time %j', async (time, expected) => {
    const { rows } = await readAll(one({ 交易时间: time }));
    expect(rows[0]!.tradeTime).toEqual(new Date(expected));
  });
});

describe('free text', () => {
  test.each([
    ['a comma', 'a,b'],
    ['quotes', '"a","b"'],
    ['a backtick', 'a`b'],
    ['a backtick at its beginning', '`a'],
    ['a tab', 'a\tb'],
    ['spaces at its ends', ' a '],
    ['a line break', 'a\nb'],
    ['a carriage return', 'a\r\nb'],
    ['line breaks, the last one empty', 'a\n\nb\n'],
    ['what looks like a header', '总交易单数'],
    ['a byte order mark', 'a\uFEFFb'],
    ['emoji', '🍵 茶'],
  ])('keeps %s', async (_, value) => {
    const { rows } = await readAll(one({ 商品名称: value, 商户数据包: value }));
    expect(rows[0]).toMatchObject({ body: value, attach: value, totalFee: 888, fee: '0.05328' });
  });

  it('that holds a comma and a backtick is kept whole, and not cut at a guess', async () => {
    const { rows } = await readAll(one({ 商品名称: 'tea,`cake', 商户数据包: 'a' }));
    expect(rows[0]).toMatchObject({
      body: undefined,
      attach: undefined,
      unsplit: 'tea,`cake,`a',
      totalFee: 888,
      fee: '0.05328',
      outTradeNo: '0012',
    });
  });

  it('that holds a comma and a backtick is cut where no neighbour is free text', async () => {
    const header = ALL.header.replace(',商户数据包', '');
    const { rows } = await readAll(one({ 商品名称: 'tea,`cake' }, { ...ALL, header }));
    expect(rows[0]).toMatchObject({ body: 'tea,`cake', unsplit: undefined, totalFee: 888 });
  });

  it('in another column never moves an amount', async () => {
    expect(await reject(one({ 设备号: 'till,`1' }))).toMatchObject({ reason: 'malformed', line: 2 });
    expect(await reject(one({ 设备号: 'x,`888' }))).toMatchObject({ reason: 'malformed', line: 2 });
  });
});

it('keeps unknown columns, also under the names of Object.prototype', async () => {
  const header = `${ALL.header},新列,__proto__`;
  const { rows } = await readAll(one({ 新列: 'x', __proto__: 'y' }, { ...ALL, header }));
  expect(Object.entries(rows[0]!.raw)).toEqual([
    ['新列', 'x'],
    ['__proto__', expect.any(String)],
  ]);
  expect(rows[0]!.totalFee).toBe(888);
});

it('takes a refund as positive, whatever its sign', async () => {
  const { header, summary } = EDITIONS[3]!;
  const row = rowOf(header, { 退款金额: '-3.00', 微信退款单号: '500', 商户退款单号: '0012', 交易状态: 'REFUND' });
  for (const stated of ['-3.00', '3.00']) {
    const sums = summaryOf(summary).replace('`0.00', `\`${stated}`);
    const { rows } = await readAll(text(header, row, summary, sums));
    expect(rows[0]).toMatchObject({ refundFee: 300, refundId: '500', outRefundNo: '0012' });
  }
});

it('reads the empty day that says so', async () => {
  const zeros = NAMES.split(',').map(() => '`0');
  expect(await readAll(text(HEADER, NAMES, zeros.join(',')))).toMatchObject({ rows: [], summary: { count: 0 } });
});

describe('a cell that cannot be read is refused with its line and column', () => {
  test.each([
    ['订单金额', '¥8.88'],
    ['订单金额', '8.885'],
    ['订单金额', '8e2'],
    ['应结订单金额', '8,88'],
    ['手续费', '0.6%'],
    ['货币种类', 'XXX'],
    ['货币种类', ''],
    ['货币种类', 'hkd'],
    ['交易时间', '2026-02-31 00:00:00'],
    ['交易时间', '2026-03-01 24:00:00'],
    ['交易时间', ''],
    ['微信订单号', ''],
    ['商户订单号', ''],
    ['交易状态', ''],
    ['交易状态', 'a,b'],
  ])('%s %j', async (column, value) => {
    const error = await reject(one({ [column]: value }));
    expect(error).toMatchObject({ code: 'WECHATPAY_STATEMENT', reason: 'malformed', line: 2, rows: 0 });
    expect(error.message).toContain(column);
    expect(error.received).toContain('oTest1');
  });
});

describe('the summary is the checksum', () => {
  test.each([
    [
      'a row missing',
      text(HEADER, PAYMENT, NAMES, SUMS),
      ['总交易单数', '退款总金额', '手续费总金额', '申请退款总金额'],
    ],
    [
      'a row twice',
      text(HEADER, PAYMENT, PAYMENT, REFUND, NAMES, SUMS),
      ['总交易单数', '应结订单总金额', '手续费总金额', '订单总金额'],
    ],
    [
      'an amount altered',
      text(HEADER, PAYMENT.replaceAll('`8.88', '`8.87'), REFUND, NAMES, SUMS),
      ['应结订单总金额', '订单总金额'],
    ],
    [
      'a fee altered in its last place',
      text(HEADER, PAYMENT.replace('0.05328', '0.05329'), REFUND, NAMES, SUMS),
      ['手续费总金额'],
    ],
    ['a number missing in it', text(HEADER, PAYMENT, REFUND, NAMES, SUMS.replace('`0.03528', '`')), ['手续费总金额']],
  ])('%s: it says which numbers differ', async (_, file, names) => {
    const error = await reject(file);
    expect(error).toMatchObject({ reason: 'mismatch', advice: 'retry-later' });
    expect(error.differences.map(({ name }) => name)).toEqual(names);
    expect(error.received).toContain('0.00');
  });

  it('adds up exactly what doubles cannot', async () => {
    const count = 100;
    const rows = Array.from({ length: count }, () =>
      rowOf(HEADER, { 手续费: '0.10000', 订单金额: '9999999999999.99' }),
    );
    const sums = '`100,`888.00,`0.00,`0.00,`10.00000,`999999999999999.00,`0.00';
    const { summary } = await readAll(text(HEADER, ...rows, NAMES, sums));
    expect(summary.sums).toMatchObject({ fee: '10.00000', totalFee: '999999999999999.00' });
  });

  it('keeps numbers that it does not know, and says so', async () => {
    const { summary } = await readAll(text(HEADER, PAYMENT, REFUND, `${NAMES},新总额`, `${SUMS},\`7`));
    expect(summary.raw).toEqual({ 新总额: '7' });
  });
});

describe('what is cut off is never a short day', () => {
  const whole = Buffer.from(ST1.join('\r\n'));
  const complete = whole.length;

  it('wherever it ends', async () => {
    const last = Buffer.from('3.00').length;
    for (let end = 0; end < complete - last; end += 1) {
      const error = await reject(whole.subarray(0, end));
      expect(['truncated', 'malformed', 'mismatch'], `${end}: ${error.message}`).toContain(error.reason);
    }
  });

  it('wherever the gzip ends', async () => {
    const packed = gzipSync(whole);
    for (let end = 0; end < packed.length; end += 1) {
      expect((await reject(packed.subarray(0, end))).reason, String(end)).toMatch(/truncated|malformed/);
    }
  });

  test.each([
    ['an empty body', ''],
    ['white space', '\r\n \n'],
    ['a header', HEADER],
    ['rows without a summary', text(HEADER, PAYMENT, REFUND)],
    ['a summary without numbers', text(HEADER, PAYMENT, REFUND, NAMES)],
    ['half of the numbers', text(HEADER, PAYMENT, REFUND, NAMES, '`2,`8.88')],
  ])('%s', async (_, source) => {
    expect((await reject(source)).reason).toBe('truncated');
  });

  it('a row with a cell too few', async () => {
    const short = PAYMENT.slice(0, PAYMENT.lastIndexOf(','));
    expect(await reject(text(HEADER, short, REFUND, NAMES, SUMS))).toMatchObject({ reason: 'malformed', line: 2 });
    expect(await reject(text(HEADER, PAYMENT, short, NAMES, SUMS))).toMatchObject({ reason: 'malformed', line: 3 });
  });

  it('broken gzip', async () => {
    const packed = gzipSync(whole);
    packed[packed.length - 20]! ^= 0xff;
    expect((await reject(packed)).reason).toMatch(/malformed|truncated/);
  });
});

describe('what is no statement', () => {
  const xml = (code: string, message: string): string =>
    `<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[${message}]]></return_msg><error_code>${code}</error_code></xml>`;

  test.each([
    ['20002', 'No Bill Exist', 'no-statement', 'query-order'],
    ['20002', 'NO Bill Exist', 'no-statement', 'query-order'],
    ['20002', '', 'no-statement', 'query-order'],
    ['20002', 'Bill Creating', 'not-ready', 'retry-later'],
    ['20001', 'invalid reason', 'refused', 'fix-request'],
    ['20001', 'SIGN ERROR', 'refused', 'fix-request'],
    ['20003', 'SYSTEMERROR', 'refused', 'retry-later'],
    ['20007', 'CompressGZip Error', 'refused', 'retry-later'],
  ])('%s %s is %s', async (code, message, reason, advice) => {
    for (const source of [xml(code, message), gzipSync(xml(code, message)), `\uFEFF${xml(code, message)}`]) {
      const error = await reject(source);
      expect(error).toMatchObject({ reason, advice, errorCode: code, outcome: 'unknown' });
      expect(error.received).toContain(message);
    }
  });

  test.each([
    ['a page of HTML', '<html><body>502 Bad Gateway</body></html>'],
    ['text', 'not a statement\n'.repeat(3)],
    ['much text', 'not a statement\n'.repeat(1_000)],
    ['a header without a currency', HEADER.replace('货币种类', '其他')],
    ['bytes that are not UTF-8', Buffer.concat([Buffer.from(HEADER), Buffer.from([0xff])])],
    ['text behind the summary', text(...ST1, 'more')],
    ['a DOCTYPE', '<!DOCTYPE xml [<!ENTITY a "b">]><xml><return_code>&a;</return_code></xml>'],
  ])('%s', async (_, source) => {
    expect((await reject(source)).reason).toBe('malformed');
  });

  it('a line without end is given up', async () => {
    const line = Buffer.from(`${HEADER}\n\`${'x'.repeat(1_000_000)}`);
    expect((await reject(chunked(line, 1_000))).message).toContain('line has more than 65536 characters');
    expect((await reject(chunked(line, line.length))).message).toContain('line has more than 65536 characters');
  });

  test.each([undefined, null, 7, {}, true])('%j is no source', async (source) => {
    const error = await failure(parseStatement(source as string));
    expect(error).toBeInstanceOf(WechatPayRequestError);
  });
});

describe('reading', () => {
  it('happens once: the second time is an error, never an empty day', async () => {
    const statement = await parseStatement(text(...ST1));
    for await (const row of statement) expect(row.outTradeNo).toBe('0012');
    expect(() => statement[Symbol.asyncIterator]()).toThrow(WechatPayRequestError);
  });

  it('has no summary before its end', async () => {
    const statement = await parseStatement(text(...ST1));
    for await (const row of statement) {
      expect(row.line).toBe(2);
      expect(statement.summary).toBeUndefined();
      break;
    }
    expect(statement.summary).toBeUndefined();
  });

  test.each(['break', 'close', 'an error'])('frees the source at %s', async (how) => {
    let isOpen = true;
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous
    async function* source(): AsyncGenerator<string, void> {
      try {
        yield `${HEADER}\n${PAYMENT}\n`;
        yield how === 'an error' ? 'rubbish\nrubbish\n' : `${REFUND}\n`;
        for (;;) yield `${PAYMENT}\n`;
      } finally {
        isOpen = false;
      }
    }
    const statement = await parseStatement(source());
    if (how === 'close') await statement.close();
    else {
      const read = (async () => {
        for await (const row of statement) if (how === 'break' && row.line === 3) break;
      })();
      if (how === 'break') await read;
      else await failure(read);
    }
    expect(isOpen).toBe(false);
  });

  it('of gzip does not wait for a source that is silent where the reader has left', async () => {
    let isLeft = false;
    const begin = gzipSync(`${HEADER}\n${PAYMENT}\n`, { finishFlush: constants.Z_SYNC_FLUSH });
    const source = {
      [Symbol.asyncIterator]: () => {
        const given = [begin];
        return {
          next: () => {
            const value = given.shift();
            return value ? Promise.resolve({ done: false as const, value }) : new Promise<never>(() => undefined);
          },
          return: () => {
            isLeft = true;
            return new Promise<never>(() => undefined);
          },
        };
      },
    };
    for await (const row of await parseStatement(source)) if (row.outTradeNo === '0012') break;
    expect(isLeft).toBe(true);
  });

  it('throws what the source throws, as it is', async () => {
    const reason = new TypeError('disk');
    // eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous
    async function* source(): AsyncGenerator<string, void> {
      yield `${HEADER}\n${PAYMENT}\n`;
      throw reason;
    }
    await expect(readAll(source())).rejects.toBe(reason);
  });
});
