import { afterAll, beforeAll, expect, it } from 'vitest';
import { refundOrder, WechatPayClient, type ResolutionState } from 'wechatpay-core';
import { advanceResolution, startResolution } from 'wechatpay-core/resolution';
import { durableOrderId, DurableOrders, type Reconciliation } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { Sandbox } from 'wechatpay-sandbox';
import { cli, variablesOf, type Ran } from '../../test/cli.js';

const HOUR_MS = 60 * 60 * 1_000;
/** Tomorrow in Beijing, by the machine's clock: certificates are made by it. */
const DASHED = new Date(Date.now() + 32 * HOUR_MS).toISOString().slice(0, 10);
const DAY = DASHED.replaceAll('-', '');
const MIDNIGHT = Date.parse(`${DASHED}T00:00:00+08:00`);

let sandbox: Sandbox;
let store: MemoryStore;
const now = (): number => sandbox.clock.now();
/** @param hours after the day began in Beijing */
const setClock = (hours: number): void => {
  sandbox.clock.advance(MIDNIGHT + hours * HOUR_MS - now());
};

beforeAll(async () => {
  sandbox = await Sandbox.start();
  setClock(12);
  store = new MemoryStore({ now });
  const client = new WechatPayClient({ ...sandbox.merchant, now });
  const worker = new DurableOrders({ store: store.share(), clients: client });
  await worker.start();
  await worker.pay({
    ...{ outTradeNo: 'A-1', body: 'tea', totalFee: 888, currency: 'HKD', spbillCreateIp: '203.0.113.7' },
    authCode: sandbox.customers.create({ behaviour: 'pays-at-once' }).authCode,
  });
  // Sold by a till that stores nothing.
  sandbox.orders.create({ outTradeNo: 'X-1', state: 'paid', totalFee: 500, createdAt: now() });
  await worker.stop();
  await client.close();
});
afterAll(() => sandbox.stop());

const run = (argv: string): Promise<Ran> =>
  cli(argv.split(' '), variablesOf(sandbox.merchant), { now, store: store.share() });

it('says that there is no statement yet, and counts nothing as missing', async () => {
  setClock(33.5);
  const ran = await run(`reconcile ${DAY} --json`);
  expect([ran.code, ran.json.error.reason]).toEqual([5, 'not-ready']);
  expect((await run('reconcile today')).code).toBe(2);
});

it('compares a day with the durable orders, until a person has looked at what differs', async () => {
  setClock(35);
  const ran = await run('reconcile yesterday --json');
  expect([ran.code, ran.json.result]).toEqual([
    4,
    expect.objectContaining({ date: DAY, rows: 2, agreed: 1, differing: 1, asking: 0, carried: 0, forPerson: 1 }),
  ]);
  expect(ran.json.result.differences).toMatchObject([
    { class: 'statement-only', kind: 'payment', outTradeNo: 'X-1', totalFee: 500, why: 'unknown-order' },
  ]);
  expect((await run(`reconcile ${DAY}`)).stdout).toMatch(
    /^X-1 +payment +HKD 5\.00 +no durable order is about it +needs a person/m,
  );

  expect((await run(`acknowledge ${DAY} X-1`)).code).toBe(2);
  expect((await run(`acknowledge ${DAY} X-1 --note old-till --dry-run --json`)).json.result.dryRun).toBe(true);
  expect((await run(`acknowledge ${DAY} X-1 --note old-till --yes --json`)).json.result).toEqual({
    ...{ date: DAY, kind: 'payment', outTradeNo: 'X-1', acknowledged: true },
  });
  expect(await run(`acknowledge ${DAY} A-1 --yes --json`)).toMatchObject({
    code: 1,
    json: { error: { code: 'NO_DIFFERENCE' } },
  });
  expect(await run(`acknowledge ${DAY} X-1 --class amount --yes`)).toMatchObject({ code: 2 });
  const again = await run(`reconcile ${DAY} --json`);
  expect([again.code, again.json.result.forPerson]).toEqual([0, 0]);
});

it('notes one difference of an order that has several: by its line, once it is named', async () => {
  sandbox.statements.addFault({ kind: 'row-doubled', row: 1, hidden: true });
  const { differences } = (await run(`reconcile ${DAY} --json`)).json.result as unknown as Reconciliation;
  const repeated = differences.find((each) => each.class === 'repeated')!;
  expect(repeated).toMatchObject({ outTradeNo: 'X-1', status: 'needs-person' });
  const named = { date: DAY, kind: 'payment', outTradeNo: 'X-1', class: 'repeated', line: repeated.line };
  const ran = await run(`acknowledge ${DAY} X-1 --class repeated --line ${repeated.line!} --yes --json`);
  expect(ran.json.result).toEqual({ ...named, acknowledged: true });
  expect(await run(`acknowledge ${DAY} X-1 --of-sub-merchant 501 --yes --json`)).toMatchObject({ code: 1 });
});

it("notes the difference of a refund by WeChat Pay's number of it", async () => {
  const client = new WechatPayClient({ ...sandbox.merchant, now });
  sandbox.orders.create({ outTradeNo: 'X-2', state: 'paid', totalFee: 700, createdAt: now() });
  await refundOrder(client, { outTradeNo: 'X-2', outRefundNo: 'R-2', totalFee: 700, refundFee: 200 });
  await client.close();
  setClock(59);
  const { date, differences } = (await run('reconcile yesterday --json')).json.result as unknown as Reconciliation;
  const { refundId } = differences.find(({ kind }) => kind === 'refund')!;
  expect(
    (await run(`acknowledge ${date} X-2 --kind refund --refund-id ${refundId!} --yes --json`)).json.result,
  ).toEqual({
    ...{ date, kind: 'refund', outTradeNo: 'X-2', refundId, acknowledged: true },
  });
});

it('notes that a late day was dealt with, and none that is not late', async () => {
  setClock(86.5);
  const late = await run('acknowledge yesterday --note by-hand --yes --json');
  expect(late).toMatchObject({ code: 0, json: { result: { acknowledged: true } } });
  for (const date of [DAY, 'yesterday']) {
    expect(await run(`acknowledge ${date} --yes --json`)).toMatchObject({
      code: 1,
      json: { error: { code: 'NOT_LATE' } },
    });
  }
  expect(await run('acknowledge yesterday --kind refund --yes --json')).toMatchObject({ code: 2 });
  expect((await run('acknowledge yesterday --dry-run --json')).json.result).toMatchObject({ dryRun: true });
});

it('says which orders it has set going, and which way their money goes', async () => {
  setClock(36);
  // Closed, and paid after that: by its policy, what was paid so goes back.
  const { merchantId } = sandbox.merchant;
  const order = { outTradeNo: 'C-1', orderCreatedAt: new Date(now()), product: 'unified-order' } as const;
  const begun = startResolution(order, now() + 100 * HOUR_MS, { ifPaidLate: 'refund' });
  const seenClosed = (state: ResolutionState, at: number): ResolutionState =>
    advanceResolution(state, { kind: 'queried', tradeState: 'CLOSED' }, { now: at });
  const state = seenClosed(seenClosed(begun, now()), now() + HOUR_MS);
  const outcome = { kind: 'closed', found: true } as const;
  const row = { merchantId, state, outcome, end: 1, endAt: now() };
  const client = new WechatPayClient({ ...sandbox.merchant, now });
  const orders = new DurableOrders({ store: store.share(), clients: client });
  await orders.start();
  await store.open();
  await store.enqueue(durableOrderId({ merchantId, outTradeNo: 'C-1' }), row, 0);
  await expect.poll(() => orders.list({ status: 'done' })).toContainEqual(expect.objectContaining({ outcome }));
  await orders.stop();
  setClock(37);
  sandbox.orders.create({ outTradeNo: 'C-1', state: 'paid', totalFee: 700, createdAt: now() });
  setClock(59);
  const ran = await run('reconcile yesterday --json');
  expect(ran.json.result.setGoing).toEqual([{ outTradeNo: 'C-1', merchantId, way: 'refund' }]);
  // It waits for a worker by now: nothing is set going twice.
  expect((await run('reconcile yesterday')).stdout).not.toContain('Set going');
  await client.close();
});
