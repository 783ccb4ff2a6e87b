import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect } from 'vitest';
import { isWechatPayError } from '../../src/index.js';
import { EDITIONS, rowOf, ST1, summaryOf } from './editions.js';
import { chunked, readAll } from './read-all.js';

// What holds of every file: tried a few hundred times by the specs, and for as long as it may take by `npm run fuzz`.

const [ALL] = EDITIONS as [(typeof EDITIONS)[0], ...typeof EDITIONS];
const WHOLE = Buffer.from(ST1.join('\r\n'));
const HEADER = Buffer.from(`${ALL.header}\n`);

/** Whether reading ends, with rows that are whole or with an error of this library. */
export async function endsWell(bytes: Uint8Array, size: number): Promise<void> {
  try {
    await readAll(chunked(bytes, size));
  } catch (error) {
    expect(isWechatPayError(error) && error.code, String(error)).toBe('WECHATPAY_STATEMENT');
  }
}

const anySize = fc.integer({ min: 1, max: 64 });
const anyBytes = fc.uint8Array({ maxLength: 400 });
const free = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .filter((value) => !value.includes(',`') && !/[\r\n]/.test(value));
const hostile = fc
  .array(fc.constantFrom(',`', '`', ',', 'a', '总交易单数', ' ', '\t', '"', '\uFEFF'), { maxLength: 12 })
  .map((parts) => parts.join(''));
const names = fc.shuffledSubarray(
  [...new Set(EDITIONS.flatMap(({ header }) => header.split(/[,，]/))), '新列', '__proto__', 'constructor', '', ' '],
  { minLength: 1 },
);

const statement = (header: string, rows: readonly string[], sums: string, lineEnd = '\n'): string =>
  [header, ...rows, ALL.summary, sums].join(lineEnd);

function decimal(value: bigint): string {
  const digits = value.toString().padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

export const PROPERTIES: readonly (readonly [name: string, property: fc.IAsyncPropertyWithHooks<unknown>])[] = [
  ['ends at any bytes', fc.asyncProperty(anyBytes, anySize, endsWell)],
  [
    'ends at any bytes behind a header',
    fc.asyncProperty(anyBytes, anySize, (noise, size) => endsWell(Buffer.concat([HEADER, noise]), size)),
  ],
  [
    'ends at a statement with any bytes in it',
    fc.asyncProperty(anyBytes, fc.nat(WHOLE.length), fc.nat(40), anySize, (noise, at, cut, size) =>
      endsWell(Buffer.concat([WHOLE.subarray(0, at), noise, WHOLE.subarray(at + cut)]), size),
    ),
  ],
  [
    'ends at gzip with any byte changed',
    fc.asyncProperty(fc.nat(400), fc.integer({ min: 1, max: 255 }), anySize, (at, change, size) =>
      endsWell(
        gzipSync(WHOLE).map((byte, index) => (index === at ? byte ^ change : byte)),
        size,
      ),
    ),
  ],
  [
    'ends at any header, any lines behind it',
    fc.asyncProperty(names, fc.array(hostile, { maxLength: 8 }), anySize, (header, lines, size) =>
      endsWell(Buffer.from([header.join(','), ...lines].join('\n')), size),
    ),
  ],
  [
    'changes no text',
    fc.asyncProperty(free, free, free, anySize, async (body, attach, number, size) => {
      const outTradeNo = `n${number}`;
      const row = rowOf(ALL.header, { 商品名称: body, 商户数据包: attach, 商户订单号: outTradeNo });
      const { rows } = await readAll(
        chunked(Buffer.from(statement(ALL.header, [row], summaryOf(ALL.summary), '\r\n')), size),
      );
      expect(rows[0]).toMatchObject({
        outTradeNo,
        body: body || undefined,
        attach: attach || undefined,
        totalFee: 888,
      });
    }),
  ],
  [
    'changes nothing but free text where that holds separators',
    fc.asyncProperty(hostile, hostile, async (body, attach) => {
      const row = rowOf(ALL.header, { 商品名称: body, 商户数据包: attach });
      const { rows } = await readAll(statement(ALL.header, [row], summaryOf(ALL.summary)));
      const { body: gotBody, attach: gotAttach, unsplit, ...rest } = rows[0]!;
      expect(rest).toMatchObject({ outTradeNo: '0012', totalFee: 888, settlementTotalFee: 888, fee: '0.05328' });
      expect(unsplit ?? `${gotBody ?? ''},\`${gotAttach ?? ''}`).toBe(`${body},\`${attach}`);
    }),
  ],
  [
    'reads columns in any order the same',
    fc.asyncProperty(fc.shuffledSubarray(ALL.header.split(','), { minLength: 27 }), async (header) => {
      const moved = header.join(',');
      const [expected, found] = await Promise.all(
        [ALL.header, moved].map((each) => readAll(statement(each, [rowOf(each)], summaryOf(ALL.summary)))),
      );
      expect(found!.rows).toEqual(expected!.rows);
    }),
  ],
  [
    'adds up what the rows say, to the last place',
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 10 ** 9 }), { minLength: 1, maxLength: 30 }),
      async (amounts) => {
        const rows = amounts.map((amount) =>
          rowOf(ALL.header, { 订单金额: decimal(BigInt(amount)), 手续费: '0.00000' }),
        );
        const total = decimal(amounts.reduce((sum, amount) => sum + BigInt(amount), 0n));
        const due = decimal(888n * BigInt(amounts.length));
        const sums = `\`${amounts.length},\`${due},\`0.00,\`0.00,\`0,\`${total},\`0.00`;
        const read = await readAll(statement(ALL.header, rows, sums));
        expect(read.rows.map(({ totalFee }) => totalFee)).toEqual(amounts);
        expect(read.summary.sums.totalFee).toBe(total);
      },
    ),
  ],
];

/** Files of a size to be chosen, over which a careless reader takes the square of it. */
export const GROWING: Readonly<Record<string, (size: number) => Buffer>> = {
  lines: (size) => Buffer.from(`${ALL.header}\n${`${rowOf(ALL.header)}\n`.repeat(size / 350)}`),
  'a long line': (size) => Buffer.from(`${ALL.header}\n\`${'x'.repeat(size)}`),
  'line feeds behind half a row': (size) => Buffer.from(`${ALL.header}\n\`a${'\n'.repeat(size)}`),
  'commas and spaces': (size) => Buffer.from(`${ALL.header}\n\`${`,${' '.repeat(50)}`.repeat(size / 51)}\n`),
  separators: (size) => Buffer.from(`${ALL.header}\n\`${',`'.repeat(size / 2)}\n`),
  digits: (size) => Buffer.from(`${ALL.header}\n${rowOf(ALL.header, { 订单金额: '1'.repeat(size) })}`),
  'a time': (size) => Buffer.from(`${ALL.header}\n${rowOf(ALL.header, { 交易时间: `2026-03-01${' '.repeat(size)}` })}`),
  columns: (size) => Buffer.from(`${ALL.header},${'a,'.repeat(size / 2)}\n`),
  'a summary': (size) =>
    Buffer.from(`${ALL.header}\n总交易单数,${'a,'.repeat(size / 4)}\n\`0${',`0'.repeat(size / 8)}`),
  markup: (size) => Buffer.from(`<xml>${'<a>'.repeat(size / 3)}`),
  'blank lines': (size) => Buffer.from(' \n'.repeat(size / 2)),
};
