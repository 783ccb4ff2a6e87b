import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { SharedEngine } from '../test/shared-engine.js';
import { openShop, pathsOf, SPEED, TOTAL_FEE, type Shop } from '../test/shop.js';

/** Quick Pay is under way for as long as the test wants; its guard ends meanwhile. */
async function openSlowShop(
  options: { engine?: SharedEngine } = {},
): Promise<{ shop: Shop; arrive: (isLost: boolean) => void; isOnItsWay: () => boolean }> {
  let arrive: ((isLost: boolean) => void) | undefined;
  const shop = await openShop({
    ...options,
    hold: ({ path }) =>
      path === '/pay/micropay'
        ? new Promise<void>((resolve) => {
            arrive = (isLost) => {
              if (isLost) shop.sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
              resolve();
            };
          })
        : undefined,
  });
  return { shop, arrive: (isLost) => arrive?.(isLost), isOnItsWay: () => arrive !== undefined };
}

describe('a charge whose guard has ended', () => {
  it.each([
    ['with a clear answer', false],
    ['with an answer that is lost', true],
  ])('%s is looked after: its money goes back', async (_, isLost) => {
    const { shop, arrive } = await openSlowShop();
    const closed = shop.end('A1');
    const paying = shop.reversals.pay(shop.request('A1'));
    expect((await closed).outcome).toEqual({ kind: 'closed', found: false });
    await expect.poll(() => shop.reversals.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done' });
    const end = shop.end('A1');
    arrive(isLost);
    expect((await paying).outcome.kind).toBe('pending');
    expect((await end).outcome.kind).toBe('revoked');
    expect(shop.sandbox.ledger.of('A1')).toMatchObject({ paid: TOTAL_FEE, returned: TOTAL_FEE });
  });

  it.each([
    ['with a clear answer', false],
    ['with an answer that is lost', true],
  ])('%s while the store is away is looked after once it is back', async (_, isLost) => {
    class LeavingEngine extends SharedEngine {
      isAway = false;

      override async get(id: string): ReturnType<SharedEngine['get']> {
        if (this.isAway) throw new Error('the store is away');
        return super.get(id);
      }
    }
    const engine = new LeavingEngine();
    const { shop, arrive } = await openSlowShop({ engine });
    const closed = shop.end('A1');
    const paying = shop.reversals.pay(shop.request('A1'));
    expect((await closed).outcome).toEqual({ kind: 'closed', found: false });
    await expect.poll(() => shop.reversals.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done' });
    engine.isAway = true;
    const end = shop.end('A1');
    arrive(isLost);
    expect((await paying).outcome.kind).toBe('pending');
    engine.isAway = false;
    expect((await end).outcome.kind).toBe('revoked');
    expect(shop.sandbox.ledger.of('A1')).toMatchObject({ paid: TOTAL_FEE, returned: TOTAL_FEE });
  });

  it('and was called off meanwhile is looked after', async () => {
    const { shop, arrive, isOnItsWay } = await openSlowShop();
    const paying = shop.reversals.pay(shop.request('A1'));
    await expect.poll(isOnItsWay, { interval: 1 }).toBe(true);
    expect(await shop.reversals.cancel({ outTradeNo: 'A1' })).toBe(true);
    const end = shop.end('A1');
    arrive(true);
    expect((await paying).outcome.kind).toBe('pending');
    expect((await end).outcome.kind).toBe('revoked');
    expect(shop.sandbox.ledger.of('A1').net).toBe(0);
  });

  it('and whose store never comes back is told as a problem when the process stops', async () => {
    class LostEngine extends SharedEngine {
      isAway = false;

      override async get(id: string): ReturnType<SharedEngine['get']> {
        if (this.isAway) throw new Error('the store is away');
        return super.get(id);
      }
    }
    const engine = new LostEngine();
    const { shop, arrive, isOnItsWay } = await openSlowShop({ engine });
    const paying = shop.reversals.pay(shop.request('A1'));
    await expect.poll(isOnItsWay, { interval: 1 }).toBe(true);
    engine.isAway = true;
    arrive(true);
    expect((await paying).outcome.kind).toBe('pending');
    await shop.reversals.stop();
    const problems = shop.events.flatMap((event) => (event.kind === 'problem' ? [event.error.message] : []));
    expect(problems).toContainEqual(expect.stringMatching(/Order A1 may be paid/));
  });
});

describe('a charge that could be answered after its guard has ended', () => {
  class SlowEngine extends SharedEngine {
    constructor(readonly storingMs: number) {
      super();
    }

    override async enqueue(...args: Parameters<SharedEngine['enqueue']>): ReturnType<SharedEngine['enqueue']> {
      const result = await super.enqueue(...args);
      await sleep(this.storingMs / SPEED); // it is stored, and the word of it comes late
      return result;
    }
  }

  it.each([
    ['15 s', 15_000, 16_000],
    ['30 s', 30_000, 6_000],
  ])('is not sent with a time-out of %s', async (_, timeoutMs, storingMs) => {
    const shop = await openShop({ engine: new SlowEngine(storingMs), settings: { timeoutMs } });
    const { outcome } = await shop.reversals.pay(shop.request('A1'));
    expect(outcome).toMatchObject({ kind: 'declined', error: { outcome: 'not-sent' } });
    expect(pathsOf(shop)).not.toContain('/pay/micropay');
    expect(await shop.reversals.get({ outTradeNo: 'A1' })).not.toMatchObject({ status: 'waiting' });
  });

  it('is not sent where the clock was set back meanwhile', async () => {
    let offsetMs = 0;
    const start = Date.now();
    const engine = new SlowEngine(20_000);
    const shop = await openShop({ engine, settings: { now: () => start + (Date.now() - start) * SPEED + offsetMs } });
    const paying = shop.reversals.pay(shop.request('A1'));
    offsetMs = -60_000;
    expect((await paying).outcome).toMatchObject({ kind: 'declined', error: { outcome: 'not-sent' } });
    expect(pathsOf(shop)).not.toContain('/pay/micropay');
  });
});
