// One process of the benchmark: the gateway, or one that enqueues and resolves. It does what it is told, and tells what came of it.
import { WechatPayClient, type WechatPayConfig } from 'wechatpay-core';
import { DurableOrders, type OrderStore } from 'wechatpay-durable';
import { EmbeddedStore } from 'wechatpay-durable/embedded';
import { PostgresStore } from 'wechatpay-durable/postgres';
import { Sandbox } from 'wechatpay-sandbox';

/** Where a process keeps its durable orders. */
export type Store = { readonly connectionString: string } | { readonly folder: string };

const MINUTE_MS = 60_000;

let sandbox: Sandbox | undefined;
let durableOrders: DurableOrders | undefined;

const commands = {
  /** Starts the gateway, on the real clock. @returns the settings of its merchant. */
  gateway: async (): Promise<WechatPayConfig> => {
    sandbox = await Sandbox.start();
    const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
    const { cert, key } = certificate;
    return { appId, merchantId, apiKey, certificate: { cert, key }, ca, baseUrl };
  },
  /** Makes orders that are a minute old; every other one is paid, and the rest is to be reversed. */
  orders: ({ from, to }: { from: number; to: number }): void => {
    const createdAt = Date.now() - MINUTE_MS;
    for (let n = from; n < to; n += 1) {
      sandbox?.orders.create({ outTradeNo: `B${n}`, state: n % 2 === 0 ? 'paid' : 'not-paid', createdAt });
    }
  },
  /** From now on no query is answered, until that is over. */
  hang: ({ times }: { times: number }): void => {
    sandbox?.faults.clear();
    if (times > 0) sandbox?.faults.add({ kind: 'hang' }, { path: '/pay/orderquery', times });
  },
  open: async ({ store: at, config }: { store: Store; config: WechatPayConfig }): Promise<void> => {
    const store: OrderStore =
      'folder' in at ? new EmbeddedStore({ folder: at.folder, onNote: () => undefined }) : new PostgresStore(at);
    durableOrders = new DurableOrders({ store, clients: new WechatPayClient(config) });
    await durableOrders.start({ work: false });
  },
  /** @returns milliseconds of each, in order. */
  enqueue: async ({ from, to, atOnce }: { from: number; to: number; atOnce: number }): Promise<number[]> => {
    const times: number[] = [];
    const orderCreatedAt = new Date(Date.now() - MINUTE_MS);
    const lane = async (first: number): Promise<void> => {
      for (let n = first; n < to; n += atOnce) {
        const startedAt = performance.now();
        await durableOrders?.enqueue({ outTradeNo: `B${n}`, orderCreatedAt });
        times.push(performance.now() - startedAt);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, (_, index) => lane(from + index)));
    return times.sort((a, b) => a - b);
  },
  work: async (): Promise<void> => {
    await durableOrders?.start();
  },
  /** How many are resolved, and how many are open. */
  counts: async (): Promise<{ done: number; active: number; dead: number }> => {
    const { done = 0, active = 0, dead = 0 } = (await durableOrders?.counts()) ?? {};
    return { done, active, dead };
  },
  cpu: (): { seconds: number } => {
    const { user, system } = process.cpuUsage();
    return { seconds: (user + system) / 1e6 };
  },
  stop: async (): Promise<void> => {
    await durableOrders?.stop();
    await sandbox?.stop();
  },
};

export type Commands = typeof commands;

process.on('disconnect', () => process.exit());
process.on('message', ({ name, parameters }: { name: keyof Commands; parameters: never }) => {
  void Promise.resolve((commands[name] as (given: never) => unknown)(parameters)).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) }),
  );
});
