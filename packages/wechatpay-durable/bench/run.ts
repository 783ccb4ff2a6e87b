// `npm run bench:durable`: what durable orders are measured by; it writes docs/benchmarks-durable.md. `-- --quick` prints it and writes
// nothing; with `-- --check` a missed bar is a failure. `-- --only reconciling` measures the reconciliation of a day alone, of a million rows
// or `--rows` of them, and prints what it took.
import { parseArgs } from 'node:util';

const { only, rows } = parseArgs({
  options: {
    quick: { type: 'boolean' },
    check: { type: 'boolean' },
    only: { type: 'string' },
    rows: { type: 'string' },
  },
}).values;

if (only !== undefined && only !== 'reconciling') throw new Error(`--only ${only} is unknown: reconciling is known.`);
if (rows !== undefined && only === undefined) throw new Error('--rows is of --only reconciling.');
if (rows !== undefined && !(Number.isInteger(Number(rows)) && Number(rows) >= 100)) {
  throw new Error(`--rows ${rows}: must be a whole number of 100 or more.`);
}

if (only === undefined) await import('./all.js');
else await (await import('./reconciling-alone.js')).reconcileAlone(rows === undefined ? undefined : Number(rows));
