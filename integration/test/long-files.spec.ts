import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { sourceFiles } from '../../tools/source-files.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const sources = sourceFiles(root).filter((file) => /^(?:packages|apps)\/.*(?<!\.spec)\.ts$/.test(file)); // a spec is as long as its tables

test('a file over 250 lines says why in its first line', () => {
  const long = sources.filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 251);
  expect(long).not.toEqual([]);
  const silent = long.filter(
    (file) => !readFileSync(join(root, file), 'utf8').startsWith('// Over 250 lines, as one idea: '),
  );
  expect(silent).toEqual([]);
});
