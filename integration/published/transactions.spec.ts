import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PostgresServer } from '../../packages/wechatpay-durable/test/servers/postgres.js';
import { install, type Project } from './project.js';

let server: PostgresServer;
let project: Project;

describe.skipIf(!PostgresServer.isAvailable)(`in a transaction of the shop's own ${PostgresServer.reason}`, () => {
  beforeAll(async () => {
    server = await PostgresServer.create();
    project = await install('transactions', ['wechatpay-core', 'wechatpay-durable', 'wechatpay-sandbox']);
    const settings = {
      DATABASE_URL: await server.createDatabase(),
      // Generating needs no store, but would download this one where it is not said where it is.
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      CHECKPOINT_DISABLE: '1',
    };
    project.write(
      '.env',
      Object.entries(settings)
        .flatMap(([name, value]) => `${name}=${value}\n`)
        .join(''),
    );
    const generate = ['node_modules/prisma/build/index.js', 'generate', '--schema', 'schema.prisma'];
    expect(await project.run('node', '--env-file=.env', ...generate)).toMatchObject({ code: 0 });
    expect(await project.run('node', 'node_modules/typescript/bin/tsc')).toMatchObject({ code: 0, output: '' });
  });

  afterAll(() => server.dispose());

  test.each(['pg', 'typeorm', 'knex', 'kysely', 'drizzle', 'prisma'])(
    '%s: an order and its reversal are stored, both or neither; a duplicate spoils nothing',
    async (library) => {
      expect(await project.run('node', '--env-file=.env', 'dist/main.js', library)).toMatchObject({
        code: 0,
        output: 'OK\n',
      });
    },
  );
});
