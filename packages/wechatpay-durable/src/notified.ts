import { setTimeout as sleep } from 'node:timers/promises';
import {
  isWechatPayClient,
  readPaymentNotification,
  WechatPayRequestError,
  type PaymentNotification,
} from 'wechatpay-core';
import { readResolutionState } from 'wechatpay-core/resolution';
import { readClock } from './clocks.js';
import { isOver, isUnified, outcomeOf } from './ends.js';
import { DurableOrdersError } from './errors.js';
import { about, publish } from './events.js';
import { entry } from './journal/entries.js';
import { readJournal } from './journal/explain.js';
import type { Orders } from './orders.js';
import { noRefundBesideReturn } from './refunds/refund-under-way.js';
import { noteReopened, reopened, type Reopened } from './redrive.js';
import { isOrder } from './stores/kinds.js';
import type { DurableOrder, DurableOrderData, DurableRow, JournalEntry, ReopenedStatus } from './stores/store.js';

/** What a notification was to the durable orders. What the order has come to is for `onResolved`, and never for a notification. */
export type NotifiedOrder = {
  /** What WeChat Pay says, signed: a hint, upon which the order is asked for. */
  readonly notification: PaymentNotification;
} & (
  | {
      /**
       * - `woken`: that it came is stored, and a worker asks for the order at once.
       * - `duplicate`: it came before, and that is stored. Two copies that come at the same moment may both be `woken`; the order is
       *   asked for once.
       * - `late`: the order had ended, and that end stands: it is known to be paid, or a person looks at it. So it is where nobody knew whether
       *   it was paid, and its policy would return a payment: whoever was asked may have returned it in another way.
       * - `reopened`: the order had ended as one that nobody can pay, and the notification says that it is paid: it is asked for again, and
       *   has another end.
       */
      readonly kind: 'woken' | 'duplicate' | 'late' | 'reopened';
      /** As it was before the notification. */
      readonly order: DurableOrder;
    }
  /** There is no durable order of it, or no more: it was made elsewhere, or is kept no longer. */
  | { readonly kind: 'unknown-order' }
);

/** A worker has an order for one step, which may take longer than the 5 s in which WeChat Pay waits for an answer. */
const LIMIT_MS = 4_000;
const TRY_AGAIN_MS = 100;

/** What `DurableOrders.notified` does. */
export async function takeNotification(
  orders: Orders,
  given: Uint8Array | string | PaymentNotification,
): Promise<NotifiedOrder> {
  const startedAt = performance.now();
  const notification = isObject(given)
    ? await ofClient(orders, given)
    : readPaymentNotification(await orders.clients.ofNotification(given), given);
  const { outTradeNo, subMerchantId, client, id: notificationId } = notification;
  const { merchantId } = client;
  const order = { outTradeNo, merchantId, ...(subMerchantId !== undefined && { subMerchantId }) };
  for (;;) {
    const stored = await orders.get(order);
    if (!stored) return { kind: 'unknown-order', notification };
    const kind = await take(orders, stored, notification);
    if (kind) return { kind, notification, order: stored };
    if (performance.now() - startedAt > LIMIT_MS) {
      const message = `A worker still works on order ${outTradeNo}: let the notification come again. Its id is ${notificationId}.`;
      throw new DurableOrdersError('WECHATPAY_ORDER_BUSY', message);
    }
    await sleep(TRY_AGAIN_MS); // a worker has it, for one step
  }
}

function isObject(given: unknown): given is PaymentNotification {
  return typeof given === 'object' && given !== null && !(given instanceof Uint8Array);
}

/** Its `client`, a real one, which no copy and no JSON has, says that it is as `readPaymentNotification` has verified it, and whose it is. */
async function ofClient(orders: Orders, notification: PaymentNotification): Promise<PaymentNotification> {
  const { client } = notification as Partial<PaymentNotification>;
  if (isWechatPayClient(client)) {
    await orders.clientOf(client.merchantId); // throws where it is none of ours
    return notification;
  }
  throw new WechatPayRequestError(
    'notification',
    "must be the bytes of the request's body, or what readPaymentNotification returned; a copy of that does not say whose it is.",
  );
}

/** @returns undefined where a worker has it, or took it just now. */
async function take(
  orders: Orders,
  stored: DurableOrder,
  notification: PaymentNotification,
): Promise<Exclude<NotifiedOrder['kind'], 'unknown-order'> | undefined> {
  const { id } = stored;
  const journal = await readJournal(orders, id);
  const isKnown = journal.some(({ kind, fields }) => kind === 'notified' && fields.id === notification.id);
  if (isKnown) return 'duplicate';
  const client = await orders.clientOf(stored.merchantId);
  const now = readClock(client);
  const notes = [noteNotified(now, notification)];
  if (!isOver(stored)) return (await orders.store.reschedule(id, 0, notes)) ? 'woken' : undefined;
  if (!notification.isPaid || !mayBePaidAfterAll(stored)) return 'late';
  const traced = orders.traced();
  let data: DurableOrderData | undefined;
  const change = (row: DurableRow): Reopened | undefined => {
    if (!isOrder(row) || !mayBePaidAfterAll(row)) return undefined;
    data = { ...reopened(client, row, now, {}), ...traced };
    return { data, journal: [...notes, ...noteReopened(now, row, data, { by: 'notified' })] };
  };
  const from: ReopenedStatus = stored.status === 'waiting' || stored.status === 'active' ? 'untold' : stored.status;
  if (!(await orders.store.redrive(id, [from], change, noRefundBesideReturn(id))) || !data) return undefined;
  publish({ kind: 'redriven', ...about(id, data) });
  return 'reopened';
}

/** It ended as one that nobody can pay, or without anybody knowing: so that a payment is known to nobody. */
function mayBePaidAfterAll(stored: DurableOrder): boolean {
  if (!isUnified(stored)) return false;
  const kind = outcomeOf(stored)?.kind;
  if (stored.status === 'cancelled' || kind === 'closed') return true;
  return kind === 'unresolved' && !mayReturn(stored);
}

/** A person was asked what became of it, and may have returned the money in another way: it is not returned once more. */
function mayReturn({ state }: DurableOrder): boolean {
  const { policy, sent } = readResolutionState(state);
  return policy.ifPaid === 'reverse' || policy.ifPaidLate === 'refund' || sent.reverse || sent.refundFee !== undefined;
}

function noteNotified(at: number, notification: PaymentNotification): JournalEntry {
  const { id, isPaid } = notification;
  if (!isPaid) return entry('notified', at, { id, isPaid });
  const { transactionId, totalFee, currency } = notification;
  const payment = { transactionId, totalFee, ...(currency !== undefined && { currency }) };
  return entry('notified', at, { id, isPaid, payment });
}
