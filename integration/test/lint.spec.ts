import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ESLint, Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { expect, it } from 'vitest';
import noImportCircle from '../../tools/no-import-circle.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What lint says of `main.ts` among these files. */
async function lint(files: Record<string, string>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'wechatpay-lint-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const eslint = new ESLint({
      cwd: folder,
      overrideConfigFile: true,
      overrideConfig: {
        files: ['**/*.ts'],
        languageOptions: { parser: tseslint.parser },
        plugins: { local: { rules: { 'no-import-circle': noImportCircle as never } } },
        rules: { 'local/no-import-circle': 'error' },
      },
    });
    const [result] = await eslint.lintFiles(['main.ts']);
    return result?.messages.map(({ message }) => message) ?? [];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it.each([
  ['values', "import { b } from './b.js';", "import './main.js'; export const b = 1;"],
  ['types', "import type { B } from './b.js';", "import type { A } from './main.js'; export type B = A;"],
  ['a type beside values', "import { type B } from './b.js';", "export type { A } from './main.js';"],
  ['a dynamic import', "await import('./b.js');", "import './c.js';"],
])('lint refuses an import circle of %s', async (_, main, b) => {
  const messages = await lint({ 'main.ts': main, 'b.ts': b, 'c.ts': "export * from './main.js';" });
  expect(messages).toEqual([expect.stringMatching(/^Import circle: .*main\.ts → .*b\.ts → .*main\.ts\. Move /)]);
});

it('lint lets two files share a third', async () => {
  const files = { 'main.ts': "import './b.js'; import './c.js';", 'b.ts': "import './c.js';", 'c.ts': '' };
  await expect(lint(files)).resolves.toEqual([]);
});

it.each([
  ['wechatpay-core', 'src/a.ts', 1],
  ['wechatpay-durable', 'src/stores/a.ts', 1],
  ['wechatpay-durable', 'src/a.spec.ts', 0],
  ['wechatpay-sandbox', 'src/a.ts', 0],
])('lint refuses an error without a code: %s/%s', async (name, file, count) => {
  const config = (await new ESLint({ cwd: root }).calculateConfigForFile(`${root}/packages/${name}/${file}`)) as {
    rules: Linter.RulesRecord;
  };
  const rules = { 'no-restricted-syntax': config.rules['no-restricted-syntax'] };
  for (const thrown of ["new Error('no')", "Error('no')"]) {
    expect(new Linter().verify(`throw ${thrown};`, { rules })).toHaveLength(count);
  }
  expect(new Linter().verify("export * from './b.js'; throw new TypeError('no');", { rules })).toHaveLength(1);
});

it.each([
  ['({ ...b, get c() { return 1; } })', 1],
  ['({ get c() { return 1; }, ...b })', 1],
  ['Object.assign({ get c() { return 1; } }, { ...b })', 0],
])('lint refuses a getter that a compiler for ES2015 would read once: %s', async (code, count) => {
  for (const file of ['wechatpay-sandbox/src/a.ts', 'wechatpay-core/src/a.ts']) {
    const config = (await new ESLint({ cwd: root }).calculateConfigForFile(`${root}/packages/${file}`)) as {
      rules: Linter.RulesRecord;
    };
    const rules = { 'no-restricted-syntax': config.rules['no-restricted-syntax'] };
    expect(new Linter().verify(code, { rules })).toHaveLength(count);
  }
});

it.each([
  ['wechatpay-core', 'src/a.ts', { 'wechatpay-durable': false, '@nestjs/common': false, 'wechatpay-sandbox': false }],
  ['wechatpay-core', 'src/a.spec.ts', { 'wechatpay-durable': false, 'wechatpay-sandbox': true }],
  ['wechatpay-durable', 'src/a.ts', { 'wechatpay-core': true, 'nestjs-wechatpay': false, 'wechatpay-sandbox': false }],
  ['wechatpay-durable', 'src/b.ts', { '../../wechatpay-core/src/index.js': false, undici: true }],
  ['nestjs-wechatpay', 'src/a.ts', { 'wechatpay-durable': true, '@nestjs/common': true, 'wechatpay-sandbox': false }],
  ['nestjs-wechatpay', 'src/testing/a.ts', { 'wechatpay-durable': true, 'wechatpay-sandbox': true, undici: true }],
  ['wechatpay-sandbox', 'src/a.ts', { 'wechatpay-core': false, 'wechatpay-durable': false, '@nestjs/core': false }],
  ['wechatpay-sandbox', 'src/wire/a.spec.ts', { 'wechatpay-core': false, '../../../wechatpay-core/src/a.js': false }],
])('lint keeps to who may import whom: %s/%s', async (name, file, imports) => {
  const config = (await new ESLint({ cwd: root }).calculateConfigForFile(`${root}/packages/${name}/${file}`)) as {
    rules: Linter.RulesRecord;
  };
  const rules = { 'no-restricted-imports': config.rules['no-restricted-imports'] };
  const refused = Object.keys(imports).map((specifier) => [
    specifier,
    new Linter().verify(`import ${JSON.stringify(specifier)};`, { rules }).length === 0,
  ]);
  expect(Object.fromEntries(refused)).toEqual(imports);
});
