import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { testNestForms } from './nest-forms.js';
import { packages, root } from './pack.js';
import { install, type Project } from './project.js';

const readme = readFileSync(join(root, 'packages/wechatpay-core/README.md'), 'utf8');
const [, documented] = /`(transformIgnorePatterns: [^`]+)`/.exec(readme) ?? [];

let project: Project;

beforeAll(async () => {
  project = await install('nest-11', packages, ['jest', 'nest-without-config', 'examples/nest-jest']);
});

testNestForms(() => project, 'typescript');

describe('Jest', () => {
  beforeAll(() => {
    const jest = project.within('jest');
    jest.write('documented.cjs', `module.exports = { ${documented ?? ''} };\n`);
    const recipe = readFileSync(join(root, 'integration/test/testing-with-nestjs.spec.ts'), 'utf8');
    jest.write('testing-with-nestjs.spec.ts', recipe.replace(/^import .* from 'vitest';\n/m, ''));
  });

  test('the README documents a setting for it', () => {
    expect(documented).toBeDefined();
  });

  // What Babel and SWC make of decorators is a matter of their plugins: the recipe is run as in NestJS's template.
  const withoutRecipe = ['--testPathIgnorePatterns', 'testing-with-nestjs'];
  test.each([
    ['babel-jest', 2, withoutRecipe],
    ['ts-jest', 4, []],
    ['older-template', 4, []],
    ['without-target', 4, []],
    ['swc-jest', 2, withoutRecipe],
  ])('with the documented setting, %s runs %i tests', async (transformer, count, options) => {
    await runsTests(project.within('jest'), count, '--config', `${transformer}.config.cjs`, ...options);
  });

  test('examples/nest-jest compiles, and its tests pass', async () => {
    const example = project.within('nest-jest');
    expect(await example.run('node', project.module('typescript/bin/tsc'))).toMatchObject({ code: 0, output: '' });
    await runsTests(example, 3);
    const { jest } = JSON.parse(readFileSync(join(example.folder, 'package.json'), 'utf8')) as {
      jest: { transformIgnorePatterns: string[] };
    };
    expect(`transformIgnorePatterns: ['${jest.transformIgnorePatterns.join()}']`).toBe(documented);
  });

  async function runsTests(where: Project, count: number, ...options: string[]): Promise<void> {
    const { code, output } = await where.run('node', project.module('jest/bin/jest.js'), '--no-cache', ...options);
    expect(output).toMatch(new RegExp(`^Tests: +${count} passed, ${count} total$`, 'm'));
    expect(code).toBe(0);
  }
});

test('without @nestjs/config the main entry works, and nestjs-wechatpay/config names what it misses', async () => {
  rmSync(project.module('@nestjs/config'), { recursive: true });
  const without = project.within('nest-without-config');
  expect(await without.run('node', 'main.mjs')).toMatchObject({ code: 0, output: 'OK\n' });
});
