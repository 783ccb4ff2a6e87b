import {
  type Advice,
  isWechatPayError,
  type ResolutionCall,
  type TakenStep,
  type ResolutionError,
  type ResolutionEvent,
  type ResolutionOutcome,
  type ResolutionState,
  type WechatPayError,
} from 'wechatpay-core';

// What a cashier reads.

type TradeState = Extract<ResolutionEvent, { kind: 'queried' }>['tradeState'];

const TRADE_STATES: Record<TradeState, string> = {
  SUCCESS: 'paid',
  REFUND: 'refunded',
  NOTPAY: 'not paid',
  CLOSED: 'closed',
  REVOKED: 'reversed',
  USERPAYING: 'the customer is paying',
  PAYERROR: 'the payment failed',
  ACCEPT: 'accepted, not paid yet',
};

const STEPS: Record<ResolutionCall['kind'], string> = {
  query: 'Ask',
  reverse: 'Reverse',
  close: 'Close',
  refund: 'Refund',
  'query-refunds': 'Ask about the refund',
};

/** What each open state waits for. */
export const NEXT_STEPS: Record<OpenState['kind'], ResolutionCall['kind']> = {
  asking: 'query',
  reversing: 'reverse',
  checking: 'query',
  expired: 'query',
  closing: 'close',
  'checking-close': 'query',
  refunding: 'refund',
  'checking-refunds': 'query-refunds',
};

type OpenState = Exclude<ResolutionState, { kind: 'ended' }>;

/** What comes next of an order, and when. */
export function nextOf(state: ResolutionState): { readonly text: string; readonly at: Date } | undefined {
  return state.kind === 'ended' ? undefined : { text: STEPS[NEXT_STEPS[state.kind]], at: new Date(state.at) };
}

/** What a step brought. */
export function stepWords({ event }: TakenStep): string {
  switch (event.kind) {
    case 'queried':
      return `Asked: ${TRADE_STATES[event.tradeState]}`;
    case 'reversed':
      return event.recall ? 'Reversed: WeChat Pay asks for it once more' : 'Reversed';
    case 'closed':
      return 'Closed';
    case 'refund-accepted':
      return 'Refund accepted';
    case 'refunds-queried':
      return event.pending > 0 ? 'Asked: the refund is on its way' : 'Asked: refunded';
    case 'failed':
      return `${STEPS[event.step]}: ${errorWord(event.error)}`;
  }
}

/** The code of an error, WeChat Pay's own where it has one. */
export function errorWord(error: WechatPayError | ResolutionError): string {
  const errorCode = 'errorCode' in error ? error.errorCode : undefined;
  return typeof errorCode === 'string' && errorCode !== '' ? errorCode : error.code;
}

const WAITING_REMEDIES: Partial<Record<TradeState, string>> = {
  USERPAYING: 'Ask the customer for the password.',
  NOTPAY: 'Wait: it is not paid yet.',
  ACCEPT: 'Wait: it is accepted, and not paid yet.',
};

const REVERSING = 'Wait: the order is being reversed. Do not hand over the goods.';
const CLOSING = 'Wait: the order is being closed. Do not hand over the goods.';
const REFUNDED = 'Wait: the order is being refunded. Do not hand over the goods.';
const WAITING_STATES: Record<ResolutionState['kind'], string | undefined> = {
  asking: undefined,
  reversing: REVERSING,
  checking: REVERSING,
  expired: REFUNDED,
  closing: CLOSING,
  'checking-close': CLOSING,
  refunding: REFUNDED,
  'checking-refunds': REFUNDED,
  ended: 'Wait.', // until that is stored
};

/**
 * What to do after a step that was not the last.
 *
 * @param before what to do so far: a question without an answer changes nothing.
 * @param isCustomerHere whether the customer may still be at the till.
 */
export function stepRemedy({ event, state }: TakenStep, before: string, isCustomerHere: boolean): string {
  const answered = event.kind === 'queried' ? event.tradeState : undefined;
  if (answered === 'PAYERROR') return `The payment failed. ${REVERSING}`;
  const waiting = WAITING_STATES[state.kind];
  if (waiting !== undefined) return waiting;
  if (answered === undefined) return before;
  if (answered === 'USERPAYING' && !isCustomerHere) return 'Wait: the customer may have left.';
  return WAITING_REMEDIES[answered] ?? 'Wait.';
}

/**
 * What to do about an order that ended so.
 *
 * @param isCustomerHere whether the customer may still be at the till.
 */
export function outcomeRemedy(outcome: ResolutionOutcome, isCustomerHere = false): string {
  switch (outcome.kind) {
    case 'paid':
      return isCustomerHere
        ? 'Hand over the goods.'
        : 'Paid. The customer may have left: check before you hand over the goods.';
    case 'closed':
      if (!outcome.found) return 'WeChat Pay never had this order: nothing is charged. Begin a new one.';
      return 'Nothing is charged, or will be. Begin a new order.';
    case 'reversed':
      return 'Nothing is charged, or will be. Begin a new order.';
    case 'refunded':
      return 'The money was returned.';
    case 'refund-required':
      return 'Paid, and it cannot be reversed any more: refund it, then redrive it.';
    case 'needs-attention':
      return `Call the manager. ${outcome.amounts ? '' : 'Whether it is paid is not known. '}${outcome.error.message}`;
    case 'unresolved':
      return `Call the manager. Whether it is paid is not known: do not charge again. ${outcome.error?.message ?? ''}`.trim();
  }
}

const DECLINED: Partial<Record<Advice, string>> = {
  'scan-again': 'Ask the customer for a fresh code, and scan it.',
  'change-payment': 'Ask the customer for another card.',
  'new-order': 'Begin a new order.',
};

/** What to do where Quick Pay said no. */
export function declinedRemedy(error: WechatPayError): string {
  const advised =
    isWechatPayError(error) && error.code === 'WECHATPAY_BUSINESS_FAIL' ? DECLINED[error.advice] : undefined;
  if (advised) return `Nothing is charged. ${advised}`;
  if (error.code === 'WECHATPAY_INVALID_REQUEST') return `Nothing was sent. ${error.message}`;
  return error.outcome === 'not-sent'
    ? 'Nothing was sent: WeChat Pay cannot be reached. Try again in some seconds.'
    : `Nothing is charged. Call the manager: ${error.message}`;
}
