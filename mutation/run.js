// `npm run mutate`: changes one thing at a time in the files that money depends on, and sees whether a test notices.
//
// Stryker and its 200 packages stay out of the default install: they live in a folder of their own beside a copy of the
// sources, so that one copy of vitest serves both.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const workshop = join(tmpdir(), 'wechatpay-mutation');
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
const locked = (name) => lock[`node_modules/${name}`].version;

const FILES = ['sign', 'xml', 'errors', 'reverse', 'fields', 'client', 'deliver'].map(
  (name) => `packages/wechatpay-core/src/${name}.ts`,
);

mkdirSync(workshop, { recursive: true });
const manifest = JSON.stringify({
  private: true,
  type: 'module',
  dependencies: {
    '@stryker-mutator/core': '9.6.1',
    '@stryker-mutator/vitest-runner': '9.6.1',
    ...Object.fromEntries(
      ['vitest', 'fast-check', 'fast-xml-parser', 'undici', 'saxes', 'node-forge'].map((name) => [name, locked(name)]),
    ),
  },
});
if (!existsSync(join(workshop, 'package.json')) || readFileSync(join(workshop, 'package.json'), 'utf8') !== manifest) {
  writeFileSync(join(workshop, 'package.json'), manifest);
  run('npm', ['install', '--no-audit', '--no-fund']);
}

for (const path of [
  'tsconfig.base.json',
  'vitest.shared.ts',
  'packages/wechatpay-core',
  'packages/wechatpay-sandbox',
]) {
  rmSync(join(workshop, path), { recursive: true, force: true });
  mkdirSync(dirname(join(workshop, path)), { recursive: true });
  cpSync(join(root, path), join(workshop, path), {
    recursive: true,
    filter: (source) => !/node_modules|[\\/]dist$/.test(source),
  });
}
writeFileSync(
  join(workshop, 'vitest.config.ts'),
  `import { shared } from './vitest.shared.js';
export default {
  ...shared,
  test: {
    ...shared.test,
    include: ['packages/wechatpay-core/src/{sign,xml,config,reverse,deliver,fields,refund,quick-pay,query-order}.spec.ts'],
    // These wait for a time-out, which belongs to transport.ts.
    testNamePattern: /^(?!.*"kind":"(?:hang|delay)")/,
    reporters: ['default'],
  },
};
`,
);
writeFileSync(
  join(workshop, 'stryker.config.json'),
  JSON.stringify({
    mutate: process.argv.length > 2 ? process.argv.slice(2) : FILES,
    testRunner: 'vitest',
    vitest: { configFile: 'vitest.config.ts', related: false },
    coverageAnalysis: 'perTest',
    ignoreStatic: false,
    concurrency: 2,
    timeoutMS: 30_000,
    reporters: ['clear-text', 'json', 'progress-append-only'],
    jsonReporter: { fileName: 'mutation.json' },
    clearTextReporter: { allowColor: false, logTests: false },
    thresholds: { high: 95, low: 90, break: 90 },
    tempDirName: '.stryker-tmp',
  }),
);
run('npx', ['stryker', 'run', 'stryker.config.json']);

function run(command, parameters) {
  const { status } = spawnSync(command, parameters, { cwd: workshop, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
