import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MERCHANT, openClockedShop, OTHER_MERCHANT, SECOND, START, type Reply } from '../../test/clocked-shop.js';

const MINUTE = 60 * SECOND;
const SLICE_MS = 30 * SECOND;

const CAUSES: Readonly<Record<string, Reply>> = {
  ...Object.fromEntries(
    ['SIGNERROR', 'NOAUTH', 'APPID_NOT_EXIST', 'APPID_MCHID_NOT_MATCH', 'MCHID_NOT_EXIST'].map((code) => [
      code,
      { result_code: 'FAIL', err_code: code },
    ]),
  ),
  unsigned: { unsigned: '<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>' },
};

const told = fc.record({
  cause: fc.constantFrom(...Object.keys(CAUSES)),
  orders: fc.integer({ min: 1, max: 12 }),
  /** From the first order to the next. */
  everyMs: fc.constantFrom(0, 5 * SECOND),
  breaksAfterMs: fc.constantFrom(0, 10 * SECOND, 30 * SECOND),
  lastsMs: fc.constantFrom(2 * MINUTE, 11 * MINUTE, 25 * MINUTE),
  deadlineMs: fc.constantFrom(undefined, 5 * MINUTE),
  isReversed: fc.boolean(),
  isUndone: fc.constantFrom('/secapi/pay/reverse', undefined),
});

// A merchant's settings break, and are repaired. Whatever the cause, and however long it lasts: none of its orders is dead by it, and
// all come to their end; none of another merchant's waits for it.
it(
  'no order becomes dead by its merchant’s settings, and none of another merchant waits',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        told,
        async ({ cause, orders, everyMs, breaksAfterMs, lastsMs, deadlineMs, isReversed, isUndone }) => {
          const shop = await openClockedShop();
          const isBroken = (): boolean =>
            shop.clock.time >= START + breaksAfterMs && shop.clock.time < START + breaksAfterMs + lastsMs;
          shop.answer = ({ merchantId, path }) =>
            merchantId === MERCHANT && isBroken() && (isUndone === undefined || path === isUndone)
              ? CAUSES[cause]
              : undefined;
          const policy = { ifPaid: isReversed ? 'reverse' : 'keep' } as const;
          const otherEnds: number[] = [];
          for (let number = 0; number < orders; number += 1) {
            const deadline = deadlineMs === undefined ? undefined : new Date(shop.clock.time + deadlineMs);
            await shop.enqueue(`A${number}`, { policy, deadline });
            await shop.enqueue(`B${number}`, { policy, merchantId: OTHER_MERCHANT });
            await shop.pass(everyMs);
          }
          for (let ms = 0; ms < lastsMs + 40 * MINUTE; ms += SLICE_MS) {
            await shop.pass(SLICE_MS);
            otherEnds.push(shop.told.filter(({ merchantId }) => merchantId === OTHER_MERCHANT).length);
            expect(await shop.durableOrders.dead()).toEqual([]);
            const { waiting, active } = await shop.durableOrders.counts();
            if (waiting + active === 0) break;
          }
          expect(otherEnds[1] ?? otherEnds[0]).toBe(orders); // a minute after the last was stored
          expect(await shop.durableOrders.counts()).toMatchObject({ done: 2 * orders, waiting: 0, active: 0 });
          const paused = shop.events.filter(({ kind }) => kind === 'merchant-paused').length;
          expect(paused).toBe(shop.events.filter(({ kind }) => kind === 'merchant-resumed').length);
          expect(paused).toBeLessThanOrEqual(2);
          await shop.durableOrders.stop();
        },
      ),
      { numRuns: Number(process.env.PAUSE_RUNS ?? 12), seed: 1 },
    );
  },
);
