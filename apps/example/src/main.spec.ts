import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putEmptyDatabase } from '../../../packages/wechatpay-durable/test/empty-database.js';
import { callRaw } from '../test/call-api.js';
import { killAll, startProcess, type Started } from '../test/start-process.js';

const folders: string[] = [];
afterAll(async () => {
  await killAll();
  for (const folder of folders) await rm(folder, { recursive: true });
});

/** In which the application need not make one, as it has to in memory. */
async function folderWithDatabase(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'till-'));
  folders.push(folder);
  await putEmptyDatabase(folder);
  return folder;
}

const start = (env: Record<string, string> = {}): Started => startProcess({ DATA_DIR: 'memory://', ...env });

/** The calls that the start prints, as a shell would run them. */
function printedCalls(
  output: string,
  env: Record<string, string> = {},
): { words: string; url: string; init: RequestInit }[] {
  const lines = [...output.matchAll(/(.*)\n +curl -X POST -H (?:"([^"]+)"|'([^']+)') (\S+)$/gm)];
  return lines.map(([, words = '', expanded, literal, url = '']) => {
    const header = literal ?? (expanded ?? '').replace(/\$(\w+)/g, (_, name: string) => env[name] ?? '');
    const [name = '', value = ''] = header.split(/: (.*)/);
    return { words, url, init: { method: 'POST', headers: { [name]: value } } };
  });
}

/** What each of the printed calls is answered, by what is said of it. */
function callAll(app: Started, env: Record<string, string> = {}): Promise<unknown[]> {
  return Promise.all(
    printedCalls(app.output(), env).map(async ({ words, url, init }) => {
      const response = await fetch(url, init);
      return [words, response.status, await response.json()];
    }),
  );
}

const ANSWERS = [
  [expect.stringContaining('It is refunded'), 200, { resultCode: 'SUCCESS', recall: false, rate: '92000000' }],
  [expect.stringContaining('Try again later'), 409, { errorCode: 'USERPAYING', advice: 'retry-later' }],
  [expect.stringContaining('Refund it'), 409, { errorCode: 'REVERSE_EXPIRE', advice: 'refund' }],
];

// A start takes seconds of a processor: these tests share one each, and the last of them ends it.
describe('with a token that it made, in development', () => {
  let app: Started;
  beforeAll(async () => {
    app = start({ NODE_ENV: 'development' });
    await app.url();
  });

  it('starts with a gateway of its own, and prints three calls that work', async () => {
    expect(app.output()).toContain('sandbox');
    expect(await callAll(app)).toMatchObject(ANSWERS);
  });

  it('prints the token', async () => {
    const [, token = ''] = /The token: +(\S+)/.exec(app.output()) ?? [];
    expect(token).toMatch(/^[\w-]{20}$/);
    expect(app.output()).toMatch(new RegExp(`The till: +${await app.url()}/#token=${token}\n`));
    const redrive = async (authorization: string): Promise<number> => {
      const path = `${await app.url()}/durable-orders/1/redrive`;
      return (await fetch(path, { method: 'POST', headers: { authorization } })).status;
    };
    expect([await redrive(`Bearer ${token}`), await redrive('Bearer another')]).toEqual([422, 401]);
  });

  it('is where a second one says that the port is taken', async () => {
    const { port } = new URL(await app.url());
    const second = start({ PORT: port, DATA_DIR: await folderWithDatabase() });
    expect(await second.ended).toEqual([1, null]);
    expect(second.output()).toContain(`PORT: ${port} is taken`);
  });

  it('ends when told to', async () => {
    app.child.kill('SIGTERM');
    expect(await app.ended).toEqual([0, null]);
  });
});

describe('with a token and ALLOWED_HOSTS that were set', () => {
  const env = { TILL_TOKEN: 'known-to-the-shop', ALLOWED_HOSTS: 'till.shop.example, [2001:db8::1]:8443' };
  let app: Started;
  beforeAll(async () => {
    app = start({ ...env, DATA_DIR: await folderWithDatabase() });
    await app.url();
  });

  it('starts with a gateway of its own, and prints three calls that work', async () => {
    expect(await callAll(app, env)).toMatchObject(ANSWERS);
  });

  it('prints no token', () => {
    expect(app.output()).not.toMatch(/#token|known-to-the-shop/);
    expect(app.output()).toMatch(/The token: +TILL_TOKEN/);
  });

  it('is reached by its own names, and by those in ALLOWED_HOSTS', async () => {
    const origin = await app.url();
    const status = async (host: string): Promise<number> => (await callRaw(origin, 'GET', '/health', { host })).status;
    const { port } = new URL(origin);
    for (const host of ['till.shop.example', '[2001:db8::1]:8443', `localhost:${port}`, `127.0.0.1:${port}`]) {
      expect(await status(host), host).toBe(200);
    }
    expect(await status('evil.example')).toBe(421);
  });

  it('ends when told to', async () => {
    app.child.kill('SIGTERM');
    expect(await app.ended).toEqual([0, null]);
  });
});

it('never starts the sandbox in production: it says what is missing', async () => {
  const { output, ended } = start({ NODE_ENV: 'production' });
  expect(await ended).toEqual([1, null]);
  expect(output()).toContain('Cannot start. NODE_ENV: is "production"');
  expect(output()).not.toMatch(/curl|The till:/);
});

it('says which of ALLOWED_HOSTS is no host', async () => {
  const { output, ended } = start({ ALLOWED_HOSTS: 'till.shop.example,*' });
  expect(await ended).toEqual([1, null]);
  expect(output()).toContain('Cannot start. ALLOWED_HOSTS: "*" is not a host');
});

it('says which variable is missing where it is meant for the real gateway', async () => {
  const { output, ended } = start({ WECHATPAY_MERCHANT_ID: '1900000109' });
  expect(await ended).toEqual([1, null]);
  expect(output()).toMatch(/Cannot start\. WECHATPAY_APP_ID: /);
});

it('says that the speed is invalid', async () => {
  const { output, ended } = start({ DEMO_SPEED: 'fast' });
  expect(await ended).toEqual([1, null]);
  expect(output()).toMatch(/Cannot start\. DEMO_SPEED: must be a number from 1 to 99/);
});

it('says that the token is invalid, and not what it is', async () => {
  const { output, ended } = start({ TILL_TOKEN: 'with a space in it' });
  expect(await ended).toEqual([1, null]);
  expect(output()).toMatch(/Cannot start\. TILL_TOKEN: must be 12 to 200/);
  expect(output()).not.toContain('with a space in it');
});

it('says that another process has the folder', async () => {
  const folder = await folderWithDatabase();
  await start({ DATA_DIR: folder }).url();
  const second = start({ DATA_DIR: folder });
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
