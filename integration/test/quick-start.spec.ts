import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { afterAll, afterEach, expect, it, vi } from 'vitest';

const page = readFileSync(fileURLToPath(new URL('../../docs/guides/quick-start.md', import.meta.url)), 'utf8');
const samples = [...page.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = '']) => code);
const folder = mkdtempSync(join(tmpdir(), 'quick-start-'));

afterEach(() => {
  vi.restoreAllMocks();
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

it('has a payment and a reversal', () => {
  expect(samples).toHaveLength(2);
});

it.each(samples)('prints what it says: sample %#', async (code) => {
  const promised = [...code.matchAll(/^ *console\.log\(.*\); \/\/ (.+)$/gm)].map(([, line]) => line);
  const printed: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((...words) => void printed.push(format(...words)));
  const file = join(folder, `sample-${samples.indexOf(code)}.ts`);
  writeFileSync(file, code);
  await import(/* @vite-ignore */ file);
  expect(printed).toEqual(promised);
});
