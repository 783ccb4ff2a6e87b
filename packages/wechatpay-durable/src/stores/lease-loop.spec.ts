import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { durableOrder, until } from '../../test/conformance/harness.js';
import { LeaseLoop } from './lease-loop.js';
import type { DurableData, Verdict } from './store.js';

interface Taken {
  readonly id: string;
  readonly data: DurableData;
}

it('takes the next of a merchant as soon as one is ready, though others hang: it waits for no look of its own', async () => {
  const due: Taken[] = [];
  const ends: (() => void)[] = [];
  let done = 0;
  const loop = new LeaseLoop<Taken>({
    concurrency: 8,
    pollMs: 60 * 60 * 1000,
    touchMs: 60 * 60 * 1000,
    onProblem: () => undefined,
    handler: async ({ data }) => {
      if (data.merchantId === 'healthy') return { kind: 'done', data };
      return new Promise((resolve) =>
        ends.push(() => {
          resolve({ kind: 'done', data });
        }),
      );
    },
    take: async (limit, except) => {
      const taken = due.filter(({ data }) => !except.includes(data.merchantId)).slice(0, limit);
      for (const one of taken) due.splice(due.indexOf(one), 1);
      await nextTurn(); // what comes to pass meanwhile, it has not seen
      return taken;
    },
    touch: () => Promise.resolve(),
    save: () => Promise.resolve(),
    resolve: ({ data }) => {
      if (data.merchantId === 'healthy') done += 1;
      return Promise.resolve();
    },
  });
  const add = (merchantId: string, count: number): void => {
    for (let n = 0; n < count; n += 1) due.push(durableOrder({}, merchantId));
    loop.wake();
  };
  loop.start();
  try {
    add('hangs', 20);
    add('hangs too', 20);
    await until(() => Promise.resolve(ends.length > 10 ? true : undefined));
    add('healthy', 50);
    await until(() => Promise.resolve(done === 50 ? true : undefined), 5_000);
    expect(done).toBe(50);
  } finally {
    due.length = 0;
    const stopping = loop.stop();
    for (const end of ends) end();
    await stopping;
  }
});

it('begins no step once it is to stop: what a look brings then is returned', async () => {
  const { id, data } = durableOrder();
  let bring: (taken: Taken[]) => void = () => undefined;
  const verdicts: Verdict[] = [];
  let begun = 0;
  const loop = new LeaseLoop<Taken>({
    concurrency: 1,
    pollMs: 10,
    touchMs: 60 * 60 * 1000,
    onProblem: () => undefined,
    handler: () => {
      begun += 1;
      return Promise.resolve({ kind: 'done', data });
    },
    take: () =>
      new Promise((resolve) => {
        bring = resolve;
      }),
    touch: () => Promise.resolve(),
    save: () => Promise.resolve(),
    resolve: (_, verdict) => {
      verdicts.push(verdict);
      return Promise.resolve();
    },
  });
  loop.start();
  const stopping = loop.stop();
  bring([{ id, data }]);
  await stopping;
  expect(begun).toBe(0);
  expect(verdicts).toEqual([{ kind: 'again', data, delayMs: 0 }]);
});
