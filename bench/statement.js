// How fast wechatpay-core reads a statement of 27 columns, a tenth of whose product names hold a comma or a comma and a backtick, and how
// much memory that takes above the base. In a process of its own.
import { parseStatement } from 'wechatpay-core';
import { median, ratio } from './stats.js';
import { serve } from './worker.js';

serve(() => ({ measure: measureStatement }));

/**
 * `{ rows, rowsPerSecond, cutPerSecond, share, mebibytes }`: the medians of the rounds, by the CPU time of this process less what making the
 * file takes; what share that is of cutting alone, in the same round; the peak above the base.
 */
async function measureStatement({ statementRows: rows, statementRounds }) {
  await read(Math.min(rows, 50_000)); // warm
  cut(50_000);
  globalThis.gc();
  const base = process.memoryUsage.rss();
  const [speeds, cutting] = [[], []];
  let peak = base;
  for (let round = 0; round < statementRounds; round += 1) {
    const makingAt = cpuMs();
    for (const chunk of chunks(rows)) if (chunk.length === 0) throw new Error('an empty chunk');
    const makingMs = cpuMs() - makingAt;
    const readingAt = cpuMs();
    peak = Math.max(peak, await read(rows));
    speeds.push(rows / ((cpuMs() - readingAt - makingMs) / 1_000));
    const cuttingAt = cpuMs();
    cut(rows);
    cutting.push(rows / ((cpuMs() - cuttingAt - makingMs) / 1_000));
  }
  const [rowsPerSecond, cutPerSecond] = [median(speeds), median(cutting)];
  return { rows, rowsPerSecond, cutPerSecond, share: ratio(speeds, cutting), mebibytes: (peak - base) / 2 ** 20 };
}

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** The floor: text, lines and cells, as `split` makes them; right for no file in which a name holds a comma and a backtick. */
function cut(rows) {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let cells = 0;
  for (const chunk of chunks(rows)) {
    for (const line of decoder.decode(chunk).split('\n')) cells += line.split(',`').length;
  }
  if (cells < rows * 27) throw new Error(`${cells} cells are too few`);
}

/** @returns the most memory that the process had. */
async function read(rows) {
  const statement = await parseStatement(chunks(rows));
  let count = 0;
  let peak = 0;
  for await (const { totalFee, fee } of statement) {
    if (totalFee !== 888 || fee !== '0.05328') throw new Error(`row ${count} is wrong`);
    count += 1;
    if (count % 50_000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
  }
  if (statement.summary?.count !== rows) throw new Error('the summary is missing');
  return peak;
}

const HEADER =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,' +
  '微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
const SUMMARY = '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';
const NAMES = ['Tea', 'Tea, "hot"', 'Tea', 'Cake', 'Tea', 'Tea', 'Tea,`hot', 'Cake', 'Tea', 'Tea'];

function* chunks(rows) {
  yield Buffer.from(`\uFEFF${HEADER}\r\n`);
  for (let from = 0; from < rows; from += 200) {
    let text = '';
    for (let row = from; row < Math.min(from + 200, rows); row += 1) {
      const number = String(row).padStart(12, '0');
      text +=
        `\`2026-03-01 12:34:56,\`wx1111111111111111,\`1900000301,\`0,\`,\`4200009999202603${number},\`order-${number},` +
        `\`oTest${number}0000000000,\`MICROPAY,\`SUCCESS,\`OTHERS,\`HKD,\`8.88,\`0.00,\`0,\`0,\`0.00,\`0.00,\`,\`,` +
        `\`${NAMES[row % 10]},\`a,b,\`0.05328,\`0.60%,\`8.88,\`0.00,\`\r\n`;
    }
    yield Buffer.from(text);
  }
  const total = `${(BigInt(rows) * 888n) / 100n}.${String((BigInt(rows) * 888n) % 100n).padStart(2, '0')}`;
  const fee = BigInt(rows) * 5328n;
  yield Buffer.from(
    `${SUMMARY}\r\n\`${rows},\`${total},\`0.00,\`0.00,\`${fee / 100_000n}.${String(fee % 100_000n).padStart(5, '0')},\`${total},\`0.00\r\n`,
  );
}
