import { beforeAll, expect, test } from 'vitest';
import { install, type Project } from './project.js';

let project: Project;

beforeAll(async () => {
  project = await install('clients', ['wechatpay-sandbox']);
});

test.each(['tenpay', 'wechatpay-axios-plugin'])(
  '%s orders, closes and reads the notifications of the sandbox, and refuses the forged ones',
  async (client) => {
    expect(await project.run('node', `${client}.mjs`)).toMatchObject({ code: 0, output: 'OK\n' });
  },
);
