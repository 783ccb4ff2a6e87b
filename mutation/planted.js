// `npm run planted`: puts bugs that were real once back into a copy of the sources, one at a time, and sees whether the judge
// of stories catches each. A number or a part of a name chooses among them: `npm run planted -- refund`.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BUGS } from './planted-bugs.js';

/** For how long a judge looks for a bug. */
const LIMIT_MS = 120_000;
/** The stories of days take a busy machine minutes, and have to be read to the end where nothing is planted. */
const CLEAN_LIMIT_MS = 15 * 60_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const workshop = mkdtempSync(join(tmpdir(), 'wechatpay-planted-'));
const wanted = process.argv.slice(2);
const chosen = BUGS.filter(({ name }) => wanted.every((part) => name.includes(part)));

try {
  for (const path of ['package.json', 'tsconfig.base.json', 'vitest.shared.ts', 'tools', 'packages']) {
    cpSync(join(root, path), join(workshop, path), {
      recursive: true,
      filter: (source) => !/node_modules|[\\/]dist$/.test(source),
    });
  }
  symlinkSync(join(root, 'node_modules'), join(workshop, 'node_modules'));

  const judges = new Map(chosen.map((bug) => [specOf(bug), bug]));
  for (const bug of judges.values()) {
    const clean = judge(bug, 500, CLEAN_LIMIT_MS);
    if (!clean.holds) throw new Error(`The judge objects to the sources as they are:\n${clean.output}`);
  }
  const alive = chosen.filter((bug) => !isCaught(bug));
  console.log(`${chosen.length - alive.length} of ${chosen.length} planted bugs were caught.`);
  process.exitCode = alive.length > 0 || chosen.length === 0 ? 1 : 0;
} finally {
  rmSync(workshop, { recursive: true, force: true });
}

/** Which judge is to catch it: that of Quick Pay of the package that it is in, where it names no other. */
function specOf({ spec, changes }) {
  return spec ?? `${packageOf(changes[0].file)}/test/truth/judge.spec.ts`;
}

function packageOf(file) {
  return file.split('/').slice(0, 2).join('/');
}

function isCaught(bug) {
  const { name, changes } = bug;
  const before = new Map();
  for (const { file, find, replace } of changes) {
    const path = join(workshop, file);
    const text = readFileSync(path, 'utf8');
    if (!before.has(path)) before.set(path, text);
    if (text.split(find).length !== 2) throw new Error(`${name}: ${file} does not hold once: ${find}`);
    writeFileSync(
      path,
      text.replace(find, () => replace),
    );
  }
  const startedAt = Date.now();
  const { law } = judge(bug, 1_000_000, LIMIT_MS);
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  console.log(law ? `caught in ${seconds} s: ${name}\n  by: ${law}` : `ALIVE after ${seconds} s: ${name}`);
  for (const [path, text] of before) writeFileSync(path, text);
  return law !== undefined;
}

/** Has the judge of a bug read so many stories, and stop at the first breach. */
function judge(bug, runs, timeout) {
  // In one process: where its time is over, nothing goes on reading stories.
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [vitest, 'run', join(workshop, specOf(bug)), '--reporter=default', '--pool=threads'],
    {
      cwd: join(workshop, packageOf(specOf(bug))),
      env: { ...process.env, JUDGE_RUNS: String(runs), JUDGE_SEED: '1', JUDGE_FIRST: '1', NO_COLOR: '1' },
      encoding: 'utf8',
      timeout,
      killSignal: 'SIGKILL',
    },
  );
  const output = `${stdout}${stderr}`;
  return { holds: status === 0, law: /Breach: (.*)/.exec(output)?.[1], output };
}
