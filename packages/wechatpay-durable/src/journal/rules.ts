import type { ResolutionEvent, ResolutionState } from 'wechatpay-core';

/** What is done next. */
export type Decision =
  | 'reverse'
  | 'prove'
  | 'close'
  | 'prove-closed'
  | 'ask-past-reversal'
  | 'refund'
  | 'follow-refunds'
  | 'submit-refund'
  | 'postpone'
  | 'wait'
  | 'check'
  | 'confirm-refusal'
  | 'follow-refund';

/** The rules by which something is decided about an order or a refund, and what each says. */
export const RULES = {
  'paid-is-kept': 'a verified answer says that it is paid, and the policy is to keep it',
  'paid-is-returned': 'a verified answer says that it is paid, and it is to be returned',
  'payment-failed': 'the payment failed, and such an order has to be reversed',
  'time-to-pay-is-over': 'it was not paid in time',
  'unclear-answers': 'several queries in a row brought no answer that names the order',
  'not-proven-yet': 'no answer has proven the reversal, or the close',
  'gateway-asks-again': 'WeChat Pay asks for the same call again',
  'prove-by-query': 'only a query can prove what came of it',
  'too-late-to-reverse': 'the order is older than 7 days',
  'refund-when-expired': 'it can no longer be reversed, and the policy is to refund it',
  'closed-is-asked-again': 'an answer says that it is closed, and a payment that was begun before may still arrive',
  'refund-by-hand': 'it is to be refunded, and one refund of this durable order cannot return all of it',
  'refund-seen': 'a refund of it was seen',
  'accepted-is-not-refunded': 'a refund that is accepted has not arrived',
  'closed-by-answer': 'a verified answer says that it is closed',
  'reversed-by-answer': 'a verified answer says that it is reversed',
  'never-came': 'two answers in a row, past the time to pay, know no such order',
  'refunded-in-full': 'Query Refund says that all of it has arrived',
  'a-person-decides': 'what the answers say is not for a program to decide',
  'settings-or-request': 'WeChat Pay refuses the request as such; no retry cures that',
  deadline: 'the deadline is over',
  'already-ended': 'its stored state had ended before',
  'nobody-could-take-it': 'no worker could take it on until the deadline',
  'declined-stays-open': 'the payment was declined, and the order can still be paid',
  declined: 'the payment was declined, and nothing can be paid any more',
  'not-sent': 'nothing was sent',
  'not-made': 'Unified Order was refused, so that nobody has anything to pay it by',
  'not-handed-out': 'Unified Order was not answered, so that nobody has anything to pay it by',
  'called-off': 'it was called off by the application',
  'refund-asked-for': 'the application asked for this refund',
  'refund-not-there': 'Query Refund knows of no such refund, and its number makes it the same one',
  'refund-not-sent': 'it was not sent',
  'refund-beside-it': 'a durable refund of it is under way or was accepted, and nothing is returned beside that',
  'minute-between-parts': 'WeChat Pay wants a minute between two refunds of one order',
  'balance-too-low': 'the balance that pays refunds is too low, and the next sales fill it',
  'too-frequent': 'WeChat Pay asks for the same call later',
  'refund-unclear': 'no answer says whether it was made',
  'refusal-is-no-proof': 'Query Refund has to know of no such refund, twice',
  'refund-arrived': 'Query Refund says that the customer has the money',
  'refusal-confirmed': 'it was refused, and two answers know of no such refund',
  'refund-not-received': 'the money did not reach the customer, whose account or card is gone',
  'refund-closed': 'WeChat Pay ended the refund, and nothing was returned',
  'refund-differs': 'its number was used before, for another order, amount or currency',
  'refund-too-late': 'the payment is older than a year',
  'refund-keeps-failing': 'Submit Refund fails again and again, and no such refund is known',
  'refund-cannot-be-asked': 'Query Refund refuses the question',
  'refund-without-end': 'it has had no end for longer than `attentionAfterMs`',
} as const;

export type Rule = keyof typeof RULES;

/** What was decided between one state and the next; undefined where it only goes on. */
export function decisionOf(before: ResolutionState, after: ResolutionState): Decision | undefined {
  if (before.kind === after.kind) return undefined;
  switch (after.kind) {
    case 'reversing':
      return 'reverse';
    case 'checking':
      return 'prove';
    case 'expired':
      return 'ask-past-reversal';
    case 'closing':
      return 'close';
    case 'checking-close':
      return 'prove-closed';
    case 'refunding':
      return 'refund';
    case 'checking-refunds':
      return 'follow-refunds';
    default:
      return undefined;
  }
}

/** The rule that made one state of the next, after an event. */
export function ruleOf(before: ResolutionState, event: ResolutionEvent, after: ResolutionState): Rule {
  switch (after.kind) {
    case 'reversing':
    case 'closing':
      return ruleOfGivingUp(before, event);
    case 'checking-close':
      return event.kind === 'queried' ? 'closed-is-asked-again' : 'prove-by-query';
    case 'expired':
      return 'too-late-to-reverse';
    case 'refunding':
      return isUnified(after) ? 'paid-is-returned' : 'refund-when-expired';
    case 'checking-refunds':
      return event.kind === 'refund-accepted' ? 'accepted-is-not-refunded' : 'refund-seen';
    case 'ended':
      return ruleOfEnd(event, after);
    default:
      return 'prove-by-query';
  }
}

/** Of Unified Order, an order is closed, and returned by a refund, where one of Quick Pay is reversed. */
function isUnified({ product }: ResolutionState): boolean {
  return product === 'unified-order';
}

function ruleOfGivingUp(before: ResolutionState, event: ResolutionEvent): Rule {
  if (event.kind === 'reversed' || (event.kind === 'failed' && event.step === 'reverse')) return 'gateway-asks-again';
  if (event.kind === 'queried') {
    if (event.tradeState === 'SUCCESS') return 'paid-is-returned';
    if (event.tradeState === 'PAYERROR') return 'payment-failed';
    return before.kind === 'asking' ? 'time-to-pay-is-over' : 'not-proven-yet';
  }
  return before.kind === 'asking' ? 'unclear-answers' : 'not-proven-yet';
}

function ruleOfEnd(event: ResolutionEvent, state: ResolutionState & { kind: 'ended' }): Rule {
  const { outcome } = state;
  switch (outcome.kind) {
    case 'paid':
      return 'paid-is-kept';
    case 'reversed':
      return 'reversed-by-answer';
    case 'closed':
      return outcome.found ? 'closed-by-answer' : 'never-came';
    case 'refunded':
      return 'refunded-in-full';
    case 'refund-required':
      return isUnified(state) ? 'refund-by-hand' : 'too-late-to-reverse';
    case 'unresolved':
      return 'deadline';
    case 'needs-attention':
      return event.kind === 'failed' ? 'settings-or-request' : 'a-person-decides';
  }
}
