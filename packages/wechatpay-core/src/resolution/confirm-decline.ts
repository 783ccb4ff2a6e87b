import type { WechatPayClient } from '../client.js';
import type { TradeState } from '../operations/query-order.js';
import { classify } from './classify.js';
import { namesOf } from './start.js';
import type { ResolutionEvent, ResolutionOrder } from './state.js';
import { takeResolutionStep } from './take-step.js';

/** What a query said about an order whose payment was refused. */
export interface DeclineCheck {
  /** Whether a verified answer says that nothing is paid, or that there is no such order. */
  readonly isConfirmed: boolean;
  /** Of one that is confirmed: whether the order is there, and can still be paid until it is reversed. */
  readonly isOpen: boolean;
  /** What that answer told; absent where there is no such order, or no such answer. */
  readonly tradeState?: TradeState;
  readonly event: ResolutionEvent;
}

/**
 * Asks once whether a payment that Quick Pay refused is unpaid. A refusal "must not be taken as failed: in extreme cases it succeeded",
 * and it names no order: on a connection that is kept alive it can be the late answer to another call.
 *
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/guide/pos/APIRules.shtml (two-layer judgment)
 */
export async function confirmDecline(
  client: WechatPayClient,
  order: ResolutionOrder,
  signal?: AbortSignal,
  onReply?: Parameters<typeof takeResolutionStep>[4],
): Promise<DeclineCheck> {
  const event = await takeResolutionStep(client, { order: namesOf(order) }, { kind: 'query' }, signal, onReply);
  if (event.kind !== 'queried') {
    const isAbsent = event.kind === 'failed' && classify('query', event.error) === 'absent';
    return { isConfirmed: isAbsent, isOpen: false, event };
  }
  const { tradeState } = event;
  const isOpen = OPEN.includes(tradeState);
  return { isConfirmed: isOpen || OVER.includes(tradeState), isOpen, tradeState, event };
}

/** Nothing is paid; another code may be scanned for the same order. */
const OPEN: readonly string[] = ['NOTPAY', 'PAYERROR'];
const OVER: readonly string[] = ['CLOSED', 'REVOKED'];
