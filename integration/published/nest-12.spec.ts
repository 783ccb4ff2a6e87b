import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { testNestForms } from './nest-forms.js';
import { install, type Project } from './project.js';

let project: Project;

beforeAll(async () => {
  project = await install('types');
});

describe('NestJS 12', () => {
  // TypeScript 6 still has node10, and wants to be told that one knows of its end.
  testNestForms(() => project, 'typescript-6', ['--ignoreDeprecations', '6.0']);
});

const nodenext = '--module nodenext --moduleResolution nodenext';
const bundler = '--module esnext --moduleResolution bundler';
const node10 = '--module commonjs --moduleResolution node10';
// TypeScript 6 still has node10, and wants to be told that one knows of its end.
const lastNode10 = `${node10} --ignoreDeprecations 6.0`;

// Not every pair: checking the declarations of Nest and RxJS as well takes seconds before TypeScript 7.
const settings = [
  ['typescript-5', nodenext, 'true'],
  ['typescript-5', node10, 'true'],
  ['typescript-6', nodenext, 'true'],
  ['typescript-6', bundler, 'true'],
  ['typescript-6', lastNode10, 'true'],
  ['typescript-7', nodenext, 'true'],
  ['typescript-7', nodenext, 'false'],
  ['typescript-7', bundler, 'true'],
  ['typescript-7', bundler, 'false'],
] as const;

const misuses = [
  ['typescript-6', lastNode10],
  ['typescript-7', nodenext],
  ['typescript-7', bundler],
] as const;

const commandOf = (options: string, ...files: string[]): string =>
  `--noEmit --strict --skipLibCheck false --target es2022 --types node --experimentalDecorators ${options} ${files.join(' ')}`;
const ofUse = (options: string, exact: string): string =>
  commandOf(`${options} --exactOptionalPropertyTypes ${exact}`, 'use.ts', 'use.mts');
const ofMisuse = (options: string): string => commandOf(options, 'misuse.ts');

interface Compiled {
  readonly code: number;
  readonly output: string;
}

const compiled = new Map<string, Promise<Compiled[]>>();

async function compile(compiler: string, command: string): Promise<Compiled> {
  // It is no JavaScript any more, and quick.
  if (compiler === 'typescript-7')
    return project.run('node', `node_modules/${compiler}/bin/tsc`, ...command.split(' '));
  const commands = [
    ...settings.flatMap(([name, options, exact]) => (name === compiler ? [ofUse(options, exact)] : [])),
    ...misuses.flatMap(([name, options]) => (name === compiler ? [ofMisuse(options)] : [])),
  ];
  const results = compiled.get(compiler) ?? compileEach(compiler, commands);
  compiled.set(compiler, results);
  return (await results)[commands.indexOf(command)]!;
}

/** All that a compiler has to compile, in one process. */
async function compileEach(compiler: string, commands: readonly string[]): Promise<Compiled[]> {
  const { code, stdout, output } = await project.run('node', 'compile.mjs', compiler, ...commands);
  expect(code, output).toBe(0);
  return JSON.parse(stdout) as Compiled[];
}

test.each(settings)(
  '%s accepts an application: %s, exactOptionalPropertyTypes %s',
  { timeout: 600_000 },
  async (compiler, options, exact) => {
    expect(await compile(compiler, ofUse(options, exact))).toMatchObject({ code: 0, output: '' });
  },
);

test.each(misuses)('%s refuses each misuse: %s', async (compiler, options) => {
  const lines = readFileSync(join(project.folder, 'misuse.ts'), 'utf8').split('\n');
  const wrong = lines.flatMap((line, index) => (line.includes('// wrong: ') ? [index + 1] : []));
  const { code, output } = await compile(compiler, ofMisuse(options));
  const refused = [...output.matchAll(/^(.+?)\((\d+),\d+\): error /gm)].map(([, file, line]) => `${file}:${line}`);
  expect(refused, output).toEqual(wrong.map((line) => `misuse.ts:${line}`));
  expect(code).not.toBe(0);
});
