// docs/benchmarks.svg: calls a second as bars, a group for each concurrency.
import { CONTENDERS, LEVELS, medians } from './calls.js';

const COLOURS = {
  floor: '#9aa5b1',
  least: '#bcc4cc',
  core: '#07914a',
  nest: '#3fb97a',
  tenpay: '#c8553d',
  tenpayKept: '#d98572',
  axios: '#d99a3d',
  axiosKept: '#e6bd7d',
};
const [LEFT, WIDTH, ROW, GAP] = [300, 440, 20, 36];

export function drawChart({ calls, startedAt }) {
  const names = Object.keys(CONTENDERS);
  const perSecond = (level, name) => medians(calls.levels[level][name]).callsPerSecond;
  const largest = Math.max(...LEVELS.flatMap((level) => names.map((name) => perSecond(level, name))));
  let y = 50;
  const parts = [];
  for (const level of LEVELS) {
    parts.push(text(12, y, `${level} at once`, 'font-weight="bold"'));
    y += 10;
    for (const name of names) {
      const value = perSecond(level, name);
      const width = Math.max(1, (value / largest) * WIDTH).toFixed(1);
      parts.push(
        text(LEFT - 8, y + 14, CONTENDERS[name].replaceAll('`', ''), 'text-anchor="end"'),
        `<rect x="${LEFT}" y="${y + 2}" width="${width}" height="${ROW - 4}" fill="${COLOURS[name]}"/>`,
        text(LEFT + Number(width) + 6, y + 14, Math.round(value).toLocaleString('en')),
      );
      y += ROW;
    }
    y += GAP;
  }
  const height = y - GAP + 14;
  const width = LEFT + WIDTH + 80;
  const title = `Revoke Order, calls a second over mutual TLS (${startedAt.toISOString().slice(0, 10)})`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"`,
    ` aria-label="${title}" font-family="system-ui, sans-serif" font-size="13" fill="#1f2933">`,
    `\n<rect width="100%" height="100%" fill="#ffffff"/>\n`,
    [text(12, 24, title, 'font-size="15"'), ...parts].join('\n'),
    '\n</svg>\n',
  ].join('');
}

function text(x, y, content, attributes = '') {
  return `<text x="${Number(x).toFixed(0)}" y="${y}" ${attributes}>${content}</text>`;
}
