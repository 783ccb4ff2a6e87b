import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { refundOrder, WechatPayClient } from 'wechatpay-core';
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
      policy: { queryEveryMs: 50, ifPaid: outTradeNo === 'D-3' ? 'reverse' : 'keep' },
    });
  }
  for (const outTradeNo of ['D-1', 'D-2', 'D-3'])
    await worker.wait({ outTradeNo }, { signal: AbortSignal.timeout(20_000) });
  // One that is paid as it should be, and refunded in parts, the second of which waits a minute; and a refund
  // whose number was used for another one.
  sandbox.orders.create({ outTradeNo: 'P-1', state: 'paid', totalFee: 888, createdAt: paidAt });
  await worker.enqueue({
    ...{ outTradeNo: 'P-1', orderCreatedAt: new Date(paidAt), totalFee: 888, currency: 'HKD' },
    policy: { queryEveryMs: 50 },
  });
  await worker.wait({ outTradeNo: 'P-1' }, { signal: AbortSignal.timeout(20_000) });
  sandbox.orders.create({ outTradeNo: 'X-1', state: 'paid', totalFee: 888, createdAt: paidAt });
  await refundOrder(client, { outTradeNo: 'X-1', outRefundNo: 'R-9', totalFee: 888, refundFee: 100 });
  const part = { totalFee: 888, refundCurrency: 'HKD', policy: { firstQueryMs: 50 } };
  await worker.refund({ ...part, outTradeNo: 'P-1', outRefundNo: 'R-1', refundFee: 300 });
  await worker.refund({ ...part, outTradeNo: 'X-1', outRefundNo: 'R-9', refundFee: 888 });
  for (const outRefundNo of ['R-1', 'R-9']) {
    await worker.wait({ outRefundNo }, { signal: AbortSignal.timeout(20_000) });
  }
  await worker.refund({ ...part, outTradeNo: 'P-1', outRefundNo: 'R-2', refundFee: 100 });
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
    'P-1',
    'W-1',
  ]);
  expect((await orders('counts --json')).json.result).toMatchObject({ dead: 4, waiting: 2, done: 2, active: 0 });
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

it('shows durable refunds, and those of an order', async () => {
  const { stdout } = await orders('list --refunds --status dead');
  expect(stdout).toMatch(/^Refund +Order .*\nR-9 +X-1 +\d+ +dead +needs-attention +HKD 8\.88 +\d{4}-.*\n$/);
  const got = await orders('get P-1 --json');
  expect(got.json.result).toMatchObject({
    status: 'done',
    refunds: [
      { outRefundNo: 'R-1', refundFee: 300, status: 'done', outcome: { kind: 'refunded' } },
      { outRefundNo: 'R-2', refundFee: 100, status: 'waiting' },
    ],
  });
  expect((await orders('get P-1')).stdout).toMatch(/^R-1 +P-1 +\d+ +done +refunded +HKD 3\.00 /m);
  expect((await orders('get --refund-no R-9')).stdout).toMatch(
    /^Reason +This refund number was used for another order or amount/m,
  );
  expect((await orders('get R-1 --refund-no R-1')).code).toBe(2);
  expect(await orders('get X-1')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('refunds of it: R-9. Name one by --refund-no.') as string,
  });
});

it('explains where the money of a refund is, and names the refunds of an order', async () => {
  const { stdout } = await orders('explain --refund-no R-1');
  expect(stdout).toMatch(
    /^The customer has the money of refund R-1 \(HKD 3\.00 of order P-1\), known since .* Query Refund/,
  );
  expect((await orders('explain P-1')).stdout).toMatch(/\nR-1 +done +refunded +HKD 3\.00\nR-2 +waiting +HKD 1\.00\n$/);
  expect((await orders('explain P-1 --json')).json.result.refunds).toHaveLength(2);
  expect((await orders('explain --refund-no nobody')).code).toBe(1);
});

it('redrives and cancels refunds as far as that makes sense', async () => {
  expect((await orders('redrive --refund-no R-9 --if-paid keep --yes')).code).toBe(2);
  expect((await orders('redrive --refund-no R-1 --yes --json')).json.error.code).toBe('NOT_DEAD');
  const dry = await orders('redrive --all --refunds --dry-run --json');
  expect([dry.code, (dry.json.result.refunds as unknown[]).length]).toEqual([0, 1]);
  expect(dry.stderr).toMatch(/Refunds +1\n +Sum +HKD 8\.88\n/);
  expect((await orders('redrive --all --refunds --yes --expect 1 --json')).json.result).toEqual({
    redriven: 1,
    found: 1,
  });
  expect((await orders('explain --refund-no R-9')).stdout).toMatch(/redrive for cli:/);
  expect((await orders('cancel --refund-no R-2 --yes --json')).json.result).toEqual({ cancelled: true });
  expect(await orders('cancel --refund-no R-1 --yes --json')).toMatchObject({
    code: 1,
    json: { error: { code: 'TOO_LATE' } },
  });
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
  expect(dry.stderr).toMatch(/If paid +keep \(1, HKD 8\.88\)\n +If paid +reverse \(1, HKD 8\.88\)\n/);
  const all = await orders('redrive --all --if-paid keep --dry-run --json');
  expect(all.stderr).toMatch(/If paid +keep\n/);
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
  // One that would be reversed beside a refund under way stays, and holds up no other.
  const cashier = new DurableOrders({ store: store.share(), clients: client });
  await cashier.start({ work: false });
  await cashier.refund({ outTradeNo: 'D-2', outRefundNo: 'R-20', totalFee: 100, refundFee: 50, refundCurrency: 'HKD' });
  await cashier.stop();
  const reversed = await orders('redrive --all --if-paid reverse --accept-amount --yes --expect 2 --json');
  expect([reversed.code, reversed.json.result]).toMatchObject([1, { redriven: 1, found: 2, failed: [{}] }]);
  const sure = await cli(['orders', 'redrive', '--all'], env, {
    store: store.share(),
    ...typing('1\r', 'Type their number'),
  });
  expect([sure.code, sure.stdout]).toEqual([0, 'Going again: 1.\n']);
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
