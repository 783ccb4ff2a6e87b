import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { cli } from '../test/cli.js';
import { processIo } from './io.js';
import { createProgram } from './program.js';
import { wordsIn } from './words/language.js';

it('explains itself, in English and in Chinese, on the standard output', async () => {
  const english = await cli(['--help'], {});
  expect([english.code, english.stderr]).toEqual([0, '']);
  for (const command of [
    'query',
    'query-refund',
    'reverse',
    'refund',
    'close',
    'resolve',
    'pay',
    'statement',
    'exchange-rate',
    'reconcile',
    'acknowledge',
    'doctor',
    'orders',
    'sandbox',
  ]) {
    expect(english.stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
  }
  expect((await cli(['--help'], { LANG: 'zh_CN.UTF-8' })).stdout).toContain('微信支付命令行工具');
  expect((await cli(['query', '--help', '--lang', 'zh'], { LANG: 'en_US' })).stdout).toContain('查询订单');
  expect((await cli(['--version'], {})).stdout).toMatch(/^\d+\.\d+\.\d+/);
});

it.each<[string, RegExp]>([
  ['quary T-1', /unknown command 'quary'/],
  ['query T-1 --jsno', /unknown option '--jsno'/],
  ['query T-1 T-2', /too many arguments/],
  ['resolve T-1 --if-paid maybe', /It must be keep, reverse/],
  ['reverse T-1 --timeout 0', /whole number/],
  ['pay T-1 --amount 8.88 --body Tea', /required option '--currency <code>'/],
  ['statement', /missing required argument 'date'/],
  ['reverse T-1 --created yesterday', /--created must be a time/],
  ['reverse T-1 --created 2026-01-31T12:00:00', /--created must be a time/],
  ['orders list --status asleep', /It must be waiting/],
  ['query T-1', /WECHATPAY_APP_ID: is missing/],
  ['query T-1 --env-file nowhere.env', /nowhere\.env cannot be read \(ENOENT\)/],
  ['query T-1 --merchant hk', /settings have no merchant hk/],
])('refuses: %s', async (argv, message) => {
  const { code, stdout, stderr } = await cli(argv.split(' '), {});
  expect([code, stdout, stderr]).toEqual([2, '', expect.stringMatching(message)]);
});

it('tells a script of a wrong command line as JSON, too', async () => {
  const { code, json } = await cli(['query', 'T-1', '--jsno', '--json'], {});
  expect([code, json]).toEqual([
    2,
    {
      schema: 'wechatpay-cli/1',
      exitCode: 2,
      error: { code: 'USAGE', message: expect.stringContaining('--jsno') as string },
    },
  ]);
});

it('tells every setting that is wrong, by its variable', async () => {
  const { json } = await cli(['query', 'T-1', '--json'], { WECHATPAY_MERCHANT_ID: '1900000109' });
  const problems = json.error.problems as { field: string }[];
  expect(problems.map(({ field }) => field)).toEqual(['WECHATPAY_APP_ID', 'WECHATPAY_API_KEY', 'WECHATPAY_PFX']);
});

it('reads .env where a variable is not set, and takes no merchant for granted where there are several', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'wechatpay-cli-'));
  writeFileSync(join(cwd, '.env'), 'WECHATPAY_APP_ID="wx1"\nWECHATPAY_MERCHANT_ID=1\nWECHATPAY_HK_MERCHANT_ID=2\n');
  const which = await cli(['close', 'T-1', '--yes'], {}, { cwd });
  expect([which.code, which.stderr]).toEqual([
    2,
    expect.stringMatching(/Which merchant\? The settings have default, hk/),
  ]);
  const chosen = await cli(['query', 'T-1', '--merchant', '2', '--json'], { WECHATPAY_HK_APP_ID: 'wx2' }, { cwd });
  const problems = chosen.json.error.problems as { field: string }[];
  expect(problems.map(({ field }) => field)).toEqual(['WECHATPAY_HK_API_KEY', 'WECHATPAY_HK_PFX']);
});

const root = fileURLToPath(new URL('../../../', import.meta.url));
const documented = ['packages/wechatpay-cli/README.md', 'docs/guides/command-line.md', 'docs/guides/doctor.md'].flatMap(
  (page) =>
    [...readFileSync(root + page, 'utf8').matchAll(/^(?:.*\| )?(?:npx )?wechatpay(?:-cli)? ([a-z][^#|\n]*)/gm)].map(
      ([, line = '']) => line.trim(),
    ),
);

it.each([...new Set(documented)].filter((line) => !line.startsWith('complete')))(
  'the command line of the documentation is one: wechatpay %s',
  async (line) => {
    const ran: string[] = [];
    const io = { ...processIo(), stdout: { write: () => true }, stderr: { write: () => true } };
    const program = createProgram(io, await wordsIn('en'), (command) => {
      ran.push(command);
      return Promise.resolve();
    });
    await program.parseAsync(line.split(/\s+/), { from: 'user' });
    expect(ran).toHaveLength(1);
    expect(line).toContain(ran[0]);
  },
);

const bin = fileURLToPath(new URL('bin.ts', import.meta.url));
const start = (...argv: string[]): ReturnType<typeof spawn> =>
  spawn(process.execPath, ['--import', 'tsx', bin, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH },
  });

it('is a program: exit code, output, and a reader that has gone', async () => {
  const child = start('query');
  const piped = start('--help');
  piped.stdout?.destroy();
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  let noise = '';
  piped.stderr?.on('data', (chunk: Buffer) => (noise += chunk.toString()));
  const [[code], [ended]] = (await Promise.all([once(child, 'close'), once(piped, 'close')])) as [[number], [number]];
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^wechatpay: Which order\?/)]);
  expect([ended, noise]).toEqual([0, '']);
});

it('completes commands and options in the shell', async () => {
  const child = start('complete', '--', 'orders', 're');
  let stdout = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  await once(child, 'close');
  expect(stdout).toContain('redrive');
});

it('starts the sandbox, where it is installed', async () => {
  const { code, stdout } = await cli(['sandbox', '--help'], { PATH: process.env.PATH });
  expect([code, stdout]).toEqual([0, expect.stringContaining('Usage: wechatpay-sandbox')]);
});
