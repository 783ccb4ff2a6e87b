import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { install, type Project } from './project.js';

// `commonjs` with node10 is what projects begun before NestJS 11 have; the others are its template, with either type.
const forms = [
  { name: 'an ES module', type: 'module', options: [], says: 'OK, an ES module\n' },
  { name: 'CommonJS', type: 'commonjs', options: [], says: 'OK, CommonJS\n' },
  {
    name: 'CommonJS of an older template',
    type: 'commonjs',
    options: ['--module', 'commonjs', '--moduleResolution', 'node10', '--resolvePackageJsonExports', 'false'],
    says: 'OK, CommonJS\n',
  },
];

describe.each([
  { nest: 'nest-11', more: [] },
  // TypeScript 6 still has node10, and wants to be told that one knows of its end.
  { nest: 'nest-12', more: ['--ignoreDeprecations', '6.0'] },
])('$nest', ({ nest, more }) => {
  let project: Project;

  beforeAll(async () => {
    project = await install(nest);
  });

  test.each(forms)('compiled to $name, reverses an order', async ({ name, type, options, says }) => {
    const folder = name.replaceAll(' ', '-');
    mkdirSync(join(project.folder, folder));
    project.add('nest-app', folder);
    project.write(`${folder}/package.json`, JSON.stringify({ type }));
    const tsc = ['node_modules/typescript/bin/tsc', '-p', folder, ...options, ...(options.length > 0 ? more : [])];
    expect(await project.run('node', ...tsc)).toMatchObject({ code: 0, output: '' });
    expect(await project.run('node', `${folder}/dist/main.js`)).toMatchObject({ code: 0, output: says });
  });
});

test('without @nestjs/config the main entry works, and nestjs-wechatpay/config names what it misses', async () => {
  const project = await install('nest-without-config');
  expect(await project.run('node', 'main.mjs')).toMatchObject({ code: 0, output: 'OK\n' });
});
