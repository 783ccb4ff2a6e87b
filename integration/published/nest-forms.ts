import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Project } from './project.js';

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

/** A NestJS application, in each form in which one compiles it. */
export function testNestForms(project: () => Project, compiler: string, more: readonly string[] = []): void {
  test.each(forms)('compiled to $name, reverses an order', async ({ name, type, options, says }) => {
    const folder = name.replaceAll(' ', '-');
    mkdirSync(join(project().folder, folder));
    project().add('nest-app', folder);
    project().write(`${folder}/package.json`, JSON.stringify({ type }));
    const tsc = [project().module(`${compiler}/bin/tsc`), '-p', folder, ...options];
    const compiled = await project().run('node', ...tsc, ...(options.length > 0 ? more : []));
    expect(compiled).toMatchObject({ code: 0, output: '' });
    expect(await project().run('node', `${folder}/dist/main.js`)).toMatchObject({ code: 0, output: says });
  });
}
