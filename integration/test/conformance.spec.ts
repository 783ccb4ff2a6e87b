import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const docs = fileURLToPath(new URL('../../docs', import.meta.url));
const page = readFileSync(join(docs, 'revoke-order.md'), 'utf8');
const pointers = [...page.matchAll(/\[[\w.-]+\]\((\.\.\/[\w./-]+)\)\s+`([^`]+)`/g)].map(
  ([, path = '', words = '']) => ({
    path,
    words,
  }),
);

test('the table points at code and tests', () => {
  expect(pointers.length).toBeGreaterThan(70);
});

test.each(pointers)('$path has $words', ({ path, words }) => {
  expect(readFileSync(join(docs, path), 'utf8')).toContain(words);
});
