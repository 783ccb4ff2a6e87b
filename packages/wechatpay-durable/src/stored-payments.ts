import {
  REVERSE_NOT_BEFORE_MS,
  type QuickPayResult,
  type ResolutionPayment,
  type WechatPayClient,
} from 'wechatpay-core';
import { advanceResolution, readResolutionState } from 'wechatpay-core/resolution';
import { readClock } from './clocks.js';
import { durableOrderId } from './durable-order-id.js';
import { ended, mayHoldMoney, outcomeOf } from './ends.js';
import { callOff, enqueueOrder, hastenOrder } from './enqueue.js';
import { DurableOrdersError } from './errors.js';
import { publish } from './events.js';
import type { OrderIntent, OrderOf } from './intent.js';
import { lookAfter } from './late-answer.js';
import type { MerchantProblem } from './merchant-watch.js';
import { decided, noteCharge } from './journal/answers.js';
import { entry } from './journal/entries.js';
import type { Orders } from './orders.js';
import type { StoredPayments } from './pay.js';
import { reopened } from './redrive.js';
import { reverseDurably } from './reverse.js';
import { isOrder } from './stores/kinds.js';
import type { JournalEntry } from './stores/store.js';

interface Process {
  readonly problems: () => readonly MerchantProblem[];
  /** Aborted when this process stops. */
  readonly stopping: () => AbortSignal;
  /** Has the process wait for it before it stops. */
  readonly whilePaying: (work: Promise<void>) => Promise<void>;
}

/**
 * What a payment asks of the durable orders, before the charge and after its answer.
 *
 * @param client who charges. What is stored after the answer asks no registry: it may be out of reach by then, or know the merchant no more.
 */
export function storedPayments(
  orders: Orders,
  client: WechatPayClient,
  { problems, stopping, whilePaying }: Process,
): StoredPayments {
  const idOf = ({ outTradeNo, subMerchantId = client.subMerchantId }: OrderOf): string =>
    durableOrderId({ merchantId: client.merchantId, subMerchantId, outTradeNo });
  return {
    enqueue: (intent, actor) => enqueueOrder(orders, intent, { actor }, { by: 'pay', client }),
    cancel: (order, rule, notes) =>
      callOff(orders, { id: idOf(order), client, outTradeNo: order.outTradeNo }, { rule, notes }),
    giveUp: (order, notes) => giveUp(orders, client, idOf(order), notes),
    keep: (order, payment, result) => keep(orders, client, idOf(order), payment, result),
    lookAfter: async (intent) => {
      const { looking, firstTry } = look(orders, intent, idOf(intent), stopping());
      void whilePaying(looking);
      await Promise.race([looking, firstTry]);
    },
    problemOf: (merchantId) => problems().find((problem) => problem.merchantId === merchantId),
    speed: orders.speed,
    keepsOpenId: orders.keepsOpenId,
  };
}

/** Ends a durable order whose order was paid: a worker tells `onResolved`. @returns false where that is not sure any more. */
async function keep(
  orders: Orders,
  client: WechatPayClient,
  id: string,
  payment: ResolutionPayment,
  result: QuickPayResult,
): Promise<boolean> {
  const stored = await orders.read(id);
  if (!stored) return false;
  const outcome = outcomeOf(stored);
  if (outcome) return outcome.kind === 'paid';
  const now = readClock(client);
  const isKept = await orders.store.amend(id, (row) => {
    if (!isOrder(row)) return undefined;
    const before = readResolutionState(row.state);
    const state = advanceResolution(before, { kind: 'queried', tradeState: 'SUCCESS', payment }, { now });
    // Another amount, or a reversal is decided: its worker asks.
    if (state.kind !== 'ended' || state.outcome.kind !== 'paid') return undefined;
    const data = ended(row, state, state.outcome, now);
    const journal = [
      noteCharge(now, result, payment, orders.keepsOpenId),
      entry('ended', now, { end: data.end, outcome: data.outcome, rule: 'paid-is-kept' }),
    ];
    return { data, delayMs: 0, journal };
  });
  if (isKept) orders.ends.tell(id);
  return isKept;
}

/** Has the durable order of a declined order reverse it, not before 15 s. @returns false where it may end as paid. */
async function giveUp(
  orders: Orders,
  client: WechatPayClient,
  id: string,
  notes: readonly JournalEntry[],
): Promise<boolean> {
  const stored = await orders.read(id);
  if (!stored) return false;
  const outcome = outcomeOf(stored);
  if (outcome) return !mayHoldMoney(outcome);
  const { orderCreatedAt, policy, sent } = readResolutionState(stored.state);
  if (policy.ifPaid === 'reverse' || sent.reverse) return true;
  const at = orderCreatedAt + REVERSE_NOT_BEFORE_MS;
  const now = readClock(client);
  return orders.store.amend(id, (row) => {
    if (!isOrder(row)) return undefined;
    const data = reopened(client, row, at, { policy: { ifPaid: 'reverse' } });
    const journal = [...notes, decided(now, 'reverse', 'declined-stays-open')];
    return { data, delayMs: orders.delayOf(data.state, at, now), journal };
  });
}

/** Goes on until the store has what is to become of the order, or the process stops. */
function look(
  orders: Orders,
  intent: OrderIntent,
  id: string,
  signal: AbortSignal,
): { looking: Promise<void>; firstTry: Promise<void> } {
  const { outTradeNo, merchantId, subMerchantId } = intent;
  const order = { outTradeNo, merchantId, subMerchantId };
  let tried: () => void = () => undefined;
  const firstTry = new Promise<void>((resolve) => {
    tried = resolve;
  });
  const looking = lookAfter({
    find: () => orders.read(id),
    hasten: () => hastenOrder(orders, order).finally(tried),
    reverse: () => reverseDurably(orders, intent),
    signal,
    onGivenUp: (cause) => {
      const message = `Order ${outTradeNo} may be paid, and its durable order has ended, or could not be reached: have it reversed.`;
      const error = new DurableOrdersError('WECHATPAY_ANSWER_NOT_STORED', message, { cause, outcome: 'unknown' });
      publish({ kind: 'problem', id, error });
    },
  });
  return { looking, firstTry };
}
