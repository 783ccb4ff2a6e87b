// What has nothing in common but one installation, which is what takes time.
import { afterAll, beforeAll, describe } from 'vitest';
import { PostgresServer } from '../../packages/wechatpay-durable/test/servers/postgres.js';
import { testBundlers } from './bundlers.js';
import { testClients } from './clients.js';
import { testContainer } from './container.js';
import { testExamples } from './examples.js';
import { testFirstTry } from './first-try.js';
import { install, type Project } from './project.js';
import { testRuntimes } from './runtimes.js';
import { testTransactions } from './transactions.js';
import { testWorkflows } from './workflows.js';

const fixtures = ['bundlers', 'clients', 'runtimes', 'workflows'];
const examples = ['express', 'fastify', 'worker', 'serverless'];

let project: Project;
let server: PostgresServer | undefined;

beforeAll(async () => {
  const names = ['wechatpay-core', 'wechatpay-durable', 'wechatpay-sandbox'] as const;
  const installed = install('transactions', names, [...fixtures, ...examples.map((name) => `examples/${name}`)]);
  if (PostgresServer.isAvailable) server = await PostgresServer.create();
  project = await installed;
});
afterAll(() => server?.dispose());

const within = (name: string) => (): Project => project.within(name);
const database = (): Promise<string> => {
  if (!server) throw new Error(PostgresServer.reason);
  return server.createDatabase();
};

describe('bundlers', () => {
  testBundlers(within('bundlers'));
});
describe('other clients', () => {
  testClients(within('clients'));
});
describe('the first try', () => {
  testFirstTry(() => project);
});
describe('runtimes', () => {
  testRuntimes(within('runtimes'));
});
describe('workflows', () => {
  testWorkflows(within('workflows'));
});
describe('examples', () => {
  testExamples(examples, (name) => project.within(name), database);
});
describe.skipIf(!PostgresServer.isAvailable)(`on PostgreSQL ${PostgresServer.reason}`, () => {
  testTransactions(() => project, database);
  testContainer(within('worker'), database);
});
