import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { install, type Project } from './project.js';
import { root } from './pack.js';

const readme = readFileSync(join(root, 'packages/wechatpay-core/README.md'), 'utf8');
const [, documented] = /`(transformIgnorePatterns: [^`]+)`/.exec(readme) ?? [];

let project: Project;

beforeAll(async () => {
  project = await install('jest');
  project.write('documented.cjs', `module.exports = { ${documented ?? ''} };\n`);
  const recipe = readFileSync(join(root, 'integration/test/testing-with-nestjs.spec.ts'), 'utf8');
  project.write('testing-with-nestjs.spec.ts', recipe.replace(/^import .* from 'vitest';\n/m, ''));
});

test('the README documents a setting for Jest', () => {
  expect(documented).toBeDefined();
});

// What Babel and SWC make of decorators is a matter of their plugins: the recipe is run as in NestJS's template.
const withoutRecipe = ['--testPathIgnorePatterns', 'testing-with-nestjs'];
test.each([
  ['babel-jest', 2, withoutRecipe],
  ['ts-jest', 4, []],
  ['swc-jest', 2, withoutRecipe],
])('with the documented setting, %s runs %i tests', async (transformer, count, options) => {
  const config = `${transformer}.config.cjs`;
  const jest = ['node_modules/jest/bin/jest.js', '--config', config, '--no-cache', ...options];
  const { code, output } = await project.run('node', ...jest);
  expect(output).toMatch(new RegExp(`^Tests: +${count} passed, ${count} total$`, 'm'));
  expect(code).toBe(0);
});
