import type { NestExpressApplication } from '@nestjs/platform-express';
import { MemoryStore } from 'wechatpay-durable/memory';
import { wellKnownAuthCodes } from 'wechatpay-sandbox';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { callApi, type Answer } from '../../test/call-api.js';
import { startApp } from '../../test/start-app.js';
import { DemoSandboxModule } from '../demo/demo-sandbox.js';

/** A store that answers late, or cannot store. */
class SlowStore extends MemoryStore {
  #held: Promise<void> | undefined;
  asked = 0;
  cannotStore = false;

  /** @returns what lets it answer. */
  hold(): () => void {
    let release = (): void => undefined;
    this.#held = new Promise((resolve) => {
      release = () => {
        this.#held = undefined;
        resolve();
      };
    });
    return () => {
      release();
    };
  }

  override async get(id: string): ReturnType<MemoryStore['get']> {
    this.asked += 1;
    await this.#held;
    return super.get(id);
  }

  override async enqueue(...args: Parameters<MemoryStore['enqueue']>): ReturnType<MemoryStore['enqueue']> {
    if (this.cannotStore) throw new Error('no connection');
    return super.enqueue(...args);
  }
}

const store = new SlowStore();
let app: NestExpressApplication;
let origin: string;

beforeAll(async () => {
  app = await startApp(DemoSandboxModule.wechatPay(), { store });
  origin = await app.getUrl();
});
afterAll(async () => {
  await app.close();
});

const sale = { description: 'tea', totalFee: 888, currency: 'HKD', authCode: wellKnownAuthCodes.paysAtOnce };
const pay = (outTradeNo: string): Promise<Answer> =>
  callApi(origin, 'POST', `/orders/${outTradeNo}/pay`, { body: sale });
const find = async (number: string): Promise<string[]> => {
  const { body } = await callApi(origin, 'GET', `/till/find?number=${number}&lang=en`, { token: '' });
  return (body as { html: string }[]).map(({ html }) => html);
};

it('finds an order whose charge is being decided: nobody is told that it is not there, and then it is charged', async () => {
  const release = store.hold();
  const { asked } = store;
  const paying = pay('F1');
  await expect.poll(() => store.asked).toBe(asked + 1);
  const finding = find('F1');
  // Any other number is answered meanwhile: so the first question was heard before.
  expect(await find('F2')).toEqual([]);
  release();
  expect(await paying).toHaveProperty('status', 202);
  expect(await finding).toEqual([expect.stringContaining('data-order="F1"')]);
});

it('finds an order that could not be written down: nothing was sent for it', async () => {
  store.cannotStore = true;
  expect(await pay('F3')).toHaveProperty('status', 202);
  await expect.poll(() => find('F3')).toEqual([expect.stringContaining('Nothing was sent')]);
  store.cannotStore = false;
});
