import { WechatPayConfigError, type MerchantRegistry, type WechatPayClient } from 'wechatpay-core';
import { MerchantClients } from './merchant-clients.js';
import { resolveDaily, type DailyReconciliation } from './reconcile/daily.js';
import type { RefundListener } from './refunds/refund-end.js';
import type { ResolvedOrder } from './tell-end.js';
import { guarded } from './stores/guarded-store.js';
import { checkOptions, checkWhole, wrong } from './stores/options.js';
import type { OrderStore } from './stores/store.js';

export interface DurableOrdersOptions {
  /** Where durable orders are kept: on PostgreSQL, embedded in this process, or on Redis. */
  readonly store: OrderStore;
  /**
   * The merchants' clients, one of each, with a `timeoutMs` of at most 30000. A worker takes on the durable orders of these, and leaves
   * the others to other workers. Or a `MerchantRegistry`, which is asked for each merchant that is needed; whoever made it closes it.
   * Where it has no client of the merchant, each function that names an order rejects with its `WechatPayMerchantError`: nothing was sent.
   */
  readonly clients: WechatPayClient | readonly WechatPayClient[] | MerchantRegistry;
  /**
   * How many durable orders of one merchant this process works on at a time. Of all merchants together it may be twice as many, and
   * never less than four more: one whose calls hang leaves room for the others.
   *
   * @default 32
   */
  readonly concurrency?: number;
  /**
   * Called with each end, also of a payment whose answer was clear, and waited for: at least once, and again until it resolves,
   * which it has to within 30 s. Note the outcome in the shop's own database here, in a way that can be repeated; `end` grows with
   * each end of an order, so that an old one that comes late is known.
   */
  readonly onResolved?: ((resolved: ResolvedOrder) => Promise<void> | void) | undefined;
  /**
   * As `onResolved`, with each end of a refund: apart from it, since a refund that is `refunded` may be a part of an order.
   */
  readonly onRefundResolved?: RefundListener | undefined;
  /**
   * How many times as fast as the real one the clients' clocks go; for demos and tests. A client's `timeoutMs` is taken to be in
   * the time of its clock.
   *
   * @default 1
   */
  readonly speed?: number;
  /**
   * Whether the journal keeps the customer's `openid` of each answer, which is personal data.
   *
   * @default false
   */
  readonly journalOpenId?: boolean;
  /**
   * Has one of the workers {@link DurableOrders.reconcile} each day, of each merchant: from 10:15 of the next day in Beijing, again each half
   * hour until the statement is there. Days that were missed are caught up, up to 90 of them.
   *
   * @default false
   */
  readonly reconcileDaily?: boolean | DailyReconciliation;
}

/** What {@link DurableOrders.start} takes. */
export interface DurableStartOptions extends Pick<DurableOrdersOptions, 'onResolved' | 'onRefundResolved'> {
  /** `false` for a process that only enqueues and looks, and leaves the work to others. @default true */
  readonly work?: boolean;
}

export interface Settings {
  /** Whatever it throws has a code. */
  readonly store: OrderStore;
  readonly clients: MerchantClients;
  readonly concurrency: number;
  readonly onResolved: DurableOrdersOptions['onResolved'];
  readonly onRefundResolved: DurableOrdersOptions['onRefundResolved'];
  readonly speed: number;
  readonly keepsOpenId: boolean;
  /** Undefined: no day is reconciled by itself. */
  readonly daily: DailyReconciliation | undefined;
  /** The store's clock, in milliseconds since 1970; absent where the store does not tell it. */
  readonly storeNow: (() => Promise<number>) | undefined;
}

const OPTIONS = [
  'store',
  'clients',
  'concurrency',
  'onResolved',
  'onRefundResolved',
  'speed',
  'journalOpenId',
  'reconcileDaily',
];
const STORE_METHODS = [
  'open',
  'close',
  'enqueue',
  'process',
  'reschedule',
  'amend',
  'cancel',
  'get',
  'find',
  'list',
  'redrive',
  'note',
  'counts',
  'journal',
  'prune',
];

/** A store that tells its clock. */
interface Clocked {
  readonly now?: () => Promise<number>;
}

/** @throws {WechatPayConfigError} an option that is missing, unknown or out of range. */
export function resolveOptions(options: DurableOrdersOptions): Settings {
  checkOptions(options, OPTIONS);
  const { store, clients, concurrency = 32, onResolved, onRefundResolved, speed = 1, journalOpenId = false } = options;
  const missing = STORE_METHODS.find((name) => typeof (Object(store) as Record<string, unknown>)[name] !== 'function');
  if (missing !== undefined) {
    throw wrong('store', `lacks ${missing}(): give a PostgresStore, an EmbeddedStore, a RedisStore, or a custom one.`);
  }
  const merchants = new MerchantClients(clients);
  checkWhole('concurrency', concurrency, 1, 10_000);
  checkListeners({ onResolved, onRefundResolved });
  if (!(speed > 0 && Number.isFinite(speed))) throw new WechatPayConfigError('speed', 'must be more than 0.');
  if (typeof (journalOpenId as unknown) !== 'boolean') throw wrong('journalOpenId', 'must be true or false.');
  return {
    store: guarded(store),
    clients: merchants,
    concurrency,
    onResolved,
    onRefundResolved,
    speed,
    keepsOpenId: journalOpenId,
    daily: resolveDaily(options.reconcileDaily, store),
    storeNow: (store as Clocked).now?.bind(store),
  };
}

/** @throws {WechatPayConfigError} what is no function. */
export function checkListeners(listeners: Pick<DurableOrdersOptions, 'onResolved' | 'onRefundResolved'>): void {
  for (const [name, listener] of Object.entries(listeners)) {
    if (listener !== undefined && typeof (listener as unknown) !== 'function') throw wrong(name, 'must be a function.');
  }
}
