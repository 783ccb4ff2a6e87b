import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { packages, root, tarball, unpack } from './pack.js';
import { run, succeed } from './run.js';

const outside = inject('outside');

test.each(packages)('the tarball of %s has code, types and pages to read, and nothing else', async (name) => {
  const list = await succeed(outside, 'tar', '-tzf', tarball(outside, name));
  const files = list.trimEnd().split('\n').sort();
  const beside = files.filter((file) => !/^package\/dist\/(?:[a-z-]+\/)*[A-Za-z0-9.-]+\.(?:d\.c?ts|c?js)$/.test(file));
  expect(beside).toEqual(['package/CHANGELOG.md', 'package/LICENSE', 'package/README.md', 'package/package.json']);
  expect(files.filter((file) => /\.(spec|test|bench|fuzz)\.|\/(test|bench|fuzz)\//.test(file))).toEqual([]);
  // Each module with its declarations: the one without the other is a build that went wrong. Where modules were joined, only the
  // entries are left, and the few files that they share.
  const modules = files.filter((file) => file.endsWith('.js')).map((file) => file.replace(/\.js$/, ''));
  const declared = files.filter((file) => file.endsWith('.d.ts')).map((file) => file.replace(/\.d\.ts$/, ''));
  const shared = modules.filter((file) => /^package\/dist\/shared-[A-Z0-9]+$/.test(file));
  if (shared.length === 0) expect(declared).toEqual(modules);
  else expect(declared).toEqual(expect.arrayContaining(modules.filter((file) => !shared.includes(file))));
  expect(shared).toHaveLength(name === 'wechatpay-core' ? 3 : 0);
});

test.each(packages)('%s says of itself what a registry shows', async (name) => {
  const folder = await unpack(outside, name);
  const read = (file: string): string => readFileSync(join(folder, file), 'utf8');
  const { version, ...manifest } = JSON.parse(read('package.json')) as { version: string };
  expect(manifest).toMatchObject({ name, license: 'MIT', type: 'module' });
  expect(read('README.md')).toMatch(new RegExp(`^# ${name}\n`));
  expect(read('CHANGELOG.md')).toContain(`## ${version}\n`);
  expect(read('LICENSE')).toContain('MIT License');
});

test('npm would publish each of them, and warns of nothing', async () => {
  const release = join(root, 'tools/release/publish.js');
  const { code, output } = await run(outside, 'node', release, outside, '--dry-run');
  expect({ code, output }).toMatchObject({ code: 0 });
  expect([...output.matchAll(/^\+ (.+)@/gm)].map(([, name]) => name).sort()).toEqual([...packages].sort());
  // Of package.json, as of what npm would put right by itself. That nobody is logged in is so in a test.
  const warnings = output.split('\n').filter((line) => line.startsWith('npm warn'));
  expect(warnings.filter((line) => !line.includes('requires you to be logged in'))).toEqual([]);
});
