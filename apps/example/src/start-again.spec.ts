import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { killAll, startProcess, type Started } from '../test/start-process.js';

it('is killed and started again: what was paid is there, and what was in doubt is known, at the gateway of its own as well', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'till-'));
  onTestFinished(async () => {
    await killAll();
    await rm(folder, { recursive: true, maxRetries: 5 });
  });
  const env = { DATA_DIR: folder, TILL_TOKEN: 'known-to-the-shop', DEMO_SPEED: '4' };
  const first = startProcess(env);
  const call = async (at: Started, method: string, path: string, body?: object): Promise<Response> =>
    fetch(`${await at.url()}${path}`, {
      method,
      headers: { authorization: 'Bearer known-to-the-shop', 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
  const pay = async (outTradeNo: string, authCode: string): Promise<void> => {
    const sale = { description: 'tea', totalFee: 888, currency: 'HKD', authCode };
    expect(await call(first, 'POST', `/orders/${outTradeNo}/pay`, sale)).toHaveProperty('status', 202);
  };
  const statesAt = async (at: Started): Promise<unknown> => {
    const list = (await (await call(at, 'GET', '/orders')).json()) as { outTradeNo: string; state: string }[];
    return Object.fromEntries(list.map(({ outTradeNo, state }) => [outTradeNo, state]));
  };
  await pay('T-paid', '130000000000000001');
  await expect.poll(() => statesAt(first), { timeout: 120_000 }).toMatchObject({ 'T-paid': 'paid' });
  await call(first, 'POST', '/demo/lose-answer', {});
  await pay('T-doubt', '130000000000000001');
  await expect
    .poll(async () => (await (await call(first, 'GET', '/orders/T-doubt')).json()) as object, { timeout: 120_000 })
    .toMatchObject({ tradeState: 'SUCCESS' }); // the gateway has it
  first.child.kill('SIGKILL');
  await first.ended;

  const second = startProcess(env);
  await expect
    .poll(() => statesAt(second), { timeout: 120_000 })
    .toMatchObject({ 'T-paid': 'paid', 'T-doubt': 'paid' });
  for (const outTradeNo of ['T-paid', 'T-doubt']) {
    const answer = await (await call(second, 'GET', `/orders/${outTradeNo}`)).json();
    expect(answer).toMatchObject({ outTradeNo, tradeState: 'SUCCESS', totalFee: 888 });
  }
}, 300_000);
