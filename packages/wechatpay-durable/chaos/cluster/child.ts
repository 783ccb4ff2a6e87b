import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { WechatPayClient, type WechatPayConfig } from 'wechatpay-core';
import {
  DURABLE_ORDER_CHANNEL,
  DurableOrders,
  LeaseLostError,
  type DurableOrderEvent,
  type DurableOrdersOptions,
} from '../../src/index.js';
import { openStore, type StoreSettings } from './databases/database.js';

/** What a child of the test is told, in a file. */
export interface ChildSettings {
  /** Where it writes down what it did: whatever is there when it is killed was done. */
  readonly log: string;
  readonly store: StoreSettings;
  /** All processes share a clock: when it began to go fast, and how fast it goes. */
  readonly epoch: number;
  readonly speed: number;
  /** And how far it was moved since, in milliseconds of it. */
  readonly aheadMs: number;
  readonly merchants: readonly Omit<WechatPayConfig, 'now'>[];
}

/** What a process is told beside its tasks. */
export type Order =
  | { readonly kind: 'stop' }
  /** Its clock is so much ahead of what it was when all began, in milliseconds of it. */
  | { readonly kind: 'clock'; readonly aheadMs: number }
  /** To be answered with the same `kind`. */
  | { readonly kind: 'count' | 'redrive' };

// Whoever is in charge is gone: nothing is left behind.
process.once('disconnect', () => process.exit());

const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ChildSettings;
const { epoch, speed } = settings;
let { aheadMs } = settings;

/** Appends a line, and returns once it is written. */
export function log(line: object): void {
  appendFileSync(settings.log, `${JSON.stringify({ at: Date.now(), ...line })}\n`);
}

/** Tries until the database is there. */
export async function open(
  { work }: { work: boolean },
  options: Partial<DurableOrdersOptions> = {},
): Promise<DurableOrders> {
  const now = (): number => epoch + (Date.now() - epoch) * speed + aheadMs;
  const durableOrders = new DurableOrders({
    store: await openStore(settings.store),
    clients: settings.merchants.map((merchant) => new WechatPayClient({ ...merchant, now })),
    speed,
    ...options,
  });
  for (;;) {
    try {
      await durableOrders.start({ work });
      break;
    } catch {
      await sleep(200);
    }
  }
  process.on('message', (order: Order | { readonly kind?: undefined }) => {
    if (order.kind === 'clock') ({ aheadMs } = order);
    if (order.kind === 'stop') void durableOrders.stop().then(() => process.exit());
  });
  return durableOrders;
}

/** Opens them to work: what is done, and what is told, is written down. */
export function openToWork(): Promise<DurableOrders> {
  subscribe(DURABLE_ORDER_CHANNEL, (event) => {
    const told = event as DurableOrderEvent;
    if (told.kind === 'step') log({ kind: 'step', outTradeNo: told.outTradeNo, step: told.step.step.kind });
    if (told.kind === 'merchant-paused') log({ kind: told.kind, code: told.pause.code });
    if (told.kind === 'merchant-resumed') log({ kind: told.kind, resumedBy: told.by });
    if (told.kind === 'problem') {
      const isLost = told.error instanceof LeaseLostError || told.error.cause instanceof LeaseLostError;
      log({ kind: isLost ? 'lease-lost' : 'problem', id: told.id, message: told.error.message });
    }
  });
  return open(
    { work: true },
    {
      concurrency: 16,
      onResolved: ({ order: { outTradeNo }, outcome }) => {
        if (Math.random() < 0.05) throw new Error('The shop’s database is away.');
        log({ kind: 'told', outTradeNo, outcome: outcome.kind });
      },
      onRefundResolved: ({ order: { outTradeNo }, outRefundNo, outcome }) => {
        if (Math.random() < 0.05) throw new Error('The shop’s database is away.');
        log({ kind: 'refund-told', outTradeNo, outRefundNo, outcome: outcome.kind });
      },
    },
  );
}

export function tell(message: object): void {
  process.send?.(message, undefined, undefined, () => undefined);
}
