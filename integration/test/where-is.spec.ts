import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const [, section = ''] = readFileSync(`${root}/CONTRIBUTING.md`, 'utf8').split('## Where is…\n');
const ways = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| (.+?) *\| `(.+?)` *\| `(.+?)` *\|$/gm)].map(
  ([, what = '', file = '', text = '']) => ({ what, file, text }),
);

it.each([
  'error codes',
  'an order is reversed',
  'the 15 s rule',
  "a reply's signature",
  'loses its lease',
  'sandbox.*USERPAYING',
])('CONTRIBUTING.md says where is: %s', (question) => {
  expect(ways.map(({ what }) => what)).toContainEqual(expect.stringMatching(question));
});

it.each(ways)('$what: it is there', ({ file, text }) => {
  expect(readFileSync(`${root}/${file}`, 'utf8')).toContain(text);
});
