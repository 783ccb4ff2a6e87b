import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { describe, expect, it, test } from 'vitest';
import { CALL_INSTRUMENTS, type Instrument } from 'wechatpay-core/opentelemetry';
import { DURABLE_INSTRUMENTS } from 'wechatpay-durable/opentelemetry';
import { dashboard, expressionsOf, labelOf, metricsTable, prometheusName } from '../../tools/dashboard.js';

// Alarms, dashboard, runbook and guide hang on the tables of instruments in the code, and on one another.

const root = fileURLToPath(new URL('../..', import.meta.url));
const path = (file: string): string => join(root, file);
const read = (file: string): string => readFileSync(path(file), 'utf8');

const durable: readonly Instrument[] = Object.values(DURABLE_INSTRUMENTS);
const calls: readonly Instrument[] = Object.values(CALL_INSTRUMENTS);
const instruments = [...calls, ...durable];
const drawn = dashboard([
  { title: 'Durable orders', instruments: durable },
  { title: 'Calls and clients', instruments: calls },
]);

const tests = ['ops/alerts.test.yml', 'ops/alerts.day.test.yml'];

/** Each alarm, as its lines in the file say it. */
const alarms = read('ops/alerts.yml')
  .split(/^ {6}- alert: /m)
  .slice(1)
  .map((text) => ({
    name: text.split('\n')[0] ?? '',
    page: /runbook_url: \S+\/docs\/runbook\/(\S+)\.md$/m.exec(text)?.[1],
    severity: /severity: (\w+)/.exec(text)?.[1],
    expression: /expr:([\s\S]*?)\n {8}(?:for|labels):/.exec(text)?.[1] ?? '',
  }));
const names = [...new Set(alarms.map(({ name }) => name))];
const pageOf = (name: string): string =>
  name
    .replace('WechatPay', '')
    .replaceAll(/(?<=.)[A-Z]/g, '-$&')
    .toLowerCase();

/** The metrics that an expression reads, and the labels by which it chooses or adds up. */
function readsOf(expression: string): { readonly metrics: string[]; readonly labels: string[] } {
  const metrics = [...expression.matchAll(/\bwechatpay_(?:client|durable)_\w+/g)].map(([name]) => name);
  const chosen = [...expression.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label);
  const added = [...expression.matchAll(/\bby ?\(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(/, ?/));
  return { metrics, labels: [...new Set([...chosen, ...added])].filter((label) => label !== 'job' && label !== 'le') };
}

const known = new Map(
  instruments.flatMap((row) => {
    const name = prometheusName(row);
    const labels = row.attributes.map(labelOf);
    const series = row.kind === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name];
    return series.map((one) => [one, labels] as const);
  }),
);

test('a metric ends in its unit, so that Prometheus calls it the same whichever exporter tells it', () => {
  const suffixes: Readonly<Record<string, string>> = { s: '_seconds', d: '_days' };
  for (const { name, unit } of instruments) {
    expect(name).toMatch(/^wechatpay\.(?:client|durable)\.[a-z._]+[a-z]$/);
    // Of what is counted, the unit is in braces, and no exporter makes a suffix of it.
    if (!/^\{[a-z]+\}$/.test(unit)) expect(name.endsWith(suffixes[unit] ?? 'another unit'), name).toBe(true);
  }
  expect(known.size).toBeGreaterThan(instruments.length);
});

test('there are alarms, and a page of the runbook for each', () => {
  expect(names.length).toBeGreaterThanOrEqual(15);
  const pages = readdirSync(path('docs/runbook')).filter((file) => file !== 'README.md');
  expect(pages.sort()).toEqual(names.map((name) => `${pageOf(name)}.md`).sort());
  const index = read('docs/runbook/README.md');
  for (const name of names) expect(index).toContain(`[${name}](${pageOf(name)}.md)`);
});

describe.each(alarms)('$name ($severity)', ({ name, page, expression }) => {
  it('leads to its page, reads what is told, and has a case in which it fires and one in which it is silent', () => {
    expect(page).toBe(pageOf(name));
    const { metrics, labels } = readsOf(expression);
    expect(metrics).not.toEqual([]);
    for (const metric of metrics) expect([...known.keys()]).toContain(metric);
    expect(metrics.flatMap((metric) => known.get(metric) ?? [])).toEqual(expect.arrayContaining(labels));
    const cases = tests
      .map(read)
      .join('')
      .split(/^ {6}- eval_time: /m);
    const ofIt = cases.filter((text) => text.includes(`alertname: ${name}\n`));
    expect(ofIt.some((text) => text.includes('exp_alerts: []'))).toBe(true);
    expect(ofIt.some((text) => text.includes('exp_labels:'))).toBe(true);
  });
});

describe.each(names)('the page of %s', (name) => {
  const text = read(`docs/runbook/${pageOf(name)}.md`);

  it('says what the alarm means for the money, how to see it, and what to do, with commands that there are', () => {
    const headings = [...text.matchAll(/^(#{1,2}) (.+)$/gm)].map(([, , heading]) => heading);
    expect(headings).toEqual([name, 'What it means for the money', 'How to see it', 'What to do']);
    const commands = [...text.matchAll(/^(?:npx )?wechatpay(?:-cli)? ([a-z-]+(?: [a-z]+)?)/gm)].map(
      ([, one = '']) => one,
    );
    const program = ['program', 'program-orders']
      .map((file) => read(`packages/wechatpay-cli/src/${file}.ts`))
      .join('\n');
    for (const command of commands) {
      const [first = '', second = ''] = command.split(' ');
      expect(program, command).toMatch(new RegExp(`['\`]${first}[' \`]`));
      if (first === 'orders') expect(program, command).toMatch(new RegExp(`['\`]${second}[' \`]`));
    }
  });
});

test('the dashboard is what the tables of instruments make of it', async () => {
  const file = path('ops/dashboard.json');
  const text = await format(JSON.stringify(drawn), { ...(await resolveConfig(file)), filepath: file });
  await expect(text).toMatchFileSnapshot(file);
});

test('the guide has the tables of instruments as they are in the code', async () => {
  const file = path('docs/guides/observing.md');
  const text = ['calls', 'durable'].reduce((page, table) => {
    const made = metricsTable(table === 'calls' ? calls : durable);
    const around = new RegExp(`(<!-- table: ${table} -->\\n)[\\s\\S]*?(<!-- end -->)`);
    expect(page).toMatch(around);
    return page.replace(around, (_, start: string, end: string) => `${start}\n${made}\n\n${end}`);
  }, read('docs/guides/observing.md'));
  await expect(await format(text, { ...(await resolveConfig(file)), filepath: file })).toMatchFileSnapshot(file);
});

// Prometheus's own tool: of Debian's package prometheus, which `.ci/run` installs where it can be had.
const hasPromtool = spawnSync('promtool', ['--version']).status === 0;
describe.runIf(hasPromtool)('promtool', () => {
  it('finds that each alarm fires, and is silent, as it should', () => {
    const tested = spawnSync('promtool', ['test', 'rules', ...tests.map(path)], { encoding: 'utf8' });
    expect(tested.stdout + tested.stderr).not.toContain('FAILED');
    expect(tested.status).toBe(0);
    execFileSync('promtool', ['check', 'rules', path('ops/alerts.yml')]);
  });

  it('reads every query of the dashboard', () => {
    const folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
    const rules = expressionsOf(drawn).map((expr: string, index: number) => ({
      record: `panel:${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    const file = join(folder, 'panels.yml');
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    const checked = spawnSync('promtool', ['check', 'rules', file], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    expect(checked.stderr).toBe('');
    expect(checked.status).toBe(0);
  });
});
