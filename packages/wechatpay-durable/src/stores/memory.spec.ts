import { describe, expect, it } from 'vitest';
import { describeStore } from '../../test/conformance.js';
import { durableOrder } from '../../test/conformance/harness.js';
import { MemoryStore } from './memory.js';

const DAY_MS = 24 * 60 * 60 * 1000;

describe('MemoryStore', () => {
  const refused = (options: object) => () => new MemoryStore(options);

  describeStore('as a store', {
    isDurable: false,
    supportsTransactions: false,
    open: async ({ shortLease = false } = {}) => {
      let passedMs = 0;
      const store = new MemoryStore({ now: () => Date.now() + passedMs, ...(shortLease && { leaseMs: 1000 }) });
      await store.open();
      return {
        store,
        second: ({ longLease = false } = {}) => store.share(longLease ? { leaseMs: 24_000 } : {}),
        dispose: () => store.close(),
        passDays: (days) => {
          passedMs += days * DAY_MS;
          return Promise.resolve();
        },
      };
    },
    badOptions: [
      { name: 'keeping for no time', open: refused({ keepDays: 0 }), message: /^keepDays: .*1 to 3650/ },
      { name: 'a journal for no time', open: refused({ journalDays: 0 }), message: /^journalDays: .*1 to 3650/ },
      { name: 'a lease that is too short', open: refused({ leaseMs: 10 }), message: /^leaseMs: .*100 to 3600000/ },
      { name: 'a typing error', open: refused({ keepDay: 3 }), message: /^keepDay: is unknown.*mean keepDays\?/ },
      { name: 'an invalid clock', open: refused({ now: 3 }), message: /^now: must be a function/ },
    ],
  });

  it('keeps what it was given until the process ends, and each store its own', async () => {
    const [one, other] = [new MemoryStore(), new MemoryStore()];
    await Promise.all([one.open(), other.open()]);
    const { id, data } = durableOrder();
    await one.enqueue(id, data, 0);
    expect(await other.get(id)).toBeUndefined();
    await one.close();
    await one.open();
    expect(await one.get(id)).toMatchObject(data);
  });
});
