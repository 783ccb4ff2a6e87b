import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { install, type Project } from './project.js';
import type { Result } from './run.js';

let project: Project;

beforeAll(async () => {
  project = await install('types');
});

function compile(compiler: string, options: string, files: readonly string[]): Promise<Result> {
  const common = '--noEmit --strict --skipLibCheck false --target es2022 --types node --experimentalDecorators';
  return project.run('node', `node_modules/${compiler}/bin/tsc`, ...`${common} ${options}`.split(' '), ...files);
}

const nodenext = '--module nodenext --moduleResolution nodenext';
const bundler = '--module esnext --moduleResolution bundler';
const node10 = '--module commonjs --moduleResolution node10';
// TypeScript 6 still has node10, and wants to be told that one knows of its end.
const lastNode10 = `${node10} --ignoreDeprecations 6.0`;

// Not every pair: checking the declarations of Nest and RxJS as well takes seconds before TypeScript 7.
const settings = [
  ['typescript-5', nodenext, 'true'],
  ['typescript-5', node10, 'true'],
  ['typescript-5', node10, 'false'],
  ['typescript-6', nodenext, 'true'],
  ['typescript-6', bundler, 'true'],
  ['typescript-6', lastNode10, 'true'],
  ['typescript-7', nodenext, 'true'],
  ['typescript-7', nodenext, 'false'],
  ['typescript-7', bundler, 'true'],
  ['typescript-7', bundler, 'false'],
] as const;

test.each(settings)(
  '%s accepts an application: %s, exactOptionalPropertyTypes %s',
  async (compiler, options, exact) => {
    const exactly = `${options} --exactOptionalPropertyTypes ${exact}`;
    expect(await compile(compiler, exactly, ['use.ts', 'use.mts'])).toMatchObject({ code: 0, output: '' });
  },
);

test.each([
  ['typescript-6', lastNode10],
  ['typescript-7', nodenext],
  ['typescript-7', bundler],
])('%s refuses each misuse: %s', async (compiler, options) => {
  const lines = readFileSync(join(project.folder, 'misuse.ts'), 'utf8').split('\n');
  const wrong = lines.flatMap((line, index) => (line.includes('// wrong: ') ? [index + 1] : []));
  const { code, output } = await compile(compiler, options, ['misuse.ts']);
  const refused = [...output.matchAll(/^(.+?)\((\d+),\d+\): error /gm)].map(([, file, line]) => `${file}:${line}`);
  expect(refused, output).toEqual(wrong.map((line) => `misuse.ts:${line}`));
  expect(code).not.toBe(0);
});
