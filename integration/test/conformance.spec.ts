import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const docs = fileURLToPath(new URL('../../docs', import.meta.url));

function pointersOf(page: string): { path: string; words: string }[] {
  const text = readFileSync(join(docs, page), 'utf8');
  const matches = text.matchAll(/\[[\w.-]+\]\((\.\.\/[\w./-]+)\)\s+`([^`]+)`/g);
  // In a table, a bar is written with a backslash.
  return [...matches].map(([, path = '', words = '']) => ({ path, words: words.replaceAll('\\|', '|') }));
}

const pages = { 'revoke-order.md': 70, 'closed-loop.md': 52, 'unified-order.md': 190 };
const pointers = Object.keys(pages).flatMap(pointersOf);

test.each(Object.entries(pages))('the table of %s points at code and tests', (page, count) => {
  expect(pointersOf(page).length).toBeGreaterThanOrEqual(count);
});

test.each(pointers)('$path has $words', ({ path, words }) => {
  expect(readFileSync(join(docs, path), 'utf8')).toContain(words);
});
