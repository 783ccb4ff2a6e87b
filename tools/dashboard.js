// The Grafana dashboard and the table of metrics in the guide, made of the tables of instruments in the code. A test of `integration` holds
// the files against them, and writes them: npx vitest run test/ops.spec.ts --update, in integration.

/**
 * @typedef {{ name: string, kind: 'counter' | 'histogram' | 'gauge', unit: string, description: string, attributes: readonly string[] }} Instrument
 * @typedef {{ panels: readonly { targets?: readonly { expr: string }[] }[] }} Dashboard
 */

/**
 * As Prometheus calls it: whichever exporter gives it, since its unit stands in its name.
 *
 * @param {Instrument} instrument
 * @returns {string}
 */
export function prometheusName({ name, kind }) {
  const text = name.replaceAll(/\W/g, '_');
  return kind === 'counter' ? `${text}_total` : text;
}

/**
 * As Prometheus calls an attribute.
 *
 * @param {string} attribute
 * @returns {string}
 */
export function labelOf(attribute) {
  return attribute.replaceAll(/\W/g, '_');
}

/**
 * The rows of a table in Markdown.
 *
 * @param {readonly Instrument[]} instruments
 * @returns {string}
 */
export function metricsTable(instruments) {
  const rows = instruments.map(({ name, kind, unit, attributes, description }) => {
    const names = attributes.map((attribute) => `\`${attribute}\``).join(', ');
    return `| \`${name}\` | ${kind} | ${unit} | ${names || '–'} | ${description} |`;
  });
  return ['| metric | instrument | unit | attributes | what |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

const UNITS = { s: 's', d: 'd' };
const WIDTH = 8;
const HEIGHT = 8;

/**
 * A panel for each instrument, below the alarms.
 *
 * @param {readonly { title: string, instruments: readonly Instrument[] }[]} groups each row of the dashboard, with its instruments
 * @returns {Dashboard}
 */
export function dashboard(groups) {
  const panels = [
    {
      type: 'alertlist',
      title: 'Alarms',
      gridPos: { x: 0, y: 0, w: 24, h: 5 },
      options: { alertName: 'WechatPay', viewMode: 'list', stateFilter: { firing: true, pending: true } },
    },
  ];
  let y = 5;
  for (const { title, instruments } of groups) {
    panels.push({ type: 'row', title, gridPos: { x: 0, y, w: 24, h: 1 }, collapsed: false, panels: [] });
    y += 1;
    for (const [index, instrument] of instruments.entries()) {
      const gridPos = { x: (index % 3) * WIDTH, y: y + Math.floor(index / 3) * HEIGHT, w: WIDTH, h: HEIGHT };
      panels.push({ ...seriesOf(instrument), gridPos });
    }
    y += Math.ceil(instruments.length / 3) * HEIGHT;
  }
  return {
    title: 'WeChat Pay',
    uid: 'wechatpay',
    tags: ['wechatpay'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        {
          ...{ name: 'job', label: 'Job', type: 'query', multi: true, includeAll: true, allValue: '.*', refresh: 2 },
          current: { text: 'All', value: '$__all' },
          datasource: DATASOURCE,
          query: { query: 'label_values(wechatpay_client_calls_total, job)', refId: 'job' },
        },
      ],
    },
    panels: panels.map((one, index) => ({ id: index + 1, ...one })),
  };
}

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/**
 * Every query of a dashboard.
 *
 * @param {Dashboard} dashboard
 * @returns {string[]}
 */
export function expressionsOf({ panels }) {
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}

function seriesOf(instrument) {
  const { name, description } = instrument;
  return {
    type: 'timeseries',
    title: name.replace('wechatpay.', ''),
    description,
    datasource: DATASOURCE,
    fieldConfig: { defaults: { unit: unitOf(instrument) }, overrides: [] },
    targets: queriesOf(instrument).map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}

function unitOf({ kind, unit }) {
  return kind === 'counter' ? 'ops' : (UNITS[unit] ?? 'short');
}

function queriesOf(instrument) {
  const metric = prometheusName(instrument);
  const labels = instrument.attributes.map(labelOf);
  const legend = labels.map((label) => `{{${label}}}`).join(' ') || '{{job}}';
  const by = (...names) => `by (${['job', ...names].join(', ')})`;
  const of = '{job=~"$job"}';
  if (instrument.kind === 'counter') {
    return [{ expr: `sum ${by(...labels)} (rate(${metric}${of}[$__rate_interval]))`, legend }];
  }
  if (instrument.kind === 'gauge') return [{ expr: `max ${by(...labels)} (${metric}${of})`, legend }];
  return ['0.5', '0.99'].map((quantile) => ({
    expr: `histogram_quantile(${quantile}, sum ${by('le', labels[0])} (rate(${metric}_bucket${of}[$__rate_interval])))`,
    legend: `p${Number(quantile) * 100} {{${labels[0]}}}`,
  }));
}
