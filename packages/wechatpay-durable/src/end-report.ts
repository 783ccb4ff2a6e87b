import type { RefundOutcome, ResolutionOutcome } from 'wechatpay-core';
import { needsPerson } from './ends.js';
import type { DurableOrderEvent } from './events.js';

/** An end, as a log tells it. */
export interface EndReport {
  /** Whether something is left for a person to do: log it as an error. */
  readonly needsPerson: boolean;
  /** Which order or refund, of which merchant, how it ended and why, and what to do; without a secret. */
  readonly message: string;
}

/** The events of {@link DURABLE_ORDER_CHANNEL} that tell of an end. */
export type EndEvent = Extract<DurableOrderEvent, { readonly kind: 'resolved' | 'refund-resolved' }>;

/**
 * Puts an end into words, for a log: each end is worth a line, and one that needs a person an error.
 *
 * @example
 * subscribe(DURABLE_ORDER_CHANNEL, (message) => {
 *   const event = message as DurableOrderEvent;
 *   if (event.kind !== 'resolved' && event.kind !== 'refund-resolved') return;
 *   const { needsPerson, message: text } = reportEnd(event);
 *   if (needsPerson) console.error(text);
 *   else console.log(text);
 * });
 */
export function reportEnd(event: EndEvent): EndReport {
  const { merchantId, outcome, end } = event;
  const isLeft = needsPerson(outcome);
  const why = reasonOf(outcome);
  const reason = why === undefined ? '' : `: ${why.replace(/[.\s]+$/u, '')}`;
  const remedy = isLeft
    ? ' A person has to look: `explain` tells what is known of the money, `redrive` sets it going again.'
    : '';
  const message = `${nameOf(event)} of merchant ${merchantId} ended as ${outcome.kind} (end ${end})${reason}.${remedy}`;
  return { needsPerson: isLeft, message };
}

/** Of a stored state that cannot be read, the numbers are empty. */
function nameOf(event: EndEvent): string {
  const { id, outTradeNo } = event;
  if (event.kind === 'resolved') return outTradeNo === '' ? `Durable order ${id}` : `Order ${outTradeNo}`;
  const refund = event.outRefundNo === '' ? `Durable refund ${id}` : `Refund ${event.outRefundNo}`;
  return outTradeNo === '' ? refund : `${refund} of order ${outTradeNo}`;
}

function reasonOf(outcome: ResolutionOutcome | RefundOutcome): string | undefined {
  switch (outcome.kind) {
    case 'paid':
      return 'isLate' in outcome ? 'it was paid after it was given up' : undefined;
    case 'closed':
      return outcome.found ? undefined : 'WeChat Pay knows no such order';
    case 'refund-required':
      return 'it is paid, and can only be returned by a refund';
    case 'unresolved':
      return outcome.error?.message ?? 'nothing was proven until its deadline';
    case 'needs-attention':
    case 'refund-rejected':
      return outcome.error.message;
    default:
      return undefined;
  }
}
