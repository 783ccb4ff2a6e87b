// Whole calls at several concurrencies. The contenders take turns, in rounds that begin with another one each time: what
// disturbs the machine hits all alike, and medians forget it.
import { checkContenders } from './check.js';
import { median } from './stats.js';
import { Worker } from './worker.js';

export const CONTENDERS = {
  floor: 'the floor',
  least: 'the floor, two hashes, the parser',
  core: '`reverseOrder`',
  nest: 'Nest `ReverseService`',
  tenpay: 'tenpay 2.1.18',
  tenpayKept: 'tenpay, agent of its HTTP client replaced',
  axios: 'wechatpay-axios-plugin 0.9.6',
  axiosKept: 'wechatpay-axios-plugin, `httpsAgent`',
};
export const LEVELS = [1, 16, 64];
export const NEST_LEVELS = [16, 64]; // those that have a bar
export const DELAY_MS = 50;

export async function measureCalls(gateway, settings, { rounds, turnMs, nestRounds, nestTurnMs, delayRounds, warmMs }) {
  const workers = {};
  for (const name of Object.keys(CONTENDERS)) {
    const file = name.replace('Kept', '-kept');
    workers[name] = await Worker.start('contender.js', settings, [file]);
  }
  const refusesForgery = await checkContenders(gateway, workers);
  for (const worker of Object.values(workers)) {
    await gateway.ask('turnOf', { who: worker.id });
    await worker.ask('turn', { concurrency: 16, warmMs, ms: 100 });
  }
  const contestants = Object.fromEntries(Object.keys(workers).map((name) => [name, { worker: workers[name] }]));

  const levels = {};
  const service = {};
  for (const concurrency of LEVELS) {
    console.error(`bench: calls, ${concurrency} at once`);
    levels[concurrency] = await alternate(gateway, contestants, { rounds, concurrency, warmMs: 150, ms: turnMs });
  }
  for (const concurrency of NEST_LEVELS) {
    console.error(`bench: the service in Nest, ${concurrency} at once`);
    const { nest: worker } = workers;
    const pair = { service: { worker }, plain: { worker, function: 'plain' } };
    const options = { rounds: nestRounds, concurrency, warmMs: 20, ms: nestTurnMs };
    service[concurrency] = await alternate(gateway, pair, options);
  }
  const memory = {};
  for (const [name, worker] of Object.entries(workers)) memory[name] = await worker.ask('memory');

  console.error(`bench: calls, with a delay of ${DELAY_MS} ms`);
  await gateway.ask('delay', { ms: DELAY_MS });
  const { floor, core, nest } = contestants;
  const options = { rounds: delayRounds, concurrency: 64, warmMs: 200, ms: 1000 };
  const delayed = await alternate(gateway, { floor, core, nest }, options);
  await gateway.ask('delay', { ms: 0 });

  for (const worker of Object.values(workers)) await worker.stop();
  return { refusesForgery, levels, service, delayed, memory };
}

/** For each contestant its figures, a list by rounds of each: `{ core: { callsPerSecond: […], … } }`. */
async function alternate(gateway, contestants, { rounds, ...options }) {
  const names = Object.keys(contestants);
  const figures = Object.fromEntries(names.map((name) => [name, {}]));
  for (let round = 0; round < rounds; round += 1) {
    for (let index = 0; index < names.length; index += 1) {
      const name = names[(index + round) % names.length];
      const { worker, function: which } = contestants[name];
      await gateway.ask('turnOf', { who: worker.id });
      const before = await gateway.ask('usage');
      const figure = await worker.ask('turn', { ...options, function: which });
      const after = await gateway.ask('usage');
      figure.handshakesPerCall = (after.handshakes - before.handshakes) / figure.total;
      figure.gatewayMicros = (after.cpuMicros - before.cpuMicros) / figure.total;
      for (const [key, value] of Object.entries(figure)) (figures[name][key] ??= []).push(value);
    }
  }
  return figures;
}

export function medians(figures) {
  return Object.fromEntries(Object.entries(figures).map(([key, values]) => [key, median(values)]));
}
