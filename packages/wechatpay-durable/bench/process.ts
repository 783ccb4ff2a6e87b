// One process of the benchmark: the gateway, or one that enqueues and settles. It does what it is told, and tells what came of it.
import { WechatPayClient, type WechatPayConfig } from 'wechatpay-core';
import { DurableReversals, type ReversalEngine } from 'wechatpay-durable';
import { EmbeddedEngine } from 'wechatpay-durable/embedded';
import { PostgresEngine } from 'wechatpay-durable/postgres';
import { Sandbox } from 'wechatpay-sandbox';

/** Where a process keeps its reversals. */
export type Store = { readonly connectionString: string } | { readonly folder: string };

const MINUTE_MS = 60_000;

let sandbox: Sandbox | undefined;
let reversals: DurableReversals | undefined;

const commands = {
  /** Starts the gateway, on the real clock. @returns the settings of its merchant. */
  gateway: async (): Promise<WechatPayConfig> => {
    sandbox = await Sandbox.start();
    const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
    const { cert, key } = certificate;
    return { appId, merchantId, apiKey, certificate: { cert, key }, ca, baseUrl };
  },
  /** Makes orders that are a minute old; every other one is paid, and the rest is to be revoked. */
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
  open: async ({ store, config }: { store: Store; config: WechatPayConfig }): Promise<void> => {
    const engine: ReversalEngine =
      'folder' in store
        ? new EmbeddedEngine({ folder: store.folder, onNote: () => undefined })
        : new PostgresEngine(store);
    reversals = new DurableReversals({ engine, clients: new WechatPayClient(config) });
    await reversals.start({ work: false });
  },
  /** @returns milliseconds of each, in order. */
  enqueue: async ({ from, to, atOnce }: { from: number; to: number; atOnce: number }): Promise<number[]> => {
    const times: number[] = [];
    const orderCreatedAt = new Date(Date.now() - MINUTE_MS);
    const lane = async (first: number): Promise<void> => {
      for (let n = first; n < to; n += atOnce) {
        const startedAt = performance.now();
        await reversals?.enqueue({ outTradeNo: `B${n}`, orderCreatedAt });
        times.push(performance.now() - startedAt);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, (_, index) => lane(from + index)));
    return times.sort((a, b) => a - b);
  },
  work: async (): Promise<void> => {
    await reversals?.start();
  },
  /** How many are settled, and how many are in hand. */
  counts: async (): Promise<{ done: number; active: number; dead: number }> => {
    const { done = 0, active = 0, dead = 0 } = (await reversals?.counts()) ?? {};
    return { done, active, dead };
  },
  cpu: (): { seconds: number } => {
    const { user, system } = process.cpuUsage();
    return { seconds: (user + system) / 1e6 };
  },
  stop: async (): Promise<void> => {
    await reversals?.stop();
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
