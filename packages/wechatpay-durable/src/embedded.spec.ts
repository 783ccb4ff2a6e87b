import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeEngine } from '../test/conformance.js';
import { reversal } from '../test/conformance/harness.js';
import { EmbeddedEngine } from './embedded.js';

describe('EmbeddedEngine', () => {
  let parent: string;
  let folders = 0;
  const quiet = { onNote: (): void => undefined };

  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), 'embedded-engine-'));
    const template = new EmbeddedEngine({ folder: join(parent, 'template'), ...quiet });
    await template.open();
    await template.close();
  });
  afterAll(() => rm(parent, { recursive: true, force: true }));

  const refused = (options: object) => async () => {
    await new EmbeddedEngine({ folder: parent, ...options }).open();
  };

  describeEngine('as an engine', {
    isShared: false,
    supportsTransactions: false,
    open: async () => {
      // Making a database takes two seconds of a processor; copying one does not.
      const folder = join(parent, String((folders += 1)));
      await cp(join(parent, 'template'), folder, { recursive: true });
      const second = (): EmbeddedEngine => new EmbeddedEngine({ folder, ...quiet });
      const engine = second();
      await engine.open();
      return {
        engine,
        second,
        anotherProcess: { module: '../src/embedded.js', className: 'EmbeddedEngine', options: { folder } },
        dispose: async () => {
          await engine.close();
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
      { name: 'a lease that is too short', open: refused({ leaseSeconds: 9 }), message: /^leaseSeconds: .*10 to 3600/ },
    ],
  });

  it('tells at opening against what it is not safe', async () => {
    const told: string[] = [];
    const engine = new EmbeddedEngine({ folder: 'memory://', onNote: (message) => told.push(message) });
    await engine.open();
    expect(told).toEqual([]); // which keeps nothing anyway
    const { id, data } = reversal();
    expect(await engine.enqueue(id, data, 0)).toBe('enqueued');
    await engine.close();
    const kept = new EmbeddedEngine({ folder: join(parent, 'template'), onNote: (message) => told.push(message) });
    await kept.open();
    expect(told).toEqual([expect.stringContaining('power')]);
    await kept.close();
  });
});
