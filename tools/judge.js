// `npm run judge -- --runs 100000 --seed 1`: any number of stories, from any seed; `--survey` goes on after a breach and prints the
// shortest story for each law that was broken.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, survey: { type: 'boolean' } },
});
const { status } = spawnSync('npx', ['vitest', 'run', 'test/truth/judge.spec.ts'], {
  cwd: fileURLToPath(new URL('../packages/wechatpay-core', import.meta.url)),
  env: {
    ...process.env,
    ...(values.runs && { JUDGE_RUNS: values.runs }),
    JUDGE_SEED: values.seed ?? String(Math.floor(Math.random() * 2 ** 31)),
    ...(values.survey && { JUDGE_SURVEY: '1' }),
  },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
