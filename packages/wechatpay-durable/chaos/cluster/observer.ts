import type { WechatPayClient } from 'wechatpay-core';
import { DurableOrders } from '../../src/index.js';
import type { ClusterProcess } from './cluster-process.js';
import { openStore, type Database } from './databases/database.js';

/** Looks at the durable orders from outside of the processes that do anything, and sets those going again that are dead. */
export interface Observer {
  /** How many have no end. */
  readonly countOpen: () => Promise<number>;
  /** @returns the numbers of orders and refunds. */
  readonly redriveDead: () => Promise<readonly string[]>;
  /** Once all processes have stopped. */
  readonly rows: () => Promise<Pick<DurableOrders, 'get' | 'find' | 'reconciliation'>>;
  readonly close: () => Promise<void>;
}

interface Place {
  readonly database: Database;
  readonly clients: readonly WechatPayClient[];
  readonly speed: number;
}

async function openHere({ database, clients, speed }: Place): Promise<DurableOrders> {
  const store = await openStore(database.storeOf('observer', 'observer'));
  const durableOrders = new DurableOrders({ store, clients, speed });
  await durableOrders.start({ work: false });
  return durableOrders;
}

/** One that has its own way to the store. */
export async function observeBeside(place: Place): Promise<Observer> {
  const durableOrders = await openHere(place);
  return {
    countOpen: async () => {
      const { waiting, active } = await durableOrders.counts();
      return waiting + active;
    },
    redriveDead: () => redriveDead(durableOrders),
    rows: () => Promise.resolve(durableOrders),
    close: () => durableOrders.stop(),
  };
}

/** One that asks the only process that has the store, and looks by itself once that has stopped. */
export function observeThrough(shop: ClusterProcess, place: Place): Observer {
  let durableOrders: DurableOrders | undefined;
  return {
    countOpen: async () => (await shop.ask('count')).open ?? Infinity,
    redriveDead: async () => (await shop.ask('redrive')).redriven ?? [],
    rows: async () => (durableOrders ??= await openHere(place)),
    close: async () => durableOrders?.stop(),
  };
}

export async function redriveDead(durableOrders: DurableOrders): Promise<string[]> {
  const redriven: string[] = [];
  for (const { merchantId, state } of await durableOrders.dead({ limit: 1000 })) {
    const { outTradeNo } = state.order;
    if (await durableOrders.redrive({ merchantId, outTradeNo })) redriven.push(outTradeNo);
  }
  for (const { outRefundNo = '' } of (await durableOrders.redriveAll({ kind: 'refund' })).redriven) {
    redriven.push(outRefundNo);
  }
  return redriven;
}
