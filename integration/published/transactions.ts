import { beforeAll, expect, test } from 'vitest';
import type { Project } from './project.js';

/** An order and its reversal in a transaction of the shop's own. */
export function testTransactions(project: () => Project, database: () => Promise<string>): void {
  beforeAll(async () => {
    const settings = {
      DATABASE_URL: await database(),
      // Generating needs no store, but would download this one where it is not said where it is.
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      CHECKPOINT_DISABLE: '1',
    };
    project().write(
      '.env',
      Object.entries(settings)
        .flatMap(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const generate = [project().module('prisma/build/index.js'), 'generate', '--schema', 'schema.prisma'];
    expect(await project().run('node', '--env-file=.env', ...generate)).toMatchObject({ code: 0 });
    expect(await project().run('node', project().module('typescript/bin/tsc'))).toMatchObject({ code: 0, output: '' });
  });

  test.each(['pg', 'typeorm', 'knex', 'kysely', 'drizzle', 'prisma'])(
    'with %s an order and its reversal are stored, both or neither; a duplicate spoils nothing',
    async (library) => {
      expect(await project().run('node', '--env-file=.env', 'dist/main.js', library)).toMatchObject({
        code: 0,
        output: 'OK\n',
      });
    },
  );
}
