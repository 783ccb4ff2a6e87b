import type { DurableRefundData } from '../../src/index.js';
import type { OrderHistory } from '../history/history.js';

/** What must hold of the refunds of each order. @returns what is wrong, or undefined. */
export const refundChecks: Readonly<Record<string, (order: OrderHistory) => string | undefined>> = {
  'refunds promise no more than was paid, at any moment': ({ planned, refundChanges }) => {
    const promised = new Map<string, number>();
    for (const { id, status, data } of refundChanges) {
      promised.set(id, status === 'cancelled' || isWithoutEffect(data) ? 0 : data.state.request.refundFee);
      const sum = [...promised.values()].reduce((all, fee) => all + fee, 0);
      if (sum > planned.totalFee) return `${sum} of ${planned.totalFee} were promised`;
    }
    return undefined;
  },

  'a refund that is done was made, once, with its amount; and one that was made is done': ({ refunds, movements }) => {
    for (const { status, state } of refunds) {
      const { outRefundNo, refundFee } = state.request;
      const made = movements.filter(({ refundNumber }) => refundNumber === outRefundNo).map(({ amount }) => amount);
      if (
        made.length > 1 ||
        (made.length === 1) !== (status === 'done') ||
        made.some((amount) => amount !== refundFee)
      ) {
        return `${outRefundNo} of ${refundFee} is ${status}, and made with ${made.join(', ') || 'nothing'}`;
      }
    }
    return undefined;
  },

  'a refund has one number, one amount and one order': ({ planned, requests, refundChanges }) => {
    for (const { data } of refundChanges) {
      const { request } = data.state;
      const first = refundChanges.find((change) => change.data.state.request.outRefundNo === request.outRefundNo);
      if (JSON.stringify(first?.data.state.request) !== JSON.stringify(request)) return 'what is sent has changed';
    }
    const parts = planned.job.kind === 'refund' ? planned.job.parts.map(String) : undefined;
    const odd = parts && requests.find(({ fields }) => fields.refund_fee && !parts.includes(fields.refund_fee));
    return odd && `a refund of ${odd.fields.refund_fee ?? ''} left`;
  },

  'every refund has an end, and the shop is told of it': ({ refunds, refundsTold }) => {
    for (const { status, state, outcome } of refunds) {
      const { outRefundNo } = state.request;
      // What was refused, and whose amount others have taken meanwhile, stays refused.
      if (status !== 'done' && outcome?.kind !== 'refund-rejected')
        return `${outRefundNo} is ${status}, ${outcome?.kind}`;
      const told = refundsTold.filter((one) => one.outRefundNo === outRefundNo).map((one) => one.outcome);
      if (!told.includes(outcome?.kind))
        return `${outRefundNo} is ${outcome?.kind}, and the shop was told ${told.join(', ')}`;
    }
    return undefined;
  },
};

function isWithoutEffect({ outcome }: DurableRefundData): boolean {
  return outcome?.kind === 'refund-rejected';
}
