import { describe, expect, it } from 'vitest';
import type { OrderHandler } from '../../src/stores/store.js';
import { durableOrder, HOUR_MS, until, use, type Conformance } from './harness.js';

const [HANGS, HANGS_TOO, HEALTHY] = ['1900000001', '1900000002', '1900000003'];

/** A merchant whose calls hang, and the others. */
export function describeFairness(conformance: Conformance): void {
  describe('between merchants', () => {
    // Without fairness nothing of the third is ever begun: the test does not measure time.
    it('lets two that hang hold up no third (https://github.com/pikkujs/pikku/pull/1020)', async ({
      onTestFinished,
    }) => {
      const { store } = await use(conformance, onTestFinished);
      const hanging: (() => void)[] = [];
      const begun: Record<string, number> = { [HANGS]: 0, [HANGS_TOO]: 0, [HEALTHY]: 0 };
      const handler: OrderHandler = ({ data, signal }) => {
        begun[data.merchantId] = (begun[data.merchantId] ?? 0) + 1;
        if (data.merchantId === HEALTHY) return Promise.resolve({ kind: 'done', data });
        return new Promise((resolve) => {
          const end = (): void => {
            resolve({ kind: 'again', data, delayMs: HOUR_MS });
          };
          if (hanging.push(end) > 1) return;
          signal.addEventListener('abort', () => {
            for (const each of hanging.splice(0)) each();
          });
        });
      };
      for (const merchantId of [HANGS, HANGS_TOO]) {
        const orders = Array.from({ length: 40 }, () => durableOrder({}, merchantId));
        await Promise.all(orders.map(({ id, data }) => store.enqueue(id, data, 0)));
      }
      await store.process(handler, { concurrency: 8, onProblem: () => undefined });
      // The first has as many lanes as there are for one; the second has some.
      await until(() => Promise.resolve(begun[HANGS] === 8 && begun[HANGS_TOO]! > 0 ? true : undefined));

      const orders = Array.from({ length: 50 }, () => durableOrder({}, HEALTHY));
      await Promise.all(orders.map(({ id, data }) => store.enqueue(id, data, 0)));
      await until(async () => ((await store.counts()).done === orders.length ? true : undefined), 60_000);

      expect(begun[HANGS]).toBe(8);
      expect(begun[HANGS_TOO]).toBeLessThan(8);
      // What hung goes on, and the rest behind it.
      for (const end of hanging.splice(0)) end();
      await until(() => Promise.resolve(begun[HANGS]! > 8 && begun[HANGS_TOO]! > 4 ? true : undefined));
    });

    it('gives a single one all that there is for one', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      let active = 0;
      let most = 0;
      const ends: (() => void)[] = [];
      const handler: OrderHandler = ({ data }) => {
        active += 1;
        most = Math.max(most, active);
        return new Promise((resolve) => {
          ends.push(() => {
            active -= 1;
            resolve({ kind: 'done', data });
          });
        });
      };
      const orders = Array.from({ length: 30 }, () => durableOrder());
      await Promise.all(orders.map(({ id, data }) => store.enqueue(id, data, 0)));
      await store.process(handler, { concurrency: 10, onProblem: () => undefined });
      for (let ended = 0; ended < orders.length; ended += 1) {
        const here = Math.min(10, orders.length - ended);
        await until(() => Promise.resolve(active === here ? true : undefined));
        ends.shift()!();
      }
      await until(async () => ((await store.counts()).done === orders.length ? true : undefined));
      expect(most).toBe(10);
    });
  });
}
