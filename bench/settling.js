// What seeing an order to its end costs above asking once, where the first answer is the end. In a process of its own; the
// gateway is a function, so that nothing but our own work is measured.
import { encode, queryOrder, settleOrder, sign, WechatPayClient } from 'wechatpay-core';
import { merchant } from './documents.js';
import { median, ratio } from './stats.js';
import { serve } from './worker.js';

serve(() => ({ measure: measureSettling }));

const order = { outTradeNo: '1415757673' };

/** `{ query, settle, ratio }`: µs of CPU a call, and the median of the rounds' ratios. */
async function measureSettling({ settleRounds, settleCalls }) {
  const { appId, merchantId, apiKey } = merchant;
  const reply = {
    return_code: 'SUCCESS',
    appid: appId,
    mch_id: merchantId,
    nonce_str: 'o5bAKF3o2ypC8hwa',
    result_code: 'SUCCESS',
    trade_state: 'SUCCESS',
    transaction_id: '1217752501201407033233368018',
    out_trade_no: order.outTradeNo,
    total_fee: '888',
    fee_type: 'HKD',
    cash_fee: '888',
    time_end: '20141111170043',
  };
  const body = Buffer.from(encode({ ...reply, sign: sign(reply, apiKey, 'HMAC-SHA256') }));
  const transport = () => Promise.resolve({ status: 200, body });
  const client = new WechatPayClient({ appId, merchantId, apiKey, transport });
  const orderCreatedAt = new Date(Date.now() - 10_000); // the first query is due
  const contenders = {
    query: () => queryOrder(client, order),
    settle: () => settleOrder(client, { ...order, orderCreatedAt }),
  };
  const { outcome } = await contenders.settle();
  if (outcome.kind !== 'paid') throw new Error(`settled as ${outcome.kind}`);

  const micros = { query: [], settle: [] };
  for (const run of Object.values(contenders)) await spend(run, settleCalls * 3);
  for (let round = 0; round < settleRounds; round += 1) {
    for (const [name, run] of Object.entries(contenders)) micros[name].push(await spend(run, settleCalls));
  }
  return { query: median(micros.query), settle: median(micros.settle), ratio: ratio(micros.settle, micros.query) };
}

async function spend(run, calls) {
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call += 1) await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}
