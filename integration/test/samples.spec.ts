import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { afterAll, expect, test } from 'vitest';
import { sourceFiles } from '../../tools/source-files.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
// Inside this project, so that the samples resolve the packages as an application does: built, by their `exports`.
const folder = join(root, 'integration/.samples');

// Of a translated page, tools/check-twins.js holds the code to the English one's.
const isPage = (file: string): boolean =>
  /^(?:(?:docs|packages|apps)\/.*|[^/]+)\.md$/.test(file) && !/CHANGELOG|^docs\/zh\//.test(file);
const documents = sourceFiles(root)
  .filter(isPage)
  .map((file) => join(root, file));

// Samples that need what is not installed here are whole files of a project that is compiled and run as published.
const published = join(root, 'integration/fixtures/transactions/src');
const files = [
  ...readdirSync(published).flatMap((name) => (name.startsWith('with-') ? [join(published, name)] : [])),
  join(root, 'integration/test/testing-with-nestjs.spec.ts'), // run here by vitest, and as published by Jest
].map((file) => ({ name: basename(file), code: readFileSync(file, 'utf8') }));

const all = documents.flatMap((document) =>
  [...readFileSync(document, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = ''], index) => ({
    name: `${relative(root, document)}, sample ${index + 1}`,
    file: join(folder, `${relative(root, document).replace(/\W/g, '-')}-${index + 1}.ts`),
    code,
  })),
);
const samples = all.filter(({ code }) => !files.some((file) => file.code === code));

mkdirSync(folder, { recursive: true });
for (const { file, code } of samples) writeFileSync(file, `${code}\nexport {};\n`);

afterAll(() => {
  rmSync(folder, { recursive: true });
});

const program = ts.createProgram(
  samples.map(({ file }) => file),
  {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    experimentalDecorators: true,
    skipLibCheck: true,
    types: ['node'],
  },
);

test('the documentation has samples', () => {
  expect(samples.length).toBeGreaterThan(5);
});

test.each(files)('the documentation shows $name as it is run', ({ code }) => {
  expect(all.map((sample) => sample.code)).toContain(code);
});

test.each(samples)('$name compiles', ({ file }) => {
  const source = program.getSourceFile(file);
  const problems = ts
    .getPreEmitDiagnostics(program, source)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  expect(problems).toEqual([]);
});
