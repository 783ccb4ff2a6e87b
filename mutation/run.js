// `npm run mutate`: changes one thing at a time in the files that money depends on, and sees whether a test notices.
// `npm run mutate -- FILE…` does so in these alone. It fails where fewer than 90 % of a file's changes are noticed.
//
// Stryker and its 200 packages stay out of the default install: they live in a folder of their own beside a copy of the
// sources, so that one copy of vitest serves both.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PLAN } from './plan.js';

const AT_LEAST = 90;

const root = fileURLToPath(new URL('..', import.meta.url));
const workshop = join(tmpdir(), 'wechatpay-mutation');
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
const locked = (name) => lock[`node_modules/${name}`].version;

const asked = process.argv.slice(2);
const groups = PLAN.map((group) => ({
  ...group,
  files: asked.length > 0 ? group.files.filter((file) => asked.includes(file)) : group.files,
})).filter(({ files }) => files.length > 0);
const unknown = asked.filter((file) => !groups.some(({ files }) => files.includes(file)));
if (unknown.length > 0) fail(`Not in mutation/plan.js: ${unknown.join(', ')}`);

prepare();
const scores = groups.flatMap(mutate);
console.table(scores);
const low = scores.filter(({ percent }) => percent < AT_LEAST);
if (low.length > 0) fail(`Below ${AT_LEAST} %: ${low.map(({ file }) => file).join(', ')}`);

function prepare() {
  mkdirSync(workshop, { recursive: true });
  const manifest = JSON.stringify({
    private: true,
    type: 'module',
    dependencies: {
      '@stryker-mutator/core': '9.6.1',
      '@stryker-mutator/vitest-runner': '9.6.1',
      ...Object.fromEntries(
        ['vitest', 'fast-check', 'fast-xml-parser', 'undici', 'saxes', 'node-forge'].map((name) => [
          name,
          locked(name),
        ]),
      ),
    },
  });
  if (
    !existsSync(join(workshop, 'package.json')) ||
    readFileSync(join(workshop, 'package.json'), 'utf8') !== manifest
  ) {
    writeFileSync(join(workshop, 'package.json'), manifest);
    run('npm', ['install', '--no-audit', '--no-fund']);
  }
  for (const path of [
    ...['tsconfig.base.json', 'vitest.shared.ts'],
    ...['packages/wechatpay-core', 'packages/wechatpay-durable', 'packages/wechatpay-sandbox'],
  ]) {
    rmSync(join(workshop, path), { recursive: true, force: true });
    mkdirSync(dirname(join(workshop, path)), { recursive: true });
    cpSync(join(root, path), join(workshop, path), {
      recursive: true,
      filter: (source) => !/node_modules|[\\/]dist$/.test(source),
    });
  }
}

/** Runs the mutants of a group. Gives each file's score. */
function mutate({ name, files, specs, testNamePattern }) {
  const report = `${name}.json`;
  // One file of tests, and few of libraries: a change costs half a second, and not five.
  writeFileSync(join(workshop, 'all.spec.ts'), specs.map((spec) => `import './${spec}';\n`).join(''));
  writeFileSync(
    join(workshop, 'vitest.config.ts'),
    `import { shared } from './vitest.shared.js';
export default {
  ...shared,
  test: {
    ...shared.test,
    include: ['all.spec.ts'],
    deps: { optimizer: { ssr: { enabled: true, include: ['fast-check', 'fast-xml-parser', 'undici'] } } },
    ${testNamePattern ? `testNamePattern: ${testNamePattern},` : ''}
    reporters: ['default'],
    testTimeout: 10_000,
  },
};
`,
  );
  writeFileSync(
    join(workshop, 'stryker.config.json'),
    JSON.stringify({
      mutate: files,
      testRunner: 'vitest',
      vitest: { configFile: 'vitest.config.ts', related: false },
      coverageAnalysis: 'perTest',
      ignoreStatic: false,
      concurrency: Number(process.env.MUTATE_CONCURRENCY ?? 2),
      timeoutMS: 20_000,
      reporters: ['clear-text', 'json', 'progress-append-only'],
      jsonReporter: { fileName: report },
      clearTextReporter: { allowColor: false, logTests: false },
      tempDirName: '.stryker-tmp',
    }),
  );
  run('npx', ['stryker', 'run', 'stryker.config.json']);
  return Object.entries(JSON.parse(readFileSync(join(workshop, report), 'utf8')).files).map(([file, { mutants }]) => {
    const count = (...states) => mutants.filter(({ status }) => states.includes(status)).length;
    const noticed = count('Killed', 'Timeout');
    const total = noticed + count('Survived', 'NoCoverage');
    return { file, noticed, total, percent: total === 0 ? 100 : Math.floor((1000 * noticed) / total) / 10 };
  });
}

function run(command, parameters) {
  const { status } = spawnSync(command, parameters, { cwd: workshop, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
