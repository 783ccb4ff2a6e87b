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
});

test('the README documents a setting for Jest', () => {
  expect(documented).toBeDefined();
});

test.each(['babel-jest', 'ts-jest', 'swc-jest'])('with the documented setting, %s runs tests', async (transformer) => {
  const config = `${transformer}.config.cjs`;
  const { code, output } = await project.run('node', 'node_modules/jest/bin/jest.js', '--config', config, '--no-cache');
  expect(output).toMatch(/^Tests: +2 passed, 2 total$/m);
  expect(code).toBe(0);
});
