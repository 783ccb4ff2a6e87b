import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WechatPayClient } from 'wechatpay-core';
import { DurableOrders, type OrderStore } from 'wechatpay-durable';
import { EmbeddedStore } from 'wechatpay-durable/embedded';
import { MemoryStore } from 'wechatpay-durable/memory';
import { Sandbox, type Order } from 'wechatpay-sandbox';
import { cli, variablesOf, type Ran } from '../../test/cli.js';
import type { Io } from '../index.js';

// What returns money by hand, where durable refunds of the same order may return it too.

let sandbox: Sandbox;
let client: WechatPayClient;
let env: Record<string, string>;
let store: MemoryStore;
let order: Order;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  sandbox = await Sandbox.start();
  client = new WechatPayClient(sandbox.merchant);
  env = variablesOf(sandbox.merchant);
});
beforeEach(() => {
  store = new MemoryStore();
  order = sandbox.orders.create({ state: 'paid', outTradeNo: 'T-1', totalFee: 888, currency: 'HKD' });
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  sandbox.reset();
});
afterAll(async () => {
  await client.close();
  await sandbox.stop();
});

const wechatpay = (argv: string, given: Partial<Io> = { store: store.share() }): Promise<Ran> =>
  cli(argv.split(' '), env, given);
const submissions = (): number => sandbox.requests.filter(({ path }) => path === '/secapi/pay/refund').length;
const PART = { outTradeNo: 'T-1', totalFee: 888, refundCurrency: 'HKD' };
/** Old enough to be reversed: a minute. */
const created = (): string => new Date(Date.now() - 60_000).toISOString();

/** The application, which stores refunds; a worker where it works. */
async function application(on: OrderStore = store.share(), work = false): Promise<DurableOrders> {
  const orders = new DurableOrders({ store: on, clients: client });
  await orders.start({ work });
  closing.push(() => orders.stop());
  return orders;
}

describe('beside a durable refund that waits', () => {
  beforeEach(async () => {
    await (await application()).refund({ ...PART, outRefundNo: 'R1', refundFee: 300 });
  });

  it.each<[string, string]>([
    ['refund T-1 --amount 3.00', 'refund'],
    ['refund T-1 --all', 'refund'],
    ['reverse T-1', 'reverse'],
    ['resolve T-1 --if-paid reverse', 'resolve'],
  ])('%s is refused, and names it', async (argv) => {
    const ran = await wechatpay(`${argv} --yes --json`);
    expect([ran.code, ran.json.error]).toEqual([
      1,
      expect.objectContaining({
        code: 'REFUNDS_OPEN',
        message: expect.stringContaining('HKD 3.00 R1 (waiting)') as string,
        outRefundNos: ['R1'],
      }),
    ]);
    expect(order.money.refunded).toBe(0);
    expect(sandbox.requests.filter(({ path }) => path.startsWith('/secapi/'))).toEqual([]);
  });

  it('a refund is stored beside it where a person insists: together never more than was paid', async () => {
    const ran = await wechatpay('refund T-1 --all --beside-open-refunds --yes --json --timeout 1');
    expect([ran.code, ran.json.result]).toEqual([
      3,
      expect.objectContaining({ refundFee: 588, durable: true, proven: false, knownBefore: false }),
    ]);
    expect(ran.stderr).toMatch(/Durable refunds +HKD 3\.00 R1 \(waiting\)/);
    const orders = await application();
    const refunds = await orders.find({ outTradeNo: 'T-1', kind: 'refund' });
    expect(refunds.map(({ state }) => state.request.refundFee)).toEqual([300, 588]);
    const { timeline } = (await orders.explain({ outRefundNo: ran.json.result.outRefundNo as string }))!;
    expect(timeline[0]).toMatchObject({ fields: { by: 'refund', actor: expect.stringMatching(/^cli/) as string } });
    // The same command is the same refund, and is no other one beside itself.
    const again = await wechatpay('refund T-1 --all --beside-open-refunds --yes --json --timeout 1');
    expect(again.json.result).toMatchObject({ outRefundNo: ran.json.result.outRefundNo, knownBefore: true });
    expect(await orders.find({ outTradeNo: 'T-1', kind: 'refund' })).toHaveLength(2);
    expect(submissions()).toBe(0);
    // And the application has no more to refund.
    await expect(orders.refund({ ...PART, outRefundNo: 'R3', refundFee: 1 })).rejects.toThrow(/0 of 888 are left/);
  });

  it('an order is reversed where a person insists', async () => {
    const ran = await wechatpay(`reverse T-1 --beside-open-refunds --yes --json --created ${created()}`);
    expect([ran.code, ran.json.result.proven]).toEqual([0, true]);
  });

  it('everything is as before once it was called off', async () => {
    await (await application()).cancel({ outRefundNo: 'R1' });
    const ran = await wechatpay(`reverse T-1 --yes --json --created ${created()}`);
    expect([ran.code, ran.json.result.proven]).toEqual([0, true]);
    expect(ran.stderr).toMatch(/Durable refunds +HKD 3\.00 R1 \(cancelled\)/);
  });
});

describe('refund, with a store', () => {
  it('is made by a worker, whose end it waits for; the next one shows it', async () => {
    await application(store.share(), true);
    const ran = await wechatpay('refund T-1 --amount 3.00 --yes --json');
    expect([ran.code, ran.json.result]).toEqual([
      0,
      expect.objectContaining({
        proven: true,
        durable: true,
        outcome: expect.objectContaining({ kind: 'refunded' }) as unknown,
      }),
    ]);
    expect([order.money.refunded, submissions()]).toEqual([300, 1]);
    const next = await wechatpay('refund T-1 --amount 1.00 --dry-run');
    expect(next.stderr).toMatch(/Durable refunds +HKD 3\.00 cli\w+ \(refunded\)/);
    expect(next.stderr).toMatch(/Left after it +HKD 4\.88/);
  });

  it('is refused where the order is being reversed', async () => {
    const orders = await application();
    await orders.enqueue({ outTradeNo: 'T-1', orderCreatedAt: new Date(Date.now() - 60_000), totalFee: 888 });
    await orders.reverse({ outTradeNo: 'T-1', orderCreatedAt: new Date(Date.now() - 60_000), totalFee: 888 });
    const ran = await wechatpay('refund T-1 --amount 3.00 --yes --json');
    expect([ran.code, ran.json.error.message]).toEqual([2, expect.stringContaining('being reversed')]);
    expect(submissions()).toBe(0);
  });

  it('is stored in a folder without waiting, since nobody works there meanwhile', { timeout: 120_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wechatpay-cli-'));
    const ran = await wechatpay(`refund T-1 --amount 3.00 --yes --json --folder ${folder}`, {});
    expect([ran.code, ran.json.result]).toEqual([3, expect.objectContaining({ durable: true, refundFee: 300 })]);
    const again = await wechatpay(`refund T-1 --amount 1.00 --yes --json --folder ${folder}`, {});
    expect([again.code, again.json.error.code]).toEqual([1, 'REFUNDS_OPEN']);
    expect(submissions()).toBe(0);
    const orders = await application(new EmbeddedStore({ folder, onNote: () => undefined }));
    expect(await orders.find({ outTradeNo: 'T-1', kind: 'refund' })).toHaveLength(1);
  });
});

describe('reverse, where the store has the order', () => {
  const stored = { outTradeNo: 'T-1', orderCreatedAt: new Date(Date.now() - 60_000), totalFee: 888, currency: 'HKD' };

  it.each(['reverse T-1', 'resolve T-1 --if-paid reverse'])(
    '%s is done by a worker, and its books say so',
    async (argv) => {
      const orders = await application(store.share(), true);
      await orders.enqueue(stored);
      await orders.wait({ outTradeNo: 'T-1' });
      const ran = await wechatpay(`${argv} --yes --json`);
      expect([ran.code, ran.json.result]).toEqual([
        0,
        expect.objectContaining({ outcome: { kind: 'reversed' }, proven: true, durable: true }) as object,
      ]);
      expect(ran.stderr).toMatch(/Durable order +paid; it is stored there/);
      expect(order.money.refunded).toBe(888);
      expect((await orders.get({ outTradeNo: 'T-1' }))!.outcome).toEqual({ kind: 'reversed' });
      const { timeline } = (await orders.explain({ outTradeNo: 'T-1' }))!;
      const { fields } = timeline.find(({ kind }) => kind === 'reopened')!;
      expect(fields).toMatchObject({ by: 'reverse', actor: expect.stringMatching(/^cli/) as string });
    },
  );

  it('no refund can be stored beside it, however long it takes', async () => {
    const orders = await application();
    await orders.enqueue(stored);
    const ran = await wechatpay('reverse T-1 --yes --json --timeout 1');
    expect([ran.code, ran.json.result]).toEqual([3, { outTradeNo: 'T-1', proven: false, durable: true }]);
    await expect(orders.refund({ ...PART, outRefundNo: 'R1', refundFee: 300 })).rejects.toThrow(/being reversed/);
    expect(sandbox.requests.filter(({ path }) => path.startsWith('/secapi/'))).toEqual([]);
  });

  it('what was paid goes back, whatever it should have cost', async () => {
    const orders = await application(store.share(), true);
    await orders.enqueue({ ...stored, totalFee: 999 });
    await orders.wait({ outTradeNo: 'T-1' });
    const ran = await wechatpay('reverse T-1 --yes --json');
    expect([ran.code, ran.json.result.outcome, order.money.refunded]).toEqual([0, { kind: 'reversed' }, 888]);
  });

  it('another amount than is named is left to a person', async () => {
    const orders = await application(store.share(), true);
    await orders.enqueue({ ...stored, totalFee: 999 });
    await orders.wait({ outTradeNo: 'T-1' });
    const now = (): number => sandbox.clock.now();
    const wait = (until: number): Promise<void> => {
      sandbox.clock.advance(Math.max(0, until - now()));
      return Promise.resolve();
    };
    const argv = 'resolve T-1 --if-paid reverse --amount 9.99 --yes --json';
    const ran = await wechatpay(argv, { store: store.share(), now, wait });
    expect([ran.code, order.money.refunded]).toEqual([4, 0]);
  });

  it('is done here where it is told not to look', async () => {
    await (await application()).enqueue(stored);
    const ran = await wechatpay(`reverse T-1 --yes --json --without-store --created ${created()}`);
    expect([ran.code, ran.json.result.proven, ran.json.result.durable]).toEqual([0, true, undefined]);
  });
});

describe('without a look at the store', () => {
  it('the plan says so where none is named', async () => {
    const ran = await wechatpay('refund T-1 --amount 3.00 --dry-run', {});
    expect(ran.stderr).toMatch(/Durable refunds +not looked at: no store is named/);
    expect((await wechatpay('reverse T-1 --dry-run', {})).stderr).toMatch(/Durable refunds +not looked at/);
  });

  it('nothing is sent where the one that is named cannot be opened, unless it is told not to look', async () => {
    env = { ...env, DATABASE_URL: 'postgres://127.0.0.1:1/none' };
    try {
      const ran = await wechatpay('refund T-1 --amount 3.00 --yes --json', {});
      expect([ran.code, ran.json.error.message]).toEqual([1, expect.stringContaining('--without-store')]);
      expect(submissions()).toBe(0);
      const wait = (): Promise<void> => Promise.resolve();
      const told = await wechatpay('refund T-1 --amount 3.00 --yes --json --without-store', { wait });
      expect([told.code, told.json.result]).toEqual([0, expect.objectContaining({ durable: false, proven: true })]);
      // Of another database there is nothing to look at.
      env = { ...env, DATABASE_URL: 'mysql://127.0.0.1/shop' };
      expect((await wechatpay('refund T-1 --amount 1.00 --dry-run', {})).stderr).toContain('not looked at');
    } finally {
      delete env.DATABASE_URL;
    }
  });
});
