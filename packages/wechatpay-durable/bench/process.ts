// One process of the benchmark: the gateway, or one that enqueues and resolves. It does what it is told, and tells what came of it.
import { WechatPayClient, type WechatPayConfig } from 'wechatpay-core';
import { DurableOrders, type DurableOrder, type OrderStore, type StoredJournalEntry } from 'wechatpay-durable';
import { EmbeddedStore } from 'wechatpay-durable/embedded';
import { PostgresStore } from 'wechatpay-durable/postgres';
import { reconcileDay } from './reconciling.js';
import { Sandbox, type Merchant } from 'wechatpay-sandbox';

/** Where a process keeps its durable orders. */
export type Store = { readonly connectionString: string } | { readonly folder: string };

interface Enqueueing {
  readonly from: number;
  readonly to: number;
  readonly atOnce: number;
  readonly merchantId?: string;
}

const MINUTE_MS = 60_000;
const TICK_MS = 5;

let sandbox: Sandbox | undefined;
let store: OrderStore | undefined;
let longestStallMs = 0;
let durableOrders: DurableOrders | undefined;

const commands = {
  /** Starts the gateway, on the real clock. @returns the settings of its merchant. */
  gateway: async (): Promise<WechatPayConfig> => {
    sandbox = await Sandbox.start();
    return configOf(sandbox.merchant);
  },
  /** Makes orders that are a minute old; every other one is paid, and the rest is to be reversed. */
  orders: ({ from, to }: { from: number; to: number }): void => {
    const createdAt = Date.now() - MINUTE_MS;
    for (let n = from; n < to; n += 1) {
      sandbox?.orders.create({ outTradeNo: `B${n}`, state: n % 2 === 0 ? 'paid' : 'not-paid', createdAt });
    }
  },
  /** Another merchant, of whose orders nothing is answered, ever. */
  hangingMerchant: async (): Promise<WechatPayConfig> => {
    if (!sandbox) throw new Error('there is no gateway');
    const merchant = await sandbox.merchants.create();
    const when = ({ fields }: { fields: Readonly<Record<string, string>> }): boolean =>
      fields.mch_id === merchant.merchantId;
    sandbox.faults.add({ kind: 'hang' }, { when, times: 1e9 });
    return configOf(merchant);
  },
  /** From now on no query is answered, until that is over. */
  hang: ({ times }: { times: number }): void => {
    sandbox?.faults.clear();
    if (times > 0) sandbox?.faults.add({ kind: 'hang' }, { path: '/pay/orderquery', times });
  },
  open: async ({ store: at, configs }: { store: Store; configs: readonly WechatPayConfig[] }): Promise<void> => {
    store = 'folder' in at ? new EmbeddedStore({ folder: at.folder, onNote: () => undefined }) : new PostgresStore(at);
    durableOrders = new DurableOrders({ store, clients: configs.map((config) => new WechatPayClient(config)) });
    await durableOrders.start({ work: false });
  },
  /** @returns milliseconds of each, in order. */
  enqueue: async ({ from, to, atOnce, merchantId }: Enqueueing): Promise<number[]> => {
    const times: number[] = [];
    const orderCreatedAt = new Date(Date.now() - MINUTE_MS);
    const lane = async (first: number): Promise<void> => {
      for (let n = first; n < to; n += atOnce) {
        const startedAt = performance.now();
        await durableOrders?.enqueue({ outTradeNo: `B${n}`, orderCreatedAt, merchantId });
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
  /** One that is done, with its journal, and another that waits for an hour. */
  sample: async (): Promise<{ done: DurableOrder; open: DurableOrder; journal: StoredJournalEntry[] }> => {
    const outTradeNo = 'WAITING';
    const notBefore = new Date(Date.now() + 60 * MINUTE_MS);
    await durableOrders?.enqueue({ outTradeNo, orderCreatedAt: new Date(), totalFee: 888, currency: 'HKD', notBefore });
    const open = await durableOrders?.get({ outTradeNo });
    const ended = (await durableOrders?.list({ status: 'done' })) ?? [];
    const done = ended.find(({ outcome }) => outcome?.kind === 'paid');
    if (!open || !done) throw new Error('there is none that is paid, or none that waits');
    return { done, open, journal: (await store?.journal(done.id)) ?? [] };
  },
  /** How many of a merchant have ended. */
  ended: async ({ merchantId }: { merchantId: string }): Promise<{ count: number }> => {
    const ended = (await durableOrders?.list({ merchantId, status: 'done', limit: 1000 })) ?? [];
    return { count: ended.length };
  },
  /** Looks, from now on, for how long the event loop is held up. */
  watch: (): void => {
    let last = performance.now();
    longestStallMs = 0;
    setInterval(() => {
      const now = performance.now();
      longestStallMs = Math.max(longestStallMs, now - last - TICK_MS);
      last = now;
    }, TICK_MS).unref();
  },
  longestStall: (): { ms: number } => ({ ms: longestStallMs }),
  /** Reads pages of all that there are. */
  pages: async ({ times }: { times: number }): Promise<void> => {
    for (let time = 0; time < times; time += 1) {
      await durableOrders?.list({ limit: 1000 });
      await durableOrders?.counts();
    }
  },
  reconcile: reconcileDay,
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

function configOf({ appId, merchantId, apiKey, certificate, ca, baseUrl }: Merchant): WechatPayConfig {
  const { cert, key } = certificate;
  return { appId, merchantId, apiKey, certificate: { cert, key }, ca, baseUrl };
}

process.on('disconnect', () => process.exit());
process.on('message', ({ name, parameters }: { name: keyof Commands; parameters: never }) => {
  void Promise.resolve((commands[name] as (given: never) => unknown)(parameters)).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) }),
  );
});
