// docs/benchmarks.md, from the results: every figure on it was measured by the run that wrote it.
import { cpus } from 'node:os';
import { CONTENDERS, DELAY_MS, LEVELS, NEST_LEVELS, medians } from './calls.js';
import { DEFAULT_TIMEOUT_MS } from './overload.js';
import { ratio } from './stats.js';

/** Those that check nothing of a reply. */
const UNLOOKING = ['floor', 'least'];

export function writePage({
  calls,
  codec,
  resolving,
  overload,
  sandbox,
  statement,
  memory,
  imports,
  profile,
  bars,
  plan,
  startedAt,
  load,
  minutes,
}) {
  const times = (name) => {
    const { core, [name]: other } = calls.levels[16];
    return ratio(core.callsPerSecond, other.callsPerSecond).toFixed(1);
  };
  return `# Benchmarks

Written by \`npm run bench\`, never by hand. ${startedAt.toISOString().slice(0, 10)}, Node.js ${process.version}, ${machine()};
the run took ${minutes.toFixed(1)} minutes. ${busy(load)}

\`\`\`sh
npm run bench               # measures everything, some ten minutes, and writes this page and its chart
npm run bench -- --quick    # about a minute; prints the page and writes nothing
npm run bench -- --check    # exit code 1 where a bar is missed
\`\`\`

What is compared is installed by the command into bench/node_modules: the peers by a lock file, and our packages packed as
they would be published. Calls a second depend on the machine. Ratios do so less: everything compared here ran in turns, in
one run, against one gateway.

## The bars

${table(
  ['', 'what', 'measured', 'bar'],
  bars.map(({ name, value, bar, pass }) => [pass ? 'pass' : '**miss**', name, value, bar]),
)}

${misses(bars)}

## Whole calls

![Calls a second by contender and concurrency](benchmarks.svg)

A call is one Revoke Order over mutual TLS, on the same machine, to a gateway in a process of its own that answers at once with
a reply that is correctly signed. Each contender has a process of its own too. They take turns of ${plan.turnMs} ms in
${plan.rounds} rounds; a figure is the median of the rounds, a ratio the median of the rounds' ratios. Before anything is
measured, the gateway's reply has to come back as each contender's result, and the signature of each request has to hold.

- **the floor**: the HTTP client alone, undici's \`Pool.dispatch\`, with the TLS settings and the pool of wechatpay-core. Its
  body is ready, nothing is signed, and the reply is only received. No client over undici can be faster.
- **two hashes, the parser**: the floor, and what no client leaves out that signs (HMAC-SHA256), verifies, and reads replies with
  fast-xml-parser, however it is written. It checks nothing, and makes nothing of the reply. On a quiet machine that was 14 µs a
  call, and \`reverseOrder\` is to take 27: where memory is slow, as on a shared machine, both take many times as long.
- **\`reverseOrder\`**: wechatpay-core. Checks, signs (HMAC-SHA256), encodes, sends, decodes strictly, verifies.
- **Nest \`ReverseService\`**: the same through nestjs-wechatpay, in an application context.
- **tenpay**, **wechatpay-axios-plugin**: set up as their READMEs say, signing with MD5, which is their default. Both connect anew
  for each call, and that handshake is most of what they take: ${times('tenpay')} and ${times('axios')} times as long as \`reverseOrder\`, at 16 at once.
- **wechatpay-axios-plugin, \`httpsAgent\`**: with an agent that keeps connections alive, by its own option: ${times('axiosKept')} times as long.
- **tenpay, agent of its HTTP client replaced**: tenpay has no such option. Here the default agent of urllib, which it uses, was
  replaced by one that keeps connections alive: ${times('tenpayKept')} times as long. That is what it could be, not what it is.

${LEVELS.map((level) => `### ${level} at once\n\n${callTable(calls.levels[level])}`).join('\n\n')}

CPU is that of the contender's process alone; the gateway's own stands beside it. Both work at the same time, so that with two
free cores the slower of the two sets the pace. The floor keeps the gateway busiest.

Our connections are kept alive. Where the last column is not 0 for them, they were opened anew at the beginning of a turn: an
idle one is dropped after some seconds, while the others have their turns.

### The service in Nest, closer

\`ReverseService\` and \`reverseOrder\` on the same client in one process, in turns of ${plan.nestTurnMs} ms, ${plan.nestRounds}
rounds: two processes differ by more than the service costs.

${table(
  ['at once', 'service, calls/s', 'function, calls/s', 'ratio'],
  NEST_LEVELS.map((level) => {
    const { service, plain } = calls.service[level];
    const share = ratio(service.callsPerSecond, plain.callsPerSecond);
    return [level, whole(medians(service).callsPerSecond), whole(medians(plain).callsPerSecond), share.toFixed(3)];
  }),
)}

### With a gateway that takes ${DELAY_MS} ms

64 at once; no client can do more than ${(64_000 / DELAY_MS).toFixed(0)} calls a second here.

${callTable(calls.delayed)}

### Memory and trust

${table(
  ['', 'RSS', 'heap', 'refuses a reply with a wrong signature'],
  Object.entries(CONTENDERS).map(([name, label]) => {
    const { rss, heap } = calls.memory[name];
    const refuses = UNLOOKING.includes(name) ? 'it does not look' : calls.refusesForgery[name] ? 'yes' : '**no**';
    return [label, `${rss.toFixed(0)} MiB`, `${heap.toFixed(1)} MiB`, refuses];
  }),
)}

After the calls above and a garbage collection; the benchmark's own code and lists are in it.

## More callers than the gateway can answer

Each caller makes one call after the other; after a refusal (\`WECHATPAY_OVERLOADED\`, not sent) again when \`retryAfterMs\` says.
Possible is what as many connections carried just before and after, for as many callers, of a client that does nothing but two hashes and the parser. There are 64 of them, the default; 8 with the
gateway of 50 ms, since 64 would carry more calls than one core can make with TLS, and the queue is what is looked at here. An answer counts by the share of its time under way that lies in the stretch that is looked at. An unknown outcome is avoidable where the gateway would have answered within \`timeoutMs\`
of its leaving: the call left too late, and should have been left unsent. Where the gateway takes longer than \`timeoutMs\`, nobody can
be answered: what is unknown then are the calls until that is noticed, and the probes. In the last cases the gateway stops for ${plan.stopMs / 1000} s; the goodput is that from 2 s after it came back.

${table(
  [
    'timeoutMs',
    'gateway',
    'connections',
    'callers',
    'answered/s',
    'possible',
    'share',
    'unknown',
    'avoidable',
    'refused',
    'longest answered call',
  ],
  overload.cases.map((each) => [
    each.timeoutMs === DEFAULT_TIMEOUT_MS ? `${thousands(each.timeoutMs)} (default)` : thousands(each.timeoutMs),
    `${thousands(each.delayMs)} ms${each.stops ? ', stops' : ''}`,
    each.connections,
    thousands(each.callers),
    whole(each.answered),
    whole(each.possible),
    each.possible > 0 ? (each.answered / each.possible).toFixed(2) : '',
    each.unknown,
    each.avoidable,
    thousands(each.refused),
    `${thousands(Math.round(each.longestMs))} ms`,
  ]),
)}

## Many calls through one client

${thousands(memory.samples.at(-1).calls)} calls of \`reverseOrder\`, 64 at once: ${memory.handshakes} TLS handshakes. After each tenth, and a garbage collection:

${table(
  ['calls', 'heap', 'RSS'],
  memory.samples.map(({ calls: made, heap, rss }) => [
    thousands(made),
    `${heap.toFixed(2)} MiB`,
    `${rss.toFixed(0)} MiB`,
  ]),
)}

## Where the CPU time of a call goes

\`reverseOrder\` at 16 at once, by V8's sampling profiler (what \`node --cpu-prof\` records). Calls within the language, such as
regular expressions, count for who makes them. The floor pays for undici and most of what stands under Node.js as well: writing
to a TLS socket is one call into the kernel.

${table(
  ['whose code', 'share'],
  Object.entries(profile)
    .filter(([, share]) => share >= 0.002)
    .map(([owner, share]) => [owner, `${(share * 100).toFixed(1)} %`]),
)}

## Signing and XML

Microseconds, and how many times as long as the bare hash of the same bytes (HMAC-SHA256 or MD5, by node:crypto). The request has
seven fields, the reply nine. fast-xml-parser stands by itself with the options of wechatpay-core, which reads replies with it.

${codecTables(codec)}

## Resolving

An order that the first query finds paid, in µs of CPU: over TLS, and with a gateway that is a function, where only our
own work is left. A client that asks one thing at a time, as here, spends more on each call than one that is busy.

${table(
  ['', '`queryOrder`', '`resolveOrder`', 'times'],
  [
    ['over TLS', resolving.calls],
    ['in process', resolving.inProcess],
  ].map(([name, { query, resolve, ratio }]) => [name, query.toFixed(0), resolve.toFixed(0), ratio.toFixed(2)]),
)}

## A sandbox with many orders

100,000 orders take ${sandbox.mebibytes.toFixed(0)} MiB of heap. A query among them, client and gateway in one process without a socket:
${(sandbox.p50 * 1000).toFixed(0)} µs at the median, ${(sandbox.p99 * 1000).toFixed(0)} µs at the 99th percentile.

## Statements

A statement of ${thousands(statement.rows)} rows of 27 columns, a tenth of whose product names hold a comma or a comma and a backtick, from memory in
chunks of some 60 KiB: ${thousands(Math.round(statement.rowsPerSecond))} rows a second of CPU time, every row and sum checked, ${statement.mebibytes.toFixed(0)} MiB above the base; decoding and \`split\` alone make ${thousands(Math.round(statement.cutPerSecond))}. What making the file takes is not in it.

## Import

Milliseconds above a bare \`node -e 0\`, which takes ${imports.bare.toFixed(0)} ms. wechatpay-core loads undici when a client is made, not when it is
imported.

${table(
  ['', 'ms'],
  Object.entries(imports.above).map(([program, ms]) => [program, ms.toFixed(0)]),
)}
`;
}

function misses(bars) {
  const missed = bars.filter(({ pass }) => !pass);
  if (missed.length === 0) return 'Every bar is met.';
  return `What holds the misses down:\n\n${missed.map(({ name, bound }) => `- **${name}**: ${bound}`).join('\n')}`;
}

function callTable(figures) {
  const rows = Object.entries(figures).map(([name, lists]) => {
    const { callsPerSecond, cpuMicros, gatewayMicros, p50, p99, handshakesPerCall } = medians(lists);
    const share = ratio(lists.callsPerSecond, figures.floor.callsPerSecond);
    return [
      CONTENDERS[name],
      whole(callsPerSecond),
      share.toFixed(2),
      `${whole(cpuMicros)} µs`,
      `${whole(gatewayMicros)} µs`,
      `${p50.toFixed(2)} ms`,
      `${p99.toFixed(2)} ms`,
      handshakesPerCall.toFixed(3),
    ];
  });
  return table(
    ['', 'calls/s', 'of the floor', 'CPU a call', "the gateway's", 'p50', 'p99', 'TLS handshakes a call'],
    rows,
  );
}

function codecTables(codec) {
  const tasks = [...new Set(codec.map(({ task }) => task))];
  const contenders = [...new Set(codec.map(({ who }) => who))];
  const cell = (task, who) => {
    const figure = codec.find((each) => each.task === task && each.who === who);
    if (figure === undefined) return '';
    const { micros, timesBare } = figure;
    return who === 'bare' ? micros.toFixed(2) : `${micros.toFixed(2)} (${timesBare.toFixed(1)}×)`;
  };
  return table(
    ['', ...contenders.map((who) => (who === 'bare' ? 'bare hash' : who))],
    tasks.map((task) => [task, ...contenders.map((who) => cell(task, who))]),
  );
}

function table(heads, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

function busy(load) {
  const before = `The load average before it was ${load.toFixed(1)}`;
  return load < 1
    ? `${before}.`
    : `${before}: other work ran beside it, so that the figures are worse than they need be.`;
}

function machine() {
  const [{ model }] = cpus();
  return `${cpus().length} cores (${model.trim()}), ${process.platform} ${process.arch}`;
}

function whole(value) {
  return thousands(Math.round(value));
}

function thousands(value) {
  return value.toLocaleString('en');
}
