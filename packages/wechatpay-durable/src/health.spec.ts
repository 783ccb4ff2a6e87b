import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openClockedShop, SECOND } from '../test/clocked-shop.js';
import { durableHealth, reportEnd, type DurableOrders, type EndEvent } from './index.js';
import { MemoryStore } from './stores/memory.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const codesOf = async (durableOrders: DurableOrders, rules = {}): Promise<string[]> => {
  const { status, findings } = await durableHealth(durableOrders, rules);
  return [status, ...findings.map(({ code }) => code)];
};

it('is degraded by each rule that does not hold, and down where the store does not answer', async () => {
  const store = new (class extends MemoryStore {
    isGone = false;
    aheadMs = 0;
    now(): Promise<number> {
      return Promise.resolve(shop.clock.time + this.aheadMs);
    }
    override counts(): ReturnType<MemoryStore['counts']> {
      return this.isGone ? Promise.reject(new Error('connection lost')) : super.counts();
    }
  })();
  const shop: Awaited<ReturnType<typeof openClockedShop>> = await openClockedShop({ store, works: false });
  const { durableOrders } = shop;
  expect(await durableHealth(durableOrders)).toMatchObject({ status: 'up', counts: { dead: 0 }, findings: [] });

  store.aheadMs = 6 * SECOND;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(durableOrders.clockSkews()).toMatchObject([{ merchantId: '10000100' }, { merchantId: '10000200' }]);
  expect(await codesOf(durableOrders)).toEqual(['degraded', 'clock-skew', 'clock-skew']);
  store.aheadMs = 0;
  await vi.advanceTimersByTimeAsync(30_000);

  store.isGone = true;
  expect(await durableHealth(durableOrders)).toEqual({
    status: 'down',
    findings: [
      { code: 'store-unreachable', status: 'down', message: expect.stringContaining('Check the database') as string },
    ],
  });
});

it('is down where the store hangs, whose next probe holds no connection more, and up once it answers', async () => {
  const store = new (class extends MemoryStore {
    asked = 0;
    release: (() => void) | undefined;
    override async counts(): ReturnType<MemoryStore['counts']> {
      this.asked += 1;
      if (this.asked === 1) await new Promise<void>((resolve) => (this.release = resolve));
      return super.counts();
    }
  })();
  const { durableOrders } = await openClockedShop({ store, works: false });
  expect(await codesOf(durableOrders, { storeTimeoutMs: 10 })).toEqual(['down', 'store-unreachable']);
  expect(await codesOf(durableOrders, { storeTimeoutMs: 0 })).toEqual(['down', 'store-unreachable']);
  expect(store.asked).toBe(1);
  store.release?.();
  await vi.waitFor(async () => {
    expect(await codesOf(durableOrders)).toEqual(['up']);
  });
  await expect(durableHealth(durableOrders, { storeTimeoutMs: 2 ** 31 })).rejects.toThrow(
    /^storeTimeoutMs: must be at most/,
  );
});

it('counts what is dead and what is late, by rules that can be given', async () => {
  const shop = await openClockedShop();
  const { durableOrders } = shop;
  shop.answer = () => ({ trade_state: 'SUCCESS', transaction_id: '42A1', total_fee: '1', fee_type: 'HKD' });
  await shop.enqueue('A1');
  await shop.pass(20 * SECOND);
  await shop.pass(20 * SECOND);
  expect(await codesOf(durableOrders)).toEqual(['degraded', 'dead-orders']);
  expect(await codesOf(durableOrders, { maxDead: 1 })).toEqual(['up']);
  const idle = await openClockedShop({ works: false });
  await idle.enqueue('A1');
  idle.clock.time += 60 * SECOND;
  expect(await codesOf(idle.durableOrders)).toEqual(['up']);
  idle.clock.time += 60 * SECOND;
  expect(await codesOf(idle.durableOrders)).toEqual(['degraded', 'orders-late']);
  expect(await codesOf(idle.durableOrders, { maxLateMs: 600_000 })).toEqual(['up']);
  await expect(durableHealth(durableOrders, { maxLate: 1 } as object)).rejects.toThrow(/Did you mean maxLateMs\?/);
  await expect(durableHealth(durableOrders, { maxDead: -1 })).rejects.toThrow(/^maxDead: must be a number/);
});

it('names the merchant whose calls fail and whose orders are held back', async () => {
  const shop = await openClockedShop();
  shop.answer = () => ({ unsigned: '<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>' });
  for (const outTradeNo of ['A1', 'A2', 'A3', 'A4']) await shop.enqueue(outTradeNo);
  for (let time = 0; time < 6; time += 1) await shop.pass(30 * SECOND);
  const { status, findings } = await durableHealth(shop.durableOrders, { maxLateMs: Infinity });
  expect(status).toBe('degraded');
  expect(findings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
    expect.stringMatching(/^merchant-problem: Merchant 10000100: .*WECHATPAY_GATEWAY_FAIL/),
    expect.stringMatching(/^merchant-paused: Merchant 10000100: \d+ orders .*WECHATPAY_GATEWAY_FAIL/),
  ]);
});

it('puts each end into words: the order, its merchant, how and why, and what to do where a person has to', async () => {
  const shop = await openClockedShop();
  shop.answer = ({ outTradeNo }) =>
    outTradeNo === 'A2'
      ? { trade_state: 'SUCCESS', transaction_id: '42A2', total_fee: '1', fee_type: 'HKD' }
      : undefined;
  await shop.enqueue('A1');
  await shop.enqueue('A2');
  await shop.pass(20 * SECOND);
  await shop.pass(20 * SECOND);
  const reports = shop.events
    .filter((event): event is EndEvent => event.kind === 'resolved')
    .sort((one, other) => one.outTradeNo.localeCompare(other.outTradeNo))
    .map(reportEnd);
  expect(reports[0]).toEqual({ needsPerson: false, message: 'Order A1 of merchant 10000100 ended as paid (end 1).' });
  expect(reports[1]?.needsPerson).toBe(true);
  expect(reports[1]?.message).toMatch(
    /^Order A2 of merchant 10000100 ended as needs-attention \(end 1\): .+\. A person has to look: `explain`.*`redrive`/,
  );
  const unreadable = { kind: 'resolved', id: 'i', merchantId: '1', outTradeNo: '', end: 1 } as const;
  expect(reportEnd({ ...unreadable, endedAt: new Date(), outcome: { kind: 'unresolved' } }).message).toMatch(
    /^Durable order i of merchant 1 ended as unresolved/,
  );
  const refund = {
    kind: 'refund-resolved',
    id: 'i',
    merchantId: '1',
    outTradeNo: 'A1',
    outRefundNo: 'R1',
    end: 2,
  } as const;
  expect(reportEnd({ ...refund, endedAt: new Date(), outcome: { kind: 'unresolved' } })).toMatchObject({
    needsPerson: true,
    message: expect.stringMatching(
      /^Refund R1 of order A1 of merchant 1 ended as unresolved \(end 2\): nothing was proven/,
    ) as string,
  });
});
