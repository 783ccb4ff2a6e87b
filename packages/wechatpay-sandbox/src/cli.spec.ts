import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { parseEnv } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { send } from '../test/client.js';
import { wellKnownAuthCodes } from './index.js';

let directory: string;
let running: ChildProcess | undefined;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wechatpay-sandbox-'));
});
afterEach(async () => {
  running?.kill('SIGKILL');
  await rm(directory, { recursive: true });
});

interface Output {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command until it ends by itself, or until it is up and `whileUp` is through. */
async function run(
  args: string[],
  whileUp?: (stdout: string) => Promise<void>,
  signal?: NodeJS.Signals,
): Promise<Output> {
  const cli = fileURLToPath(new URL('./cli.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running = child;
  const output: Output = { code: null, stdout: '', stderr: '' };
  const up = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      output.stdout += String(chunk);
      if (output.stdout.includes('Ctrl-C ends the sandbox.')) resolve();
    });
  });
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)));
  const closed = once(child, 'close') as Promise<[number | null]>;
  if (whileUp !== undefined) {
    await Promise.race([up, closed]);
    await whileUp(output.stdout);
    child.kill(signal);
  }
  [output.code] = await closed;
  return output;
}

describe('wechatpay-sandbox', () => {
  it('starts a gateway, says how to reach it, and ends with Ctrl-C', async () => {
    const dir = join(directory, 'new');
    const output = await run(
      ['--port', '0', '--dir', dir],
      async (stdout) => {
        const settings = parseEnv(stdout);
        expect(Object.keys(settings).sort()).toEqual([
          'WECHATPAY_API_KEY',
          'WECHATPAY_APP_ID',
          'WECHATPAY_BASE_URL',
          'WECHATPAY_CA',
          'WECHATPAY_CERT',
          'WECHATPAY_KEY',
          'WECHATPAY_MERCHANT_ID',
        ]);
        expect(stdout).toContain(`# or: WECHATPAY_PFX=${join(dir, 'apiclient_cert.p12')}`);
        const file = (name: string): Promise<Buffer> => readFile(settings[name]!);
        const gateway = { baseUrl: settings.WECHATPAY_BASE_URL!, ca: String(await file('WECHATPAY_CA')) };
        const identity = { cert: await file('WECHATPAY_CERT'), key: await file('WECHATPAY_KEY') };
        expect((await send(gateway, 'x', identity)).fields.mch_id).toBe(settings.WECHATPAY_MERCHANT_ID);

        const [, pages = ''] = /with (\S+) in place of weixin:\/\/wxpay\n/.exec(stdout) ?? [];
        expect((await fetch(`${pages}/bizpayurl?pr=unheard-of`)).status).toBe(404);

        for (const authCode of Object.values(wellKnownAuthCodes)) expect(stdout).toContain(` ${authCode}\n`);

        const orders = await send(gateway, '', { method: 'GET', path: '/_sandbox/orders' });
        const numbers = (JSON.parse(orders.text) as { outTradeNo: string; state: string }[]).map(
          ({ outTradeNo, state }) => `${outTradeNo} is ${state}`,
        );
        expect(numbers).toEqual(
          ['paid', 'user-paying', 'not-paid', 'closed', 'reversed', 'refunded'].map(
            (state) => `demo-${state} is ${state}`,
          ),
        );
      },
      'SIGINT',
    );
    expect(output.code).toBe(0);
    expect(output.stderr).toBe(
      'POST /secapi/pay/reverse "" -> PARAM_ERROR (Parameter error: the body is not well-formed XML)\n',
    );
  });

  it('overwrites the files of an earlier run, and keeps keys to their owner', async () => {
    await writeFile(join(directory, 'apiclient_key.pem'), 'old');
    await chmod(join(directory, 'apiclient_key.pem'), 0o644);
    const kept = ['--dir', directory, '--file', join(directory, 'book.json')];
    const killed = await run(kept, () => Promise.resolve(), 'SIGKILL');
    const output = await run(
      kept,
      async (stdout) => {
        const { WECHATPAY_MERCHANT_ID: passphrase } = parseEnv(stdout);
        for (const name of ['apiclient_key.pem', 'apiclient_cert.p12']) {
          expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
        }
        expect(String(await readFile(join(directory, 'apiclient_key.pem')))).toMatch(/^-----BEGIN PRIVATE KEY-----/);
        const pfx = await readFile(join(directory, 'apiclient_cert.p12'));
        expect(() => createSecureContext({ pfx, passphrase: passphrase! })).not.toThrow();
        // With --file, the merchant and the orders are those of before.
        const isKept = (line: string): boolean => /_API_KEY|_APP_ID|_MERCHANT_ID|demo-/.test(line);
        expect(stdout.split('\n').filter(isKept)).toEqual(killed.stdout.split('\n').filter(isKept));
      },
      'SIGTERM',
    );
    expect(output.code).toBe(0);
  });

  it('explains itself', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Usage: wechatpay-sandbox \[options\]\n/);
    expect(stdout).toMatch(/Files of an earlier run are overwritten/);
  });

  it.each([
    { args: ['--prot', '1'], message: "Unknown option '--prot'" },
    { args: ['start'], message: "Unexpected argument 'start'" },
    { args: ['--port'], message: "Option '--port <value>' argument missing" },
    { args: ['--port', '65536'], message: "--port takes a number from 0 to 65535, not '65536'" },
    { args: ['--port', 'x'], message: "--port takes a number from 0 to 65535, not 'x'" },
    { args: ['--host='], message: '--host takes an address' },
    { args: ['--dir='], message: '--dir takes a folder' },
  ])('refuses $args', async ({ args, message }) => {
    const { code, stdout, stderr } = await run(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`wechatpay-sandbox: ${message}`);
    expect(stderr).toContain("Try 'wechatpay-sandbox --help'.");
  });

  it('ends where it cannot write', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    const { code, stderr } = await run(['--dir', file]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^wechatpay-sandbox: EEXIST/);
  });
});
