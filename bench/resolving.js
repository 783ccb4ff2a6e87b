// What resolving an order costs above asking once, where the first answer is the end. In a process of its own.
import { queryOrder, resolveOrder, WechatPayClient } from 'wechatpay-core';
import { clientConfig } from './contenders/client-config.js';
import { merchant, OUT_TRADE_NO, queryReplyFields, toXml } from './documents.js';
import { median, ratio } from './stats.js';
import { serve } from './worker.js';

serve((settings) => ({
  /** Over TLS, as it runs; and with a gateway that is a function, so that nothing but our own work is measured. */
  measure: async ({ resolveRounds, resolveCalls }) => {
    const body = Buffer.from(toXml(queryReplyFields('HMAC-SHA256')));
    const transport = () => Promise.resolve({ status: 200, body });
    return {
      calls: await compare(new WechatPayClient(clientConfig(settings)), resolveRounds, resolveCalls / 5),
      inProcess: await compare(new WechatPayClient({ ...merchant, transport }), resolveRounds, resolveCalls),
    };
  },
}));

/** `{ query, resolve, ratio }`: µs of CPU a call, and the median of the rounds' ratios. */
async function compare(client, rounds, calls) {
  const order = { outTradeNo: OUT_TRADE_NO };
  const orderCreatedAt = new Date(Date.now() - 10_000); // the first query is due
  const contenders = {
    query: () => queryOrder(client, order),
    resolve: () => resolveOrder(client, { ...order, orderCreatedAt }),
  };
  const { outcome } = await contenders.resolve();
  if (outcome.kind !== 'paid') throw new Error(`resolved as ${outcome.kind}`);

  const micros = { query: [], resolve: [] };
  for (const run of Object.values(contenders)) await spend(run, calls * 3);
  for (let round = 0; round < rounds; round += 1) {
    const names = round % 2 === 0 ? ['query', 'resolve'] : ['resolve', 'query'];
    for (const name of names) micros[name].push(await spend(contenders[name], calls));
  }
  await client.close();
  return { query: median(micros.query), resolve: median(micros.resolve), ratio: ratio(micros.resolve, micros.query) };
}

async function spend(run, calls) {
  const before = process.cpuUsage();
  for (let call = 0; call < calls; call += 1) await run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / calls;
}
