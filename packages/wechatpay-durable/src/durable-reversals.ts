import { setTimeout as sleep } from 'node:timers/promises';
import {
  reopenSettlement,
  startSettlement,
  WechatPayConfigError,
  WechatPayRequestError,
  type QuickPayRequest,
  type SettleOrder,
  type SettlePayment,
  type SettlePolicy,
  type SettleState,
  type WechatPayClient,
} from 'wechatpay-core';
import type {
  EnqueueOptions,
  ReversalCounts,
  ReversalEngine,
  ReversalFilter,
  ReversalHandler,
  StoredReversal,
} from './engine.js';
import { about, publish } from './events.js';
import { createHandler, type SettledReversal } from './handler.js';
import { GUARD_MS, payGuarded, type DurablePayment, type DurablePayOptions } from './pay.js';
import { reversalId } from './reversal-id.js';

/** An order that is to be seen to its end, whatever happens to this process. */
export interface ReversalIntent extends SettleOrder {
  /** `mch_id`. @default that of the only client */
  readonly merchantId?: string | undefined;
  /** When quick pay is called, or the order is created otherwise: by the client's clock. */
  readonly orderCreatedAt: Date;
  /** What it should cost, in the currency's minor unit. Where another amount turns out paid, it needs attention. */
  readonly totalFee?: number | undefined;
  /** ISO 4217: the currency that it should be paid in. */
  readonly currency?: string | undefined;
  /** The first step is not taken before. @default 15 s after `orderCreatedAt`: by then, quick pay was answered */
  readonly notBefore?: Date | undefined;
  /** Where there is no end by then, it is dead: `unresolved`. @default 7 days from now */
  readonly deadline?: Date | undefined;
  /** How to settle; see wechatpay-core. */
  readonly policy?: Partial<SettlePolicy> | undefined;
}

/** An order, as its reversal is found. */
export interface OrderOf {
  readonly outTradeNo: string;
  /** `mch_id`. @default that of the only client */
  readonly merchantId?: string | undefined;
  /** Where the intent named one. */
  readonly subMerchantId?: string | undefined;
}

export interface RedriveOptions {
  /** @default 7 days from now */
  readonly deadline?: Date;
  /** What is to be otherwise from now on. `{ refundWhenExpired: true }` pays an order back that is too old to be revoked. */
  readonly policy?: Partial<SettlePolicy>;
}

export interface DurableReversalsOptions {
  /** Where reversals are kept: on PostgreSQL, embedded in this process, or on Redis. */
  readonly engine: ReversalEngine;
  /** The merchants' clients. A worker takes on the reversals of these, and leaves the others to other workers. */
  readonly clients: WechatPayClient | readonly WechatPayClient[];
  /** How many reversals this process works on at a time. @default 32 */
  readonly concurrency?: number;
  /**
   * Told of each end, also of a payment whose answer was clear, and waited for: at least once, and again until it resolves, which
   * it has to within 30 s. Note the outcome in the shop's own database here, in a way that can be repeated.
   */
  readonly onSettled?: ((settled: SettledReversal) => Promise<void> | void) | undefined;
  /** How many times as fast as the real one the clients' clocks go; for demos and tests. @default 1 */
  readonly speed?: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const DEADLINE_MS = 7 * DAY_MS;
/** By so much the clocks of a shop's machines may differ. */
const AHEAD_MS = 60_000;
/** A step takes up to the client's time-out. */
const TRIES = 80;
const TRY_AGAIN_MS = 250;

/**
 * Reversals that survive the process: each is stored before the risk is taken, driven by any worker, and never lost.
 *
 * The library decides what is next and when, the engine keeps, wakes and leases. Delivery is at least once, so each worker
 * asks for an order before it acts on it.
 *
 * @example
 * const reversals = new DurableReversals({ engine: new PostgresEngine({ connectionString }), clients: client });
 * await reversals.start();
 * const { outcome } = await reversals.pay(request);
 */
export class DurableReversals {
  readonly #engine: ReversalEngine;
  readonly #clients: ReadonlyMap<string, WechatPayClient>;
  readonly #concurrency: number;
  readonly #onSettled: DurableReversalsOptions['onSettled'];
  readonly #speed: number;
  readonly #paying = new Set<Promise<unknown>>();
  #isStopping = false;

  /** @throws {WechatPayConfigError} no client, two of one merchant, or a number that makes no sense. */
  constructor({ engine, clients, concurrency = 32, onSettled, speed = 1 }: DurableReversalsOptions) {
    const list: readonly WechatPayClient[] = [clients].flat();
    this.#clients = new Map(list.map((client) => [client.merchantId, client]));
    if (list.length === 0 || this.#clients.size < list.length) {
      throw new WechatPayConfigError('clients', 'must be at least one, and one for each merchant.');
    }
    if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
      throw new WechatPayConfigError('concurrency', 'must be a whole number, 1 or more.');
    }
    if (!(speed > 0 && Number.isFinite(speed))) throw new WechatPayConfigError('speed', 'must be more than 0.');
    this.#engine = engine;
    this.#concurrency = concurrency;
    this.#onSettled = onSettled;
    this.#speed = speed;
  }

  /**
   * Opens the engine, and begins to work on what is due.
   *
   * @param options `work: false` for a process that only enqueues and looks, and leaves the work to others.
   */
  async start({ work = true }: { work?: boolean } = {}): Promise<void> {
    this.#isStopping = false;
    await this.#engine.open();
    if (!work) return;
    await this.#engine.process(this.#handler(), {
      concurrency: this.#concurrency,
      onProblem: (error, id) => {
        publish({ kind: 'problem', error, ...(id !== undefined && { id }) });
      },
    });
  }

  /**
   * Takes no more, waits for the payments and the steps in hand, and closes the engine. What is left goes on in another worker,
   * or later.
   */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.allSettled(this.#paying);
    await this.#engine.close();
  }

  /** The client of a merchant. @throws {WechatPayRequestError} one that is not known here, or none where there are several. */
  clientOf(merchantId?: string): WechatPayClient {
    const only = this.#clients.size === 1 ? [...this.#clients.keys()][0] : undefined;
    const client = this.#clients.get(merchantId ?? only ?? '');
    if (client) return client;
    throw new WechatPayRequestError(
      'merchantId',
      merchantId === undefined ? 'is missing; there are several clients.' : 'has no client here; add it to `clients`.',
    );
  }

  /**
   * Stores an order, to be seen to its end from `notBefore` on.
   *
   * @returns 'duplicate' where this order has a reversal, whatever became of it.
   * @throws {WechatPayRequestError} an intent that makes no sense: nothing was stored.
   * @throws {Error} what the database throws. It may have been stored: enqueue it again, which is safe.
   */
  async enqueue(intent: ReversalIntent, options?: EnqueueOptions): Promise<'enqueued' | 'duplicate'> {
    const client = this.clientOf(intent.merchantId);
    const { merchantId } = client;
    const { state, delayMs } = this.#begin(intent, client);
    const id = reversalId({ merchantId, ...state.order });
    const result = await this.#engine.enqueue(id, { merchantId, state }, delayMs, options);
    if (result === 'enqueued') publish({ kind: 'enqueued', ...about(id, { merchantId, state }) });
    return result;
  }

  /**
   * The cashier's flow: the order is stored as one to be reversed, then Quick Pay is called, once; after a clear answer the
   * reversal ends. A process that dies at any moment leaves an order that is seen to its end by another.
   *
   * A payment that was clear ends `done`, as `paid`, and `onSettled` is told of it. One that was declined is `cancelled`.
   *
   * @returns after Quick Pay's answer, or its time-out. Where the outcome is `pending`, do not charge again: {@link get} tells.
   * @throws {WechatPayRequestError} a request that must not be sent, or a number that was charged before; nothing was sent.
   * @throws {Error} what the database throws; nothing was sent.
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658162 (Submit Quick Pay)
   */
  async pay(request: QuickPayRequest, options?: DurablePayOptions): Promise<DurablePayment> {
    if (this.#isStopping) throw new Error('The reversals are being stopped: nothing was sent.');
    const paying = payGuarded(this, (order, payment) => this.#keep(order, payment), request, options);
    this.#paying.add(paying);
    return paying.finally(() => this.#paying.delete(paying));
  }

  /** Takes the first step of one that waits as soon as the policy lets it, and not only at `notBefore`. */
  async hasten(order: OrderOf): Promise<boolean> {
    const client = this.clientOf(order.merchantId);
    const stored = await this.get(order);
    if (!stored) return false;
    return this.#engine.reschedule(stored.id, this.#delay(stored.state.next.at, client.now()));
  }

  /**
   * Calls a reversal off: nothing was paid, or its money is looked after otherwise.
   *
   * @returns false where it is too late: a worker has it in hand, it must revoke, or it has ended. {@link get} tells.
   */
  async cancel(order: OrderOf): Promise<boolean> {
    const id = this.#id(order);
    const isCancelled = await this.#engine.cancel(id);
    const { merchantId } = this.clientOf(order.merchantId);
    if (isCancelled) publish({ kind: 'cancelled', id, merchantId, outTradeNo: order.outTradeNo });
    return isCancelled;
  }

  /** How the reversal of an order stands; undefined where there is none, or no more. */
  get(order: OrderOf): Promise<StoredReversal | undefined> {
    return this.#engine.get(this.#id(order));
  }

  /** Reversals by state, age and merchant, the oldest first. */
  list(filter: ReversalFilter = {}): Promise<StoredReversal[]> {
    const { limit = 100 } = filter;
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > 1000) {
      throw new WechatPayRequestError('limit', 'must be a whole number from 1 to 1000.');
    }
    return this.#engine.list({ ...filter, limit });
  }

  /** Those that need a person, the oldest first; `outcome` says why. */
  dead(filter: Omit<ReversalFilter, 'status'> = {}): Promise<StoredReversal[]> {
    return this.list({ ...filter, status: 'dead' });
  }

  /**
   * Sets a dead reversal going again: the order is asked for first.
   *
   * @returns false where there is none of this order, or it is not dead.
   * @throws {WechatPayRequestError} a policy or a deadline that makes no sense.
   */
  async redrive(order: OrderOf, { deadline, policy }: RedriveOptions = {}): Promise<boolean> {
    const client = this.clientOf(order.merchantId);
    const stored = await this.get(order);
    if (stored?.status !== 'dead') return false;
    const { id, merchantId } = stored;
    const now = client.now();
    const state = reopenSettlement(stored.state, now, timeOf('deadline', deadline) ?? now + DEADLINE_MS, policy);
    const isRedriven = await this.#engine.redrive(id, { merchantId, state }, ['dead']);
    if (isRedriven) publish({ kind: 'redriven', ...about(id, { merchantId, state }) });
    return isRedriven;
  }

  /**
   * Has an order revoked, whatever became of its payment: what was paid goes back, and nothing can be paid any more. It is
   * `reverseOrder` that survives the process. Past 7 days it is dead, `refund-required`, unless `policy.refundWhenExpired` is true.
   *
   * @returns 'in-hand' where a revoke is decided already, 'ended' where nothing is left to be revoked.
   * @throws {WechatPayRequestError} an intent that makes no sense: nothing was stored.
   * @throws {Error} what the database throws, or a worker has had it in hand for 20 s: call again.
   */
  async revoke(intent: ReversalIntent): Promise<'enqueued' | 'in-hand' | 'ended'> {
    const policy = { ...intent.policy, ifPaid: 'revoke' } as const;
    for (let time = 1; time <= TRIES; time += 1) {
      if ((await this.enqueue({ ...intent, policy })) === 'enqueued') return 'enqueued';
      const stored = await this.get(intent);
      const result = stored && (await this.#revokeStored(stored, intent, policy));
      if (result) return result;
      await sleep(TRY_AGAIN_MS); // a worker has it, for one step
    }
    throw new Error(`Order ${intent.outTradeNo} is still being worked on: have it revoked again in a minute.`);
  }

  async #revokeStored(
    { id, merchantId, status, state: old, outcome }: StoredReversal,
    intent: ReversalIntent,
    policy: Partial<SettlePolicy>,
  ): Promise<'enqueued' | 'in-hand' | 'ended' | undefined> {
    const isOpen = status === 'waiting' || status === 'active';
    if (isOpen && old.mustRevoke) return 'in-hand';
    const mayBePaid = outcome?.kind === 'paid' || (outcome?.kind === 'closed' && !outcome.found);
    if (status === 'done' && !mayBePaid) return 'ended';
    if (status === 'active') return undefined;
    const { state: fresh, delayMs } = this.#begin({ ...intent, policy }, this.clientOf(merchantId));
    const state = reopenSettlement(old, fresh.next.at, fresh.deadline, policy);
    const data = { merchantId, state };
    const isDone =
      status === 'waiting'
        ? await this.#engine.amend(id, data, delayMs)
        : await this.#engine.redrive(id, data, [status]);
    if (!isDone) return undefined;
    publish({ kind: 'redriven', ...about(id, data) });
    return 'enqueued';
  }

  /** How many there are of each state, and for how long the oldest has been open: for metrics, not for each request. */
  counts(): Promise<ReversalCounts> {
    return this.#engine.counts();
  }

  /** Where an order begins, from an intent that makes sense. */
  #begin(intent: ReversalIntent, client: WechatPayClient): { state: SettleState; delayMs: number } {
    const now = client.now();
    const { orderCreatedAt, subMerchantId = client.subMerchantId } = intent;
    const deadline = timeOf('deadline', intent.deadline) ?? now + DEADLINE_MS;
    const order = { ...intent, ...(subMerchantId !== undefined && { subMerchantId }) };
    const state = startSettlement(order, deadline, intent.policy);
    const begin = Math.max(state.next.at, timeOf('notBefore', intent.notBefore) ?? orderCreatedAt.getTime() + GUARD_MS);
    if (orderCreatedAt.getTime() > now + AHEAD_MS)
      throw new WechatPayRequestError('orderCreatedAt', 'is in the future.');
    if (deadline <= Math.max(begin, now)) {
      throw new WechatPayRequestError('deadline', 'must be later than now, and than the first step (`notBefore`).');
    }
    return { state, delayMs: this.#delay(begin, now) };
  }

  /** Ends a guard whose order was paid: a worker tells `onSettled`. @returns false where that is not sure any more. */
  async #keep(order: OrderOf, payment: SettlePayment): Promise<boolean> {
    const stored = await this.get(order);
    if (!stored) return false;
    const { id, merchantId, state, outcome } = stored;
    if (state.outcome?.kind === 'paid' || outcome?.kind === 'paid') return true;
    const kept: SettleState = { ...state, outcome: { kind: 'paid', payment } };
    return this.#engine.amend(id, { merchantId, state: kept }, 0);
  }

  #handler(): ReversalHandler {
    return createHandler({
      clientOf: (merchantId) => this.#clients.get(merchantId),
      onSettled: this.#onSettled,
      delay: (until, now) => this.#delay(until, now),
    });
  }

  #id({ outTradeNo, merchantId, subMerchantId }: OrderOf): string {
    const client = this.clientOf(merchantId);
    return reversalId({
      merchantId: client.merchantId,
      subMerchantId: subMerchantId ?? client.subMerchantId,
      outTradeNo,
    });
  }

  /** Real milliseconds from a time of the client's clock to another. The engine is told how long, not when: its clock may differ. */
  #delay(until: number, now: number): number {
    return Math.max(0, Math.ceil((until - now) / this.#speed));
  }
}

function timeOf(name: string, value: Date | undefined): number | undefined {
  if (value === undefined) return undefined;
  const time = (value as unknown) instanceof Date ? value.getTime() : Number.NaN;
  if (Number.isNaN(time)) throw new WechatPayRequestError(name, 'must be a valid Date.');
  return time;
}
