// What `import` costs at start-up: whole processes, in turns, less the bare one of the same round.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { median } from './stats.js';

const PROGRAMS = {
  'import wechatpay-core': "import('wechatpay-core')",
  'require wechatpay-core': "require('wechatpay-core')",
  'import fast-xml-parser': "import('fast-xml-parser')",
  'require fast-xml-parser': "require('fast-xml-parser')",
  'import undici': "import('undici')",
  'require tenpay': "require('tenpay')",
  'require wechatpay-axios-plugin': "require('wechatpay-axios-plugin')",
};

/** Milliseconds above `node -e 0`, by program. */
export function measureImports({ spawns }) {
  console.error('bench: import times');
  const above = Object.fromEntries(Object.keys(PROGRAMS).map((name) => [name, []]));
  const bare = [];
  time('0'); // the first reads from the disk
  for (let round = 0; round < spawns; round += 1) {
    bare.push(time('0'));
    for (const [name, program] of Object.entries(PROGRAMS)) above[name].push(time(program) - bare.at(-1));
  }
  const medianOf = ([name, values]) => [name, median(values)];
  return { bare: median(bare), above: Object.fromEntries(Object.entries(above).map(medianOf)) };
}

function time(program) {
  const startedAt = performance.now();
  const { status, stderr } = spawnSync(process.execPath, ['--no-warnings', '-e', program], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
  });
  if (status !== 0) throw new Error(`${program}: ${stderr}`);
  return performance.now() - startedAt;
}
