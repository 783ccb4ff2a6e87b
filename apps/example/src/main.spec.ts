import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { killAll, startProcess, type Started } from '../test/start-process.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'till-'));
});
afterEach(async () => {
  killAll();
  await rm(folder, { recursive: true });
});

const start = (env: Record<string, string> = {}): Started => startProcess({ DATA_DIR: folder, ...env });

it('starts with a gateway of its own, prints three calls that work, and ends when told to', async () => {
  const { child, output, ended, url } = start();
  await url();

  const lines = [...output().matchAll(/(.*)\n +curl -X POST (\S+)/g)].map(([, words = '', url = '']) => ({
    url,
    words,
  }));
  const answers = await Promise.all(
    lines.map(async ({ url, words }) => {
      const response = await fetch(url, { method: 'POST' });
      return [words, response.status, await response.json()];
    }),
  );
  expect(answers).toMatchObject([
    [expect.stringContaining('It is refunded'), 200, { resultCode: 'SUCCESS', recall: false, rate: '92000000' }],
    [expect.stringContaining('Try again later'), 409, { errorCode: 'USERPAYING', advice: 'retry-later' }],
    [expect.stringContaining('Refund it'), 409, { errorCode: 'REVERSE_EXPIRE', advice: 'refund' }],
  ]);

  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

it('says which variable is missing where it is meant for the real gateway', async () => {
  const { output, ended } = start({ WECHATPAY_MERCHANT_ID: '1900000109' });
  expect(await ended).toEqual([1, null]);
  expect(output()).toMatch(/Cannot start\. WECHATPAY_APP_ID: /);
});

it('says that the speed is none', async () => {
  const { output, ended } = start({ DEMO_SPEED: 'fast' });
  expect(await ended).toEqual([1, null]);
  expect(output()).toMatch(/Cannot start\. DEMO_SPEED: must be a number from 1 to 99/);
});

it('says that the port is taken', async () => {
  const { port } = new URL(await start().url());
  const second = start({ PORT: port, DATA_DIR: 'memory://' });
  expect(await second.ended).toEqual([1, null]);
  expect(second.output()).toContain(`PORT: ${port} is taken`);
});

it.each([['short'], ['with a space in it']])('says that the token %j is none', async (token) => {
  const { output, ended } = start({ TILL_TOKEN: token });
  expect(await ended).toEqual([1, null]);
  expect(output()).toMatch(/Cannot start\. TILL_TOKEN: must be 12 to 200/);
  expect(output()).not.toContain(token);
});

it("prints the manager's token where it made one, and no other", async () => {
  const made = start();
  await made.url();
  const [, token = ''] = /The manager's token: +(\S+)/.exec(made.output()) ?? [];
  const redrive = async (authorization: string): Promise<number> => {
    const path = `${await made.url()}/reversals/1/redrive`;
    return (await fetch(path, { method: 'POST', headers: { authorization } })).status;
  };
  expect([await redrive(`Bearer ${token}`), await redrive('Bearer another')]).toEqual([422, 401]);

  const given = start({ TILL_TOKEN: 'known-to-the-manager', DATA_DIR: 'memory://' });
  await given.url();
  expect(given.output()).not.toMatch(/token|known-to-the-manager/);
});

it('says that another process has the folder', async () => {
  await start().url();
  const second = start();
  expect(await second.ended).toEqual([1, null]);
  expect(second.output()).toMatch(/Cannot start\. DATA_DIR: .* is in use by process \d+: one process at a time/);
  expect(second.output()).toContain(folder);
  expect(second.output()).not.toContain('    at ');
});

it('says that the database cannot be reached, and no password', async () => {
  const { output, ended } = start({ DATABASE_URL: 'postgres://till:a-password@127.0.0.1:9/till' });
  expect(await ended).toEqual([1, null]);
  expect(output()).toMatch(/Cannot start\. DATABASE_URL: .*ECONNREFUSED/);
  expect(output()).not.toContain('a-password');
});
