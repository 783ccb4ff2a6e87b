// What we hold the packages to. Each bar tells its figure and, where it is missed, what holds it down.
import { NODE } from './profile.js';
import { describeCase } from './overload.js';
import { difference, median, ratio } from './stats.js';

export const BARS = {
  timesLeast: 3,
  nestShare: 0.95, // 0.98 to 1.00 is what is seen; one call may not decide
  timesTenpay: 12, // 15 to 48 is what is seen, by machine
  handshakes: 64,
  heapGrowthMiB: 1,
  importShare: 0.85, // 41 ms where bare node takes 48
  resolveShare: 1.4, // 1.23 to 1.30 is what is seen: a step of the state machine, its checks and an AbortSignal
  goodput: 0.95,
  overloadHeapMiB: 10,
  sandboxQueryMs: 1,
  statementShare: 0.36, // 0.39 to 0.41 is what is seen: 400,000 rows a second where cutting alone does a million
  statementMiB: 96,
};

/** A list of `{ name, value, bar, pass, bound }`; `bound` says what a miss comes from. */
export function judge({ calls, memory, imports, profile, resolving, overload, sandbox, statement }) {
  const perSecond = (level, name) => calls.levels[level][name].callsPerSecond;
  const cpu = (level, name) => median(calls.levels[level][name].cpuMicros);

  const aboveFloor = (level, name) =>
    difference(calls.levels[level][name].cpuMicros, calls.levels[level].floor.cpuMicros);
  const floor = (level) =>
    atMost(
      `CPU of \`reverseOrder\` above the floor, ${level} at once: ${micros(aboveFloor(level, 'core'))} a call`,
      aboveFloor(level, 'core') / aboveFloor(level, 'least'),
      BARS.timesLeast,
      ' times that of two hashes and the parser alone',
      2,
      `A call takes ${micros(cpu(level, 'core'))} of CPU, one of the floor ${micros(cpu(level, 'floor'))}, and two hashes and the parser ` +
        `${micros(aboveFloor(level, 'least'))}. What the floor does not do, by the profile below: ${largest(profile)}.`,
    );
  const nest = (level) => {
    const { service, plain } = calls.service[level];
    return atLeast(
      `Nest \`ReverseService\` against \`reverseOrder\`, ${level} at once`,
      ratio(service.callsPerSecond, plain.callsPerSecond),
      BARS.nestShare,
      ` of its calls/s`,
      'The service is one more function call; what is beyond that is the noise of this machine.',
    );
  };
  const tenpay = (level) =>
    atLeast(
      `\`reverseOrder\` against tenpay, ${level} at once`,
      ratio(perSecond(level, 'core'), perSecond(level, 'tenpay')),
      BARS.timesTenpay,
      ' times its calls/s',
      `tenpay's call takes ${micros(cpu(level, 'tenpay'))} of CPU, ours ${micros(cpu(level, 'core'))}.`,
    );

  const { samples, handshakes } = memory;
  const callsMade = thousands(samples.at(-1).calls);
  const growth = samples.at(-1).heap - samples[0].heap;
  return [
    floor(16),
    nest(16),
    nest(64),
    tenpay(16),
    tenpay(64),
    atMost(
      `TLS handshakes in ${callsMade} calls, 64 at once`,
      handshakes,
      BARS.handshakes,
      '',
      0,
      'Connections dropped.',
    ),
    atMost(
      `heap growth over ${callsMade} calls`,
      growth,
      BARS.heapGrowthMiB,
      ' MiB',
      2,
      'Something stays behind of each call; the table below tells whether it goes on growing.',
    ),
    ...overloadBars(overload),
    atMost(
      '`resolveOrder` that ends at the first query, against `queryOrder`',
      resolving.calls.ratio,
      BARS.resolveShare,
      ' times its CPU',
      2,
      `The state machine takes ${micros(resolving.inProcess.resolve - resolving.inProcess.query)} beside ${micros(resolving.calls.query)} of the query.`,
    ),
    atLeast(
      `reading a statement of ${thousands(statement.rows)} rows: ${thousands(Math.round(statement.rowsPerSecond))} rows/s`,
      statement.share,
      BARS.statementShare,
      ' of the speed at which decoding and `split` alone cut it',
      'Each of its 27 columns is cut, read by its name, and added up exactly.',
    ),
    atMost(
      'memory of that, above the base',
      statement.mebibytes,
      BARS.statementMiB,
      ' MiB',
      0,
      'Rows or chunks stay behind; the garbage collector decides when they go.',
    ),
    atMost(
      "a query of the sandbox's, with 100,000 orders",
      sandbox.p50,
      BARS.sandboxQueryMs,
      ' ms',
      3,
      'Something looks through all orders.',
    ),
    atMost(
      `import of wechatpay-core, ${imports.above['import wechatpay-core'].toFixed(0)} ms above bare \`node\``,
      imports.above['import wechatpay-core'] / imports.bare,
      BARS.importShare,
      ' times what bare `node` takes',
      2,
      `fast-xml-parser, as its CommonJS build of one file, takes ${imports.above['require fast-xml-parser'].toFixed(0)} ms of it.`,
    ),
  ];
}

function atLeast(name, value, bar, unit, bound) {
  return { name, value: `${value.toFixed(2)}${unit}`, bar: `at least ${bar.toFixed(2)}`, pass: value >= bar, bound };
}

function atMost(name, value, bar, unit, digits, bound) {
  return { name, value: `${value.toFixed(digits)}${unit}`, bar: `at most ${bar}${unit}`, pass: value <= bar, bound };
}

function overloadBars({ cases, heapGrowth }) {
  const answerable = cases.filter(({ possible }) => possible > 0);
  const worst = (list) => list.toSorted((a, b) => a.answered / a.possible - b.answered / b.possible)[0];
  const goodput = (name, list) => {
    const least = worst(list);
    const share = least.answered / least.possible;
    return atLeast(
      name,
      share,
      BARS.goodput,
      ' of what its connections carry',
      `The worst case: ${describeCase(least)}.`,
    );
  };
  const avoidable = cases.reduce((sum, each) => sum + each.avoidable, 0);
  return [
    atMost(
      'unknown outcomes that the gateway would have answered, in overload',
      avoidable,
      0,
      '',
      0,
      cases
        .filter((each) => each.avoidable > 0)
        .map((each) => `${describeCase(each)}: ${each.avoidable}`)
        .join('; '),
    ),
    goodput(
      'goodput in overload, the worst case',
      answerable.filter(({ stops }) => !stops),
    ),
    goodput(
      'goodput from 2 s after a gateway that had stopped, the worst case',
      answerable.filter(({ stops }) => stops),
    ),
    atMost('heap growth over all that', heapGrowth, BARS.overloadHeapMiB, ' MiB', 1, 'Refused calls stay behind.'),
  ];
}

// Whose code the floor needs as well.
const FLOORS = [NODE, 'undici'];

function largest(profile) {
  const shares = Object.entries(profile)
    .filter(([owner]) => !FLOORS.includes(owner))
    .slice(0, 5);
  return shares.map(([owner, share]) => `${owner} ${(share * 100).toFixed(0)} %`).join(', ');
}

function micros(value) {
  return `${value.toFixed(0)} µs`;
}

function thousands(value) {
  return value.toLocaleString('en');
}
