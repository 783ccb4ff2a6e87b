import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PgBoss } from 'pg-boss';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeStore } from '../../../test/conformance.js';
import { durableOrder } from '../../../test/conformance/harness.js';
import { putEmptyDatabase } from '../../../test/empty-database.js';
import { openFolder } from './embedded-folder.js';
import { EmbeddedStore } from './embedded.js';

describe('EmbeddedStore', () => {
  let parent: string;
  let folders = 0;
  const quiet = { onNote: (): void => undefined };

  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'embedded-store-'));
    await putEmptyDatabase(join(parent, 'template'));
    const template = new EmbeddedStore({ folder: join(parent, 'template'), ...quiet });
    await template.open();
    await template.close();
  });
  afterAll(() => rm(parent, { recursive: true, force: true }));

  const refused = (options: object) => async () => {
    await new EmbeddedStore({ folder: parent, ...options }).open();
  };

  describeStore('as a store', {
    isShared: false,
    supportsTransactions: false,
    open: async () => {
      // Making a database takes two seconds of a processor; copying one does not.
      const folder = join(parent, String((folders += 1)));
      await cp(join(parent, 'template'), folder, { recursive: true });
      const second = (): EmbeddedStore => new EmbeddedStore({ folder, ...quiet });
      const store = second();
      await store.open();
      return {
        store,
        second,
        anotherProcess: {
          module: '../src/stores/embedded/embedded.js',
          className: 'EmbeddedStore',
          options: { folder },
        },
        dispose: async () => {
          await store.close();
          await rm(folder, { recursive: true });
        },
      };
    },
    badOptions: [
      { name: 'no folder', open: refused({ folder: '' }), message: /^folder: must be a path/ },
      {
        name: 'a connection',
        open: refused({ connectionString: 'postgres://' }),
        message: /^connectionString: is unknown/,
      },
      { name: 'a lease that is too short', open: refused({ leaseMs: 9_000 }), message: /^leaseMs: .*10000 to 3600000/ },
      {
        name: 'a lease of half seconds',
        open: refused({ leaseMs: 10_500 }),
        message: /^leaseMs: must be whole seconds/,
      },
      {
        name: 'the name of an earlier version',
        open: refused({ leaseSeconds: 15 }),
        message: /^leaseSeconds: is unknown.*mean leaseMs\?/,
      },
    ],
  });

  it('takes over what a process of an earlier version was working on when it was killed', async () => {
    const folder = join(parent, 'killed');
    await cp(join(parent, 'template'), folder, { recursive: true });
    const { pglite, close } = await openFolder(folder);
    const db = { executeSql: (text: string, values?: unknown[]) => pglite.executeSql(text, values) };
    const boss = new PgBoss({ db, backend: 'pglite', schema: 'wechatpay', schedule: false, supervise: false });
    await boss.start();
    await boss.createQueue('orders', { retryLimit: 2 ** 31 - 1, heartbeatSeconds: 10 });
    const { id, data } = durableOrder();
    await boss.send('orders', data, { id });
    expect(await boss.fetch('orders')).toHaveLength(1);
    await boss.stop({ graceful: false });
    await close();

    const store = new EmbeddedStore({ folder, ...quiet });
    await store.open();
    expect(await store.get(id)).toMatchObject({ status: 'waiting', ...data });
    await store.close();
  });

  it('tells at opening against what it is not safe', async () => {
    const told: string[] = [];
    const store = new EmbeddedStore({ folder: 'memory://', onNote: (message) => told.push(message) });
    await store.open();
    expect(told).toEqual([]); // which keeps nothing anyway
    const { id, data } = durableOrder();
    expect(await store.enqueue(id, data, 0)).toBe('enqueued');
    await store.close();
    const kept = new EmbeddedStore({ folder: join(parent, 'template'), onNote: (message) => told.push(message) });
    await kept.open();
    expect(told).toEqual([expect.stringContaining('power')]);
    await kept.close();
  });
});
