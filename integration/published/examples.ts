import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './pack.js';
import type { Project } from './project.js';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
}

/** Their own tests, as one runs them in a copy. */
export function testExamples(
  names: readonly string[],
  within: (name: string) => Project,
  database: () => Promise<string>,
): void {
  // Side by side: two of them wait for a quarter of a minute, which is WeChat Pay's.
  test.concurrent.each(names)(
    'npm test in examples/%s',
    async (name) => {
      const readme = readFileSync(join(root, 'examples', name, 'README.md'), 'utf8');
      const needsDatabase = readme.includes('DATABASE_URL');
      const environment = needsDatabase ? [`DATABASE_URL=${await database()}`] : [];
      const { code, output } = await within(name).run('env', ...environment, 'npm', 'test', '--silent');
      expect(code, output).toBe(0);
      expect(output).toMatch(/^. fail 0$/m);
      expect(Number(/^. pass (\d+)$/m.exec(output)?.[1])).toBeGreaterThan(1);
    },
    600_000,
  );

  test.each([...names, 'nest-jest'])('examples/%s asks for this release', (name) => {
    const manifest = (path: string): Manifest & { version: string } =>
      JSON.parse(readFileSync(join(root, path, 'package.json'), 'utf8')) as Manifest & { version: string };
    const [major] = manifest('packages/wechatpay-core').version.split('.');
    expect(manifest(`examples/${name}`).dependencies['wechatpay-core']).toMatch(new RegExp(`^\\^${major}\\.`));
  });
}
