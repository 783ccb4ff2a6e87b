import { expect, test } from 'vitest';
import type { Project } from './project.js';

/** Other libraries, before the sandbox. */
export function testClients(project: () => Project): void {
  test.each(['tenpay', 'wechatpay-axios-plugin'])(
    '%s orders, closes and reads the notifications of the sandbox, and refuses the forged ones',
    async (client) => {
      expect(await project().run('node', `${client}.mjs`)).toMatchObject({ code: 0, output: 'OK\n' });
    },
  );
}
