// What seeing an order to its end costs above asking once, where the first answer is the end. In a process of its own.
import { queryOrder, settleOrder, WechatPayClient } from 'wechatpay-core';
import { clientConfig } from './contenders/client-config.js';
import { merchant, OUT_TRADE_NO, queryReplyFields, toXml } from './documents.js';
import { median, ratio } from './stats.js';
import { serve } from './worker.js';

serve((settings) => ({
  /** Over TLS, as it runs; and with a gateway that is a function, so that nothing but our own work is measured. */
  measure: async ({ settleRounds, settleCalls }) => {
    const body = Buffer.from(toXml(queryReplyFields('HMAC-SHA256')));
    const transport = () => Promise.resolve({ status: 200, body });
    return {
      calls: await compare(new WechatPayClient(clientConfig(settings)), settleRounds, settleCalls / 5),
      inProcess: await compare(new WechatPayClient({ ...merchant, transport }), settleRounds, settleCalls),
    };
  },
}));

/** `{ query, settle, ratio }`: µs of CPU a call, and the median of the rounds' ratios. */
async function compare(client, rounds, calls) {
  const order = { outTradeNo: OUT_TRADE_NO };
  const orderCreatedAt = new Date(Date.now() - 10_000); // the first query is due
  const contenders = {
    query: () => queryOrder(client, order),
    settle: () => settleOrder(client, { ...order, orderCreatedAt }),
  };
  const { outcome } = await contenders.settle();
  if (outcome.kind !== 'paid') throw new Error(`settled as ${outcome.kind}`);

  const micros = { query: [], settle: [] };
  for (const run of Object.values(contenders)) await spend(run, calls * 3);
  for (let round = 0; round < rounds; round += 1) {
    const names = round % 2 === 0 ? ['query', 'settle'] : ['settle', 'query'];
    for (const name of names) micros[name].push(await spend(contenders[name], calls));
  }
  await client.close();
  return { query: median(micros.query), settle: median(micros.settle), ratio: ratio(micros.settle, micros.query) };
}

async function spend(run, calls) {
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call += 1) await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}
