import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';

const folder = fileURLToPath(new URL('..', import.meta.url));
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

function start(env: Record<string, string>): { child: ChildProcess; output: () => string; ended: Promise<unknown[]> } {
  // As `npm start` does, in one process: a signal reaches the application and nothing outlives the test.
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
    cwd: folder,
    env: { ...process.env, TSX_TSCONFIG_PATH: '../../tsconfig.json', ...env },
  });
  children.push(child);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, output: () => output, ended: once(child, 'exit') };
}

it('starts with a gateway of its own, prints three calls that work, and ends when told to', async () => {
  const { child, output, ended } = start({ PORT: '0' });
  while (!output().includes('/docs')) await once(child.stdout!, 'data');

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
  const { output, ended } = start({ PORT: '0', WECHATPAY_MERCHANT_ID: '1900000109' });
  expect(await ended).toEqual([1, null]);
  expect(output()).toMatch(/Cannot start\. WECHATPAY_APP_ID: /);
});

it('says that the speed is none', async () => {
  const { output, ended } = start({ PORT: '0', DEMO_SPEED: 'fast' });
  expect(await ended).toEqual([1, null]);
  expect(output()).toMatch(/Cannot start\. DEMO_SPEED: must be a number from 1 to 99/);
});

it('says that the port is taken', async () => {
  const first = start({ PORT: '0' });
  while (!first.output().includes('/docs')) await once(first.child.stdout!, 'data');
  const port = /localhost:(\d+)/.exec(first.output())![1]!;
  const second = start({ PORT: port });
  expect(await second.ended).toEqual([1, null]);
  expect(second.output()).toContain(`PORT: ${port} is taken`);
});
