import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { parseStatement } from 'wechatpay-core';
import { Sandbox, type StatementFault } from 'wechatpay-sandbox';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cli, variablesOf, type Ran } from '../../test/cli.js';
import type { Io } from '../index.js';

const HOUR_MS = 60 * 60 * 1_000;
/** Tomorrow in Beijing, by the machine's clock: certificates are made by it. */
const DASHED = new Date(Date.now() + 32 * HOUR_MS).toISOString().slice(0, 10);
const DAY = DASHED.replaceAll('-', '');
const MIDNIGHT = Date.parse(`${DASHED}T00:00:00+08:00`);

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start();
});
beforeEach(() => {
  sandbox.reset();
  setClock(35);
});
afterAll(() => sandbox.stop());

/** @param hours after the day began in Beijing */
function setClock(hours: number): void {
  sandbox.clock.advance(MIDNIGHT + hours * HOUR_MS - sandbox.clock.now());
}

// Nobody waits in earnest: the clocks of both sides are set forward.
const now = (): number => sandbox.clock.now();
const wait = (until: number): Promise<void> => {
  sandbox.clock.advance(Math.max(0, until - now()));
  return Promise.resolve();
};
const run = (argv: string | string[], given: Partial<Io> = {}): Promise<Ran> =>
  cli(typeof argv === 'string' ? argv.split(' ') : argv, variablesOf(sandbox.merchant), { now, wait, ...given });
const statement = (argv = '', given: Partial<Io> = {}): Promise<Ran> =>
  run(`statement ${DAY}${argv && ' '}${argv}`, given);

/** A payment of HKD 8.88 with a comma and quotes in what was sold, of which HKD 3.00 went back. */
async function trade(): Promise<void> {
  setClock(12);
  const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
  const goods = ['--amount', '8.88', '--currency', 'HKD', '--body', 'Tea, "hot", 2 cups'];
  expect((await run(['pay', 'A-1', ...goods, '--auth-code', authCode, '--yes'])).code).toBe(0);
  expect((await run('refund A-1 --amount 3.00 --refund-no R-1 --yes')).code).toBe(0);
  setClock(35);
}

describe('a day', () => {
  beforeEach(trade);

  it('is a table of rows, with its sums', async () => {
    const { code, stdout, stderr } = await statement();
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^Time +State +Amount +Refunded +Fee +Order +Refund\n.*Z +SUCCESS +HKD 8\.88 .* A-1\n.*Z +REFUND .*HKD 3\.00 .* A-1 +R-1\n\nRows +2\n/,
    );
    expect(stdout).toMatch(/^Orders +8\.88$/m);
  });

  it('is a line of JSON for each row, and the sums in the last', async () => {
    const { code, stdout, json } = await statement('--json');
    const lines = stdout.trim().split('\n');
    const rows = lines.slice(0, -1).map((line) => (JSON.parse(line) as { row: Record<string, unknown> }).row);
    expect(rows).toEqual([
      expect.objectContaining({ outTradeNo: 'A-1', tradeState: 'SUCCESS', totalFee: 888, body: 'Tea, "hot", 2 cups' }),
      expect.objectContaining({ outTradeNo: 'A-1', tradeState: 'REFUND', refundFee: 300, outRefundNo: 'R-1' }),
    ]);
    expect([code, json.result]).toEqual([0, expect.objectContaining({ date: DAY, type: 'ALL', count: 2 })]);
    expect(json.result.sums).toMatchObject({ totalFee: '8.88', refundFee: '3.00' });
    expect(stdout).not.toContain('openId');
  });

  it('is CSV, and nothing else on the standard output', async () => {
    const { code, stdout, stderr } = await statement('--csv');
    const [head = '', first = '', ...rest] = stdout.trimEnd().split('\n');
    expect([code, rest.length, stderr]).toEqual([0, 1, expect.stringMatching(/^Rows +2\n/)]);
    expect(head).toMatch(/^line,tradeTime,tradeState,outTradeNo,transactionId,currency,totalFee,.*,raw$/);
    expect(first).toMatch(/^2,[^,]*Z,SUCCESS,A-1,\d{28},HKD,888,.*"Tea, ""hot"", 2 cups"/);
  });

  it('is one of its kinds alone, and may be called yesterday', async () => {
    expect((await run('statement yesterday --type REFUND --json')).json.result).toMatchObject({ date: DAY, count: 1 });
  });

  it('is kept to the byte, once', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'wechatpay-cli-'));
    expect((await statement('--keep day.gz', { cwd })).code).toBe(0);
    const rows = [];
    for await (const row of await parseStatement(readFileSync(join(cwd, 'day.gz')))) rows.push(row);
    expect(rows.length).toBe(2);
    expect(await statement('--keep day.gz --json', { cwd })).toMatchObject({
      code: 2,
      json: { error: { code: 'FILE_EXISTS' } },
    });
    sandbox.statements.addFault({ kind: 'truncated' });
    expect((await statement('--keep cut.gz', { cwd })).code).toBe(3);
    expect([existsSync(join(cwd, 'cut.gz')), existsSync(join(cwd, 'cut.gz.part'))]).toEqual([false, true]);
  });

  it.each<[StatementFault, string]>([
    [{ kind: 'truncated', row: 1 }, 'truncated'],
    [{ kind: 'gzip-cut' }, 'truncated'],
    [{ kind: 'summary-wrong' }, 'mismatch'],
    [{ kind: 'row-altered', value: '¥8.88' }, 'malformed'],
  ])('that has %j is none, and says that no row counts', async (fault, reason) => {
    sandbox.statements.addFault(fault);
    const ran = await statement('--json');
    expect([ran.code, ran.json.error]).toEqual([3, expect.objectContaining({ code: 'WECHATPAY_STATEMENT', reason })]);
    sandbox.statements.addFault({ kind: 'summary-wrong' });
    expect((await statement()).stderr).toContain('2 rows were read, and none of them counts');
  });

  it('is written no faster than it is read, and not to the end for nobody', async () => {
    const terminal = (): PassThrough & { isTTY: true } =>
      Object.assign(new PassThrough({ highWaterMark: 1 }), { isTTY: true as const });
    const slow = terminal();
    let shown = '';
    const read = (async () => {
      for await (const chunk of slow) shown += String(chunk);
    })();
    expect((await statement('', { stdout: slow })).code).toBe(0);
    slow.end();
    await read;
    expect(shown).toMatch(/R-1\n\nRows +2\n/);
    const gone = terminal();
    gone.once('data', () => gone.destroy(new Error('EPIPE')));
    expect((await statement('--json', { stdout: gone })).code).toBe(3);
  });
});

describe('no rows', () => {
  it('is an empty day, where the statement says so', async () => {
    sandbox.statements.style.emptyDay = 'zeros';
    const { code, stdout } = await statement();
    expect([code, stdout]).toEqual([0, `An empty day: the statement of ${DAY} is there, and has no row.\n`]);
    expect((await statement('--json')).json.result).toMatchObject({ count: 0 });
    const csv = await statement('--csv');
    expect([csv.code, csv.stdout]).toEqual([0, expect.stringMatching(/^line,.*\n$/)]);
  });

  it.each<[string, number, number, string | undefined, RegExp]>([
    ['the day is not over', 20, 5, undefined, /not over.*\n.*no empty day: the same command later/],
    ['it is being made', 33.5, 5, 'not-ready', /no empty day: the same command later/],
    ['it is too early', 25, 5, 'not-ready', /after 10:00/],
    ['there is none', 35, 4, 'no-statement', /an empty day only if you know of no order/],
  ])('is none, where %s', async (_, hours, code, reason, message) => {
    setClock(hours);
    const ran = await statement('--json');
    expect([ran.code, ran.json.error.reason, ran.stderr]).toEqual([code, reason, expect.stringMatching(message)]);
    // Nor a file with a heading, which would look like one.
    expect((await statement('--csv')).stdout).toBe('');
  });
});

it('tells a broken connection, and a signature that is wrong, from all of these', async () => {
  sandbox.faults.add({ kind: 'cut' });
  expect(await statement('--json')).toMatchObject({ code: 3, json: { error: { code: 'WECHATPAY_CONNECTION' } } });
  const env = { ...variablesOf(sandbox.merchant), WECHATPAY_API_KEY: 'f'.repeat(32) };
  const ran = await cli(['statement', DAY, '--json'], env, { now });
  expect([ran.code, ran.json.error.reason]).toEqual([1, 'refused']);
});

it.each(['statement 20260231', 'statement today', `statement ${DAY} --csv --json`, `statement ${DAY} --type BILL`])(
  'refuses: %s',
  async (argv) => {
    expect([(await run(argv)).code, sandbox.requests.length]).toEqual([2, 0]);
  },
);

it('is of all sub-merchants, or of one', async () => {
  const institution = await sandbox.merchants.create({
    subMerchants: [{ subMerchantId: '1900000201' }, { subMerchantId: '1900000202' }],
  });
  for (const { subMerchantId } of institution.subMerchants) {
    const createdAt = MIDNIGHT + 12 * HOUR_MS;
    sandbox.orders.create({ state: 'paid', outTradeNo: 'A-1', merchant: institution, subMerchantId, createdAt });
  }
  const env = { ...variablesOf(institution), WECHATPAY_SUB_MERCHANT_ID: '1900000201' };
  const countOf = async (...argv: string[]): Promise<unknown> =>
    (await cli(['statement', DAY, '--json', ...argv], env, { now })).json.result.count;
  expect(await countOf()).toBe(1);
  expect(await countOf('--sub-merchant', '1900000202')).toBe(1);
  expect(await countOf('--sub-merchant', 'all')).toBe(2);
});
