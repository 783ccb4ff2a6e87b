// `node bench/statement.js [rows]`: how fast the built wechatpay-core reads a statement of 27 columns, a tenth of its product names
// holding a comma or a comma and a backtick, and how much memory that takes above the base. Bars: 400,000 rows/s, 96 MiB.
import { parseStatement } from 'wechatpay-core';

const ROWS = Number(process.argv[2] ?? 1_000_000);
const HEADER =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,' +
  '微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
const SUMMARY = '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';
const NAMES = ['Tea', 'Tea, "hot"', 'Tea', 'Cake', 'Tea', 'Tea', 'Tea,`hot', 'Cake', 'Tea', 'Tea'];

function* chunks() {
  yield Buffer.from(`\uFEFF${HEADER}\r\n`);
  for (let from = 0; from < ROWS; from += 200) {
    let text = '';
    for (let row = from; row < Math.min(from + 200, ROWS); row += 1) {
      const number = String(row).padStart(12, '0');
      text +=
        `\`2026-03-01 12:34:56,\`wx1111111111111111,\`1900000301,\`0,\`,\`4200009999202603${number},\`order-${number},` +
        `\`oTest${number}0000000000,\`MICROPAY,\`SUCCESS,\`OTHERS,\`HKD,\`8.88,\`0.00,\`0,\`0,\`0.00,\`0.00,\`,\`,` +
        `\`${NAMES[row % 10]},\`a,b,\`0.05328,\`0.60%,\`8.88,\`0.00,\`\r\n`;
    }
    yield Buffer.from(text);
  }
  const total = `${(BigInt(ROWS) * 888n) / 100n}.${String((BigInt(ROWS) * 888n) % 100n).padStart(2, '0')}`;
  const fee = BigInt(ROWS) * 5328n;
  yield Buffer.from(
    `${SUMMARY}\r\n\`${ROWS},\`${total},\`0.00,\`0.00,\`${fee / 100_000n}.${String(fee % 100_000n).padStart(5, '0')},\`${total},\`0.00\r\n`,
  );
}

async function read() {
  const statement = await parseStatement(chunks());
  let rows = 0;
  let peak = 0;
  for await (const { totalFee, fee } of statement) {
    if (totalFee !== 888 || fee !== '0.05328') throw new Error(`row ${rows} is wrong`);
    rows += 1;
    if (rows % 50_000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
  }
  if (statement.summary?.count !== ROWS) throw new Error('the summary is missing');
  return peak;
}

for (const chunk of chunks()) if (chunk.length === 0) throw new Error('an empty chunk');
const base = process.memoryUsage.rss();
const makingAt = performance.now();
for (const chunk of chunks()) if (chunk.length === 0) throw new Error('an empty chunk');
const makingMs = performance.now() - makingAt;
const readingAt = performance.now();
const peak = await read();
const readingMs = performance.now() - readingAt - makingMs;
console.log(
  `${Math.round(ROWS / (readingMs / 1_000)).toLocaleString('en')} rows/s (without making them: ${Math.round(makingMs)} ms), ` +
    `${Math.round((peak - base) / 2 ** 20)} MiB above the base`,
);
