import {
  isWechatPayError,
  readRequest,
  UNIFIED_ORDER,
  unifiedOrder,
  type ResolutionPolicy,
  type ResolutionState,
  type UnifiedOrderRequest,
  type UnifiedOrderResult,
  type WechatPayClient,
  type WechatPayError,
} from 'wechatpay-core';
import { readResolutionState, toResolutionError } from 'wechatpay-core/resolution';
import { readActor, type ActorOptions } from './actor.js';
import { assertEnqueued, nothingSent, startTime, stopwatch, storedTooLate } from './before-the-call.js';
import { FIRST_STEP_MS, HANDED_OUT_WITHIN_MS, leavesWithinMs } from './charge-time.js';
import { readClock, timeOf } from './clocks.js';
import { durableOrderId, type DurableOrderKey } from './durable-order-id.js';
import { dueAt, isOver, ongoing } from './ends.js';
import { callOff, enqueueOrder } from './enqueue.js';
import { readPolicy, type OrderIntent } from './intent.js';
import { decided, noteCreation, noteFailure } from './journal/answers.js';
import type { MerchantProblem } from './merchant-watch.js';
import type { Orders } from './orders.js';
import { isStored, Patience } from './patience.js';
import { assertSignal } from './signal.js';
import { isOrder } from './stores/kinds.js';
import type { DurableRow, JournalEntry } from './stores/store.js';

/** What came of making an order. Nothing is paid yet, whatever it is. */
export type DurableCreation =
  /** The order is there. Give the customer what is in `result`: `codeUrl`, `mwebUrl`, or what the phone pays by. */
  | { readonly outcome: { readonly kind: 'created' }; readonly result: UnifiedOrderResult }
  /**
   * Refused, or not sent: nobody has anything to pay it by. Its durable order is called off. Take a new order number for another try, once
   * the cause that `error` names is fixed.
   */
  | { readonly outcome: { readonly kind: 'refused'; readonly error: WechatPayError }; readonly result?: undefined }
  /**
   * There was no answer, or it came too late: the order may be there, and nobody has anything to pay it by. Its durable order closes it,
   * 5 min after it was created. Take a new order number for another try.
   */
  | {
      readonly outcome: {
        readonly kind: 'pending';
        readonly error?: WechatPayError;
        /** All calls of this merchant fail in this way. */
        readonly merchantProblem?: MerchantProblem;
      };
      readonly result?: undefined;
    };

export interface DurableCreateOptions extends ActorOptions {
  /** `mch_id`. @default that of the only client */
  readonly merchantId?: string | undefined;
  /** Stops waiting for Unified Order's answer. The outcome is then pending; refused where nothing was sent yet. */
  readonly signal?: AbortSignal | undefined;
  /** How to resolve it; as in `{ ifPaidLate: 'refund' }`. */
  readonly policy?: Partial<Omit<ResolutionPolicy, 'ifPaid'>> | undefined;
}

/** The durable order before the risk: what `DurableOrders.create` does. */
export async function createDurably(
  orders: Orders,
  clientOf: () => Promise<WechatPayClient>,
  given: UnifiedOrderRequest,
  { signal, policy: rules, ...options }: DurableCreateOptions,
  problemOf: (merchantId: string) => MerchantProblem | undefined,
): Promise<DurableCreation> {
  const { actor } = readActor(options);
  const policy = rules === undefined ? undefined : readPolicy(rules, 'ifPaid');
  assertSignal(signal);
  const request = readRequest(UNIFIED_ORDER, given); // once: it may be changed while the durable order is stored, or a registry asked
  const client = await clientOf();
  client.check(UNIFIED_ORDER, request); // a request that cannot be sent uses up no order number
  const { merchantId } = client;
  const { outTradeNo, totalFee } = request;
  // Null is absent, as in a row of a database.
  const [subAppId, currency] = [request.subAppId, request.currency].map((value) => value ?? undefined);
  const subMerchantId = request.subMerchantId ?? client.subMerchantId;
  const timeExpire = request.timeExpire ?? undefined;
  const order = { outTradeNo, merchantId, ...(subMerchantId !== undefined && { subMerchantId }) };
  const createdAt = startTime(client);
  const elapsed = stopwatch(client, createdAt, orders.speed);
  const intent: OrderIntent = {
    ...order,
    product: 'unified-order',
    ...(subAppId !== undefined && { subAppId }),
    orderCreatedAt: new Date(createdAt),
    timeExpire,
    totalFee,
    currency,
    policy,
  };
  const stored: string = await enqueueOrder(orders, intent, { actor }, { by: 'create', client }).catch(nothingSent);
  assertEnqueued(stored, outTradeNo, 'was used before');

  const made = new MadeOrder(orders, client, order);
  // Nothing is awaited from here to the call, which ends within its time-out: so its durable order is open when its answer comes.
  const withinMs = leavesWithinMs(client.timeoutMs);
  if (elapsed() > withinMs) {
    await made.callOff('not-sent').catch(() => false);
    return { outcome: { kind: 'refused', error: storedTooLate(outTradeNo, withinMs) } };
  }

  const patience = new Patience();
  try {
    const result = await unifiedOrder(client, request, { signal });
    // It may be closed by now, where this process stood still.
    const isInTime = elapsed() <= HANDED_OUT_WITHIN_MS;
    const isOpen = isInTime && (await patience.wait(made.noteCreated(result).catch(() => true))) !== false;
    if (isOpen && elapsed() <= HANDED_OUT_WITHIN_MS) return { outcome: { kind: 'created' }, result };
    await patience.wait(isStored(() => made.closeSoon([])));
    return { outcome: { kind: 'pending' } };
  } catch (error) {
    const isOurs = isWechatPayError(error);
    const notes = isOurs ? [noteFailure(timeOf(client), 'Unified Order', toResolutionError(error))] : [];
    if (isOurs && error.outcome !== 'unknown') {
      // What is refused is not there; and were it there, nobody would have anything to pay it by.
      const rule = error.outcome === 'not-sent' ? 'not-sent' : 'not-made';
      await patience.wait(made.callOff(rule, notes).catch(() => false));
      return { outcome: { kind: 'refused', error } };
    }
    // What is no error of the client's is a mistake in it, and may have come after the request was sent.
    await patience.wait(isStored(() => made.closeSoon(notes)));
    const merchantProblem = problemOf(merchantId);
    return {
      outcome: { kind: 'pending', ...(isOurs && { error }), ...(merchantProblem && { merchantProblem }) },
    };
  } finally {
    patience.end();
  }
}

/** The durable order of an order that Unified Order was called for: what is stored after its answer, for which no registry is asked. */
class MadeOrder {
  readonly #orders: Orders;
  readonly #client: WechatPayClient;
  readonly #outTradeNo: string;
  readonly #id: string;

  constructor(orders: Orders, client: WechatPayClient, order: DurableOrderKey) {
    this.#orders = orders;
    this.#client = client;
    this.#outTradeNo = order.outTradeNo;
    this.#id = durableOrderId(order);
  }

  callOff(rule: 'not-sent' | 'not-made', notes: readonly JournalEntry[] = []): Promise<boolean> {
    const located = { id: this.#id, client: this.#client, outTradeNo: this.#outTradeNo };
    return callOff(this.#orders, located, { rule, notes });
  }

  /** Notes that the order is there. @returns false where its durable order has ended, so that it must not be paid any more. */
  async noteCreated(result: UnifiedOrderResult): Promise<boolean> {
    const row = await this.#orders.read(this.#id);
    if (!row || isOver(row)) return false;
    const { store, keepsOpenId } = this.#orders;
    const now = timeOf(this.#client);
    const delay = (one: DurableRow): number => (isOrder(one) ? this.#firstDelay(one.state, now) : 0);
    if (await store.reschedule(this.#id, delay, [noteCreation(now, result, keepsOpenId)])) return true;
    const later = await this.#orders.read(this.#id); // a worker has it, or it has ended just now
    return later !== undefined && !isOver(later);
  }

  /**
   * Has the order closed as soon as it can be: nobody waits for it. Where it turns out paid all the same, that counts.
   *
   * @returns whether that is stored; its durable order closes it later where it is not.
   */
  async closeSoon(notes: readonly JournalEntry[]): Promise<boolean> {
    const row = await this.#orders.read(this.#id);
    if (!row || isOver(row)) return true;
    const now = readClock(this.#client);
    return this.#orders.store.amend(this.#id, (one) => {
      if (!isOrder(one)) return undefined;
      const state = readResolutionState(one.state);
      const data = ongoing(one, { ...state, timeExpire: Math.min(now, state.timeExpire ?? now) });
      const journal = [...notes, decided(now, 'close', 'not-handed-out')];
      return { data, delayMs: this.#firstDelay(data.state, now), journal };
    });
  }

  /** Until the first step: not before the call is over. */
  #firstDelay(state: ResolutionState, now: number): number {
    const { orderCreatedAt } = readResolutionState(state);
    return this.#orders.delayOf(state, Math.max(dueAt(state, now), orderCreatedAt + FIRST_STEP_MS), now);
  }
}
