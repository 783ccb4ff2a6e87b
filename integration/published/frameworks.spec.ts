import { beforeAll, expect, test } from 'vitest';
import { install, type Project } from './project.js';

let project: Project;

beforeAll(async () => {
  project = await install('frameworks', ['wechatpay-core', 'wechatpay-sandbox']);
});

test.each(['express', 'fastify'])('%s reverses an order', async (framework) => {
  expect(await project.run('node', `${framework}.mjs`)).toMatchObject({ code: 0, output: 'OK\n' });
});
