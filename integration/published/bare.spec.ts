import { beforeAll, expect, test } from 'vitest';
import { install, type Project } from './project.js';

let project: Project;

beforeAll(async () => {
  project = await install('bare', ['wechatpay-core', 'wechatpay-sandbox', 'wechatpay-cli']);
});

test.each([
  ['an ES module imports the core', 'esm.mjs'],
  ['a script trusts the roots of its system where it is given no `ca`,', 'extra-roots.mjs'],
  ['a CommonJS script requires the core, and has the same classes as an ES module', 'commonjs.cjs'],
])('%s and reverses an order', async (_, script) => {
  expect(await project.run('node', script)).toMatchObject({ code: 0, output: 'OK\n' });
});

test('the command of the sandbox is installed and starts', async () => {
  const { code, output } = await project.run('npx', '--no-install', 'wechatpay-sandbox', '--help');
  expect({ code, output }).toMatchObject({
    code: 0,
    output: expect.stringContaining('Usage: wechatpay-sandbox') as string,
  });
});

test('the command line is installed, starts, and says what it lacks', async () => {
  const wechatpay = (...given: string[]): Promise<unknown> => project.run('npx', '--no-install', 'wechatpay', ...given);
  expect(await wechatpay('--help')).toMatchObject({
    code: 0,
    output: expect.stringContaining('Usage: wechatpay') as string,
  });
  expect(await wechatpay('orders', 'counts')).toMatchObject({
    code: 2,
    output: expect.stringContaining('npm install wechatpay-durable') as string,
  });
});
