// `npm run judge -- --runs 100000 --seed 1`: any number of stories, from any seed; `--survey` goes on after a breach and prints the
// shortest story for each law that was broken. `--package wechatpay-durable` asks only the judge of that package.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const JUDGES = ['wechatpay-core', 'wechatpay-durable', 'nestjs-wechatpay'];
const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string' },
    survey: { type: 'boolean' },
    package: { type: 'string', multiple: true, default: JUDGES },
  },
});
const unknown = values.package.find((name) => !JUDGES.includes(name));
if (unknown !== undefined) throw new Error(`No judge in package ${unknown}. Valid packages: ${JUDGES.join(', ')}.`);

for (const name of values.package) {
  const { status } = spawnSync('npx', ['vitest', 'run', 'judge.spec.ts'], {
    cwd: fileURLToPath(new URL(`../packages/${name}`, import.meta.url)),
    env: {
      ...process.env,
      ...(values.runs && { JUDGE_RUNS: values.runs }),
      JUDGE_SEED: values.seed ?? String(Math.floor(Math.random() * 2 ** 31)),
      ...(values.survey && { JUDGE_SURVEY: '1' }),
    },
    stdio: 'inherit',
  });
  if (status !== 0) process.exitCode = status ?? 1;
}
