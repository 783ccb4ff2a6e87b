import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WechatPayClient } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { Sandbox } from 'wechatpay-sandbox';
import { cli, variablesOf, type Ran } from '../../test/cli.js';
import { typing } from '../../test/typing.js';

let sandbox: Sandbox;
let client: WechatPayClient;
let env: Record<string, string>;
const store = new MemoryStore();
const paidAt = Date.now() - 60_000;

beforeAll(async () => {
  sandbox = await Sandbox.start();
  env = variablesOf(sandbox.merchant);
  client = new WechatPayClient(sandbox.merchant);
  // A worker finds three that are paid with another amount, which needs a person; one more waits.
  const worker = new DurableOrders({ store: store.share(), clients: client });
  await worker.start();
  for (const outTradeNo of ['D-1', 'D-2', 'D-3']) {
    sandbox.orders.create({ outTradeNo, state: 'paid', totalFee: 100, createdAt: paidAt });
    await worker.enqueue({
      ...{ outTradeNo, orderCreatedAt: new Date(paidAt), totalFee: 888, currency: 'HKD' },
      policy: { queryEveryMs: 50 },
    });
  }
  for (const outTradeNo of ['D-1', 'D-2', 'D-3'])
    await worker.wait({ outTradeNo }, { signal: AbortSignal.timeout(20_000) });
  await worker.enqueue({ outTradeNo: 'W-1', orderCreatedAt: new Date(), notBefore: new Date(Date.now() + 3_600_000) });
  await worker.stop();
});
afterAll(async () => {
  await client.close();
  await sandbox.stop();
});

const orders = (argv: string): Promise<Ran> => cli(['orders', ...argv.split(' ')], env, { store: store.share() });

it('lists, counts and shows durable orders', async () => {
  const { stdout } = await orders('list --status dead');
  expect(stdout).toMatch(/^D-1 +\d+ +dead +needs-attention +HKD 8\.88 +\d{4}-/m);
  const { json } = await orders('list --json');
  expect((json.result.orders as { outTradeNo: string }[]).map(({ outTradeNo }) => outTradeNo).sort()).toEqual([
    'D-1',
    'D-2',
    'D-3',
    'W-1',
  ]);
  expect((await orders('counts --json')).json.result).toMatchObject({ dead: 3, waiting: 1, active: 0 });
  expect((await orders('get D-1 --json')).json.result).toMatchObject({
    status: 'dead',
    totalFee: 888,
    outcome: { kind: 'needs-attention' },
  });
  expect(await orders('get nobody')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no durable order nobody') as string,
  });
});

it('explains whether the money moved, and how we know', async () => {
  const { code, stdout } = await orders('explain D-1');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^HKD 1\.00 was paid for order D-1 .*known since .* by the verified answer to Query Order/);
  expect(stdout).toMatch(/^\d{4}-.*Z {2}Query Order answered: SUCCESS, HKD 1\.00\.$/m);
  expect((await orders('explain nobody')).code).toBe(1);
});

it('redrives one, after it was asked', async () => {
  expect((await orders('redrive D-1')).code).toBe(2);
  expect((await orders('redrive')).code).toBe(2);
  expect(await orders('redrive W-1 --yes --json')).toMatchObject({ code: 1, json: { error: { code: 'NOT_DEAD' } } });
  expect((await orders('redrive D-1 --yes --json')).json.result).toEqual({ redriven: 1 });
  expect((await orders('explain D-1')).stdout).toMatch(/Set going again by redrive for cli:/);
});

it('redrives all only where their number was seen', async () => {
  const dry = await orders('redrive --all --dry-run --json');
  expect([dry.code, (dry.json.result.orders as unknown[]).length]).toEqual([0, 2]);
  expect(dry.stderr).toMatch(/Orders +2\n +Sum +HKD 17\.76\n/);
  expect(await orders('redrive --all --yes --json')).toMatchObject({
    code: 2,
    json: { error: { code: 'NEEDS_EXPECT' } },
  });
  expect(await orders('redrive --all --yes --expect 3 --json')).toMatchObject({
    code: 1,
    json: { error: { code: 'COUNT_DIFFERS' } },
  });
  expect((await orders('counts --json')).json.result).toMatchObject({ dead: 2 });
  expect((await orders('redrive --all --outcome unresolved --yes --json')).json.result).toEqual({ redriven: 0 });
  // Enter is no number.
  const hasty = await cli(['orders', 'redrive', '--all'], env, {
    store: store.share(),
    ...typing('\r', 'Type their number'),
  });
  expect([hasty.code, (await orders('counts --json')).json.result.dead]).toEqual([1, 2]);
  const sure = await cli(['orders', 'redrive', '--all'], env, {
    store: store.share(),
    ...typing('2\r', 'Type their number'),
  });
  expect([sure.code, sure.stdout]).toEqual([0, 'Going again: 2.\n']);
});

it('calls one off', async () => {
  expect((await orders('cancel W-1')).code).toBe(2);
  expect((await orders('cancel W-1 --yes --json')).json.result).toEqual({ cancelled: true });
  expect(await orders('cancel W-1 --yes --json')).toMatchObject({ code: 1, json: { error: { code: 'TOO_LATE' } } });
});

it('says where to look where there is no store, and changes nothing where it does not open', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wechatpay-cli-'));
  writeFileSync(join(folder, 'file'), '');
  const run = (...argv: string[]): Promise<Ran> => cli(['orders', 'counts', '--json', ...argv], env);
  expect(await run()).toMatchObject({ code: 2, stderr: expect.stringContaining('DATABASE_URL') as string });
  expect(await run('--folder', join(folder, 'typo'))).toMatchObject({ code: 2, json: { error: { code: 'FOLDER' } } });
  expect(await run('--folder', join(folder, 'file'))).toMatchObject({
    code: 1,
    json: { error: { code: 'WECHATPAY_FOLDER_UNUSABLE' } },
  });
});
