import type { WechatPayClient } from '../client.js';
import { classify } from './classify.js';
import { namesOf } from './start.js';
import type { SettleEvent, SettleOrder } from './state.js';
import { takeStep } from './take-step.js';

/** What a query said about an order whose payment was refused. */
export interface DeclineCheck {
  /** Whether a verified answer says that nothing is paid, or that there is no such order. */
  readonly isConfirmed: boolean;
  readonly event: SettleEvent;
}

/**
 * Asks once whether a payment that Quick Pay refused is unpaid. A refusal "must not be taken as failed: in extreme cases it succeeded",
 * and it names no order: on a connection that is kept alive it can be the late answer to another call.
 *
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/guide/pos/APIRules.shtml (two-layer judgment)
 */
export async function confirmDecline(
  client: WechatPayClient,
  order: SettleOrder,
  signal?: AbortSignal,
): Promise<DeclineCheck> {
  const event = await takeStep(client, { order: namesOf(order) }, { kind: 'query' }, signal);
  const isConfirmed =
    event.kind === 'queried'
      ? UNPAID.includes(event.tradeState)
      : event.kind === 'failed' && classify('query', event.error) === 'absent';
  return { isConfirmed, event };
}

const UNPAID: readonly string[] = ['NOTPAY', 'PAYERROR', 'CLOSED', 'REVOKED'];
