// What many merchants in one process cost: memory, the time until a merchant's first call, and asking again for all of them.
//
//   npm run build --workspace wechatpay-core --workspace wechatpay-sandbox && node --expose-gc bench/many-merchants.js [merchants]
import { MerchantRegistry, queryOrder, reverseOrder } from 'wechatpay-core';
import { Sandbox } from 'wechatpay-sandbox';

const MERCHANTS = Number(process.argv[2] ?? 10_000);
const CALLING = 20;

const sandbox = await Sandbox.start({ keepRequests: 0 });
const calling = [];
for (let index = 0; index < CALLING; index += 1) calling.push(await sandbox.merchants.create());
const { appId, apiKey, ca, baseUrl, certificate } = sandbox.merchant;
const { pfx, cert, key } = certificate;

/** Every other one has PEM files, as copies of their own. */
function made(merchantId) {
  const isPem = Number(merchantId) % 2 === 0;
  const own = isPem
    ? { cert: Buffer.from(cert), key: Buffer.from(key) }
    : { pfx: Buffer.from(pfx), passphrase: sandbox.merchant.merchantId };
  return { appId, merchantId, apiKey, ca, baseUrl, certificate: own };
}

const registry = new MerchantRegistry({
  maxClients: MERCHANTS + CALLING,
  load: (merchantId) => {
    const known = calling.find((merchant) => merchant.merchantId === merchantId);
    return known ? { ...known } : made(merchantId);
  },
});

const ids = Array.from({ length: MERCHANTS }, (_, index) => String(1_800_000_000 + index));
const before = memory();
const [firstGets, gets] = [[], []];
for (const id of ids) firstGets.push(await timed(() => registry.get(id)));
const after = memory();
for (const id of ids) gets.push(await timed(() => registry.get(id)));
const reloadMs = await timed(() => registry.reload());

const [firstCalls, nextCalls] = [[], []];
for (const merchant of calling) {
  const { outTradeNo } = sandbox.orders.create({ state: 'paid', merchant });
  const ask = async () => queryOrder(await registry.get(merchant.merchantId), { outTradeNo });
  firstCalls.push(await timed(ask));
  nextCalls.push(await timed(ask));
  await reverseOrder(await registry.get(merchant.merchantId), { outTradeNo });
}
await registry.close();
await sandbox.stop();

const of = (times) => ({ median: at(times, 0.5), p99: at(times, 0.99) });
console.log({
  merchants: MERCHANTS,
  perMerchantKiB: Math.round((after - before) / MERCHANTS / 102.4) / 10,
  allMiB: Math.round((after - before) / 2 ** 20),
  firstGetMs: of(firstGets),
  getMs: of(gets),
  reloadOfAllMs: Math.round(reloadMs),
  firstCallMs: of(firstCalls),
  nextCallMs: of(nextCalls),
});

function memory() {
  globalThis.gc();
  return process.memoryUsage().rss;
}

async function timed(work) {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function at(times, share) {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? 0) * 1000) / 1000;
}
