import { setTimeout as sleep } from 'node:timers/promises';
import { type ResolutionPolicy } from 'wechatpay-core';
import { readResolutionState } from 'wechatpay-core/resolution';
import type { ActorOptions } from './actor.js';
import { readClock } from './clocks.js';
import { mayHoldMoney, outcomeOf } from './ends.js';
import { enqueueOrder } from './enqueue.js';
import { DurableOrdersError } from './errors.js';
import { about, publish } from './events.js';
import { begin, readActorOptions, readIntent, type OrderIntent } from './intent.js';
import type { Orders } from './orders.js';
import { noteReopened, reopened, type Reopened } from './redrive.js';
import { noRefundUnderWay } from './refunds/refund-under-way.js';
import { isOrder } from './stores/kinds.js';
import type { DurableOrder, DurableOrderData, DurableRow } from './stores/store.js';

/** A step takes up to the client's time-out. */
const TRIES = 80;
const TRY_AGAIN_MS = 250;

/** What `DurableOrders.reverse` does. */
export async function reverseDurably(
  orders: Orders,
  given: OrderIntent,
  options: ActorOptions = {},
): Promise<'enqueued' | 'already-reversing' | 'ended'> {
  const intent = readIntent(given);
  const { actor } = readActorOptions(options);
  const policy = { ...intent.policy, ifPaid: 'reverse' } as const;
  const { outTradeNo, merchantId, subMerchantId } = intent;
  for (let time = 1; time <= TRIES; time += 1) {
    const isNew = await enqueueOrder(orders, { ...intent, policy }, { actor }, { by: 'reverse' });
    if (isNew === 'enqueued') return 'enqueued';
    const stored = await orders.get({ outTradeNo, merchantId, subMerchantId });
    const result = stored && (await reverseStored(orders, stored, { ...intent, policy }, actor));
    if (result) return result;
    await sleep(TRY_AGAIN_MS); // a worker has it, for one step
  }
  throw new DurableOrdersError(
    'WECHATPAY_ORDER_BUSY',
    `A worker still works on order ${outTradeNo}: call reverse() again in a minute.`,
  );
}

/** @returns undefined where a worker has it, or took it just now. */
async function reverseStored(
  orders: Orders,
  stored: DurableOrder,
  intent: OrderIntent & { policy: Partial<ResolutionPolicy> },
  actor: string | undefined,
): Promise<'enqueued' | 'already-reversing' | 'ended' | undefined> {
  const over = standingOf(stored);
  if (over || stored.status === 'active') return over;
  const { id, merchantId, status } = stored;
  const client = await orders.clientOf(merchantId);
  const now = readClock(client);
  const { dueAt } = begin(intent, client, now);
  const traced = orders.traced();
  let data: DurableOrderData | undefined;
  const change = (row: DurableRow): Reopened | undefined => {
    if (!isOrder(row) || standingOf(row)) return undefined;
    data = { ...reopened(client, row, dueAt, intent), ...traced };
    return { data, journal: noteReopened(now, row, data, { by: 'reverse', actor }) };
  };
  const from = status !== 'waiting' ? status : outcomeOf(stored) ? 'untold' : 'open';
  if (!(await orders.store.redrive(id, [from], change, noRefundUnderWay(id))) || !data) return undefined;
  publish({ kind: 'redriven', ...about(id, data) });
  return 'enqueued';
}

/** @returns why nothing is left to be decided; undefined where it can be reversed. */
function standingOf(row: DurableOrder): 'already-reversing' | 'ended' | undefined {
  const { status, state } = row;
  const outcome = outcomeOf(row);
  if (outcome && !mayHoldMoney(outcome)) return 'ended'; // whether or not it was told
  const isOpen = status === 'waiting' || status === 'active';
  if (!isOpen || outcome) return undefined;
  const { policy, sent } = readResolutionState(state);
  return policy.ifPaid === 'reverse' || sent.reverse ? 'already-reversing' : undefined;
}
