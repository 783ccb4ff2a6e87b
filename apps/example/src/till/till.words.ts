import {
  isWechatPayError,
  type Advice,
  type ResolutionCall,
  type ResolutionError,
  type ResolutionEvent,
  type ResolutionOutcome,
  type ResolutionState,
  type TakenStep,
  type WechatPayError,
} from 'wechatpay-core';
import { isWord, phrase, type Phrase } from './phrase.js';
import type { Word } from './words/en.js';

// What a cashier is told, and when; in which words is beside it, a file for each language.

type TradeState = Extract<ResolutionEvent, { kind: 'queried' }>['tradeState'];
type OpenState = Exclude<ResolutionState, { kind: 'ended' }>;

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

/** What comes next of an order, and when; and when it is known at the latest, while its customer may still be paying. */
export function nextOf(state: ResolutionState): {
  readonly next?: { readonly what: Phrase; readonly at: Date };
  readonly knownBy?: Date;
} {
  if (state.kind === 'ended') return {};
  const next = { what: phrase(`next-${NEXT_STEPS[state.kind]}`), at: new Date(state.at) };
  if (state.kind !== 'asking') return { next };
  const { orderCreatedAt, timeExpire, policy } = state;
  return { next, knownBy: new Date(timeExpire ?? orderCreatedAt + policy.reverseAfterMs) };
}

/** What a step brought. */
export function stepWords({ event }: TakenStep): Phrase {
  switch (event.kind) {
    case 'queried':
      return phrase(`asked-${event.tradeState}`);
    case 'reversed':
      return phrase(event.recall ? 'step-reversed-again' : 'step-reversed');
    case 'closed':
      return phrase('step-closed');
    case 'refund-accepted':
      return phrase('step-refund-accepted');
    case 'refunds-queried':
      return phrase(event.pending > 0 ? 'step-refund-pending' : 'step-refund-done');
    case 'failed':
      return phrase(`failed-${event.step}`, errorWord(event.error));
  }
}

/** The code of an error, WeChat Pay's own where it has one. */
export function errorWord(error: WechatPayError | ResolutionError): string {
  const errorCode = 'errorCode' in error ? error.errorCode : undefined;
  return typeof errorCode === 'string' && errorCode !== '' ? errorCode : error.code;
}

const WAITING_REMEDIES: Partial<Record<TradeState, Word>> = {
  USERPAYING: 'wait-password',
  NOTPAY: 'wait-unpaid',
  ACCEPT: 'wait-accepted',
};

const WAITING_STATES: Record<ResolutionState['kind'], Word | undefined> = {
  asking: undefined,
  reversing: 'reversing',
  checking: 'reversing',
  expired: 'returning',
  closing: 'closing',
  'checking-close': 'closing',
  refunding: 'returning',
  'checking-refunds': 'returning',
  ended: 'wait', // until that is stored
};

/**
 * What to do after a step that was not the last.
 *
 * @param before what to do so far: a question without an answer changes nothing.
 * @param isCustomerHere whether the customer may still be at the till.
 */
export function stepRemedy({ event, state }: TakenStep, before: Phrase, isCustomerHere: boolean): Phrase {
  const answered = event.kind === 'queried' ? event.tradeState : undefined;
  if (answered === 'PAYERROR') return phrase('failed-reversing');
  const waiting = WAITING_STATES[state.kind];
  if (waiting !== undefined) return phrase(waiting);
  if (answered === undefined) return before;
  if (answered === 'USERPAYING' && !isCustomerHere) return phrase('wait-left');
  return phrase(WAITING_REMEDIES[answered] ?? 'wait');
}

/**
 * What to do about an order that ended so.
 *
 * @param isCustomerHere whether the customer may still be at the till.
 */
export function outcomeRemedy(outcome: ResolutionOutcome, isCustomerHere = false): Phrase {
  switch (outcome.kind) {
    case 'paid':
      return phrase(isCustomerHere ? 'hand-over' : 'paid-left');
    case 'closed':
      return phrase(outcome.found ? 'not-charged' : 'never-came');
    case 'reversed':
      return phrase('not-charged');
    case 'refunded':
      return phrase('returned');
    case 'refund-required':
      return phrase('refund-it');
    case 'needs-attention':
      return phrase(outcome.amounts ? 'manager-known' : 'manager-unknown');
    case 'unresolved':
      return phrase('manager-unknown');
  }
}

const DECLINED: Partial<Record<Advice, Word>> = {
  'scan-again': 'scan-again',
  'change-payment': 'change-payment',
  'new-order': 'new-order',
};

/** What to do where Quick Pay said no, and why, as one would say it to the customer. */
export function declinedWords(error: WechatPayError): { readonly remedy: Phrase; readonly why?: Phrase } {
  const why = `why-${errorWord(error)}`;
  const isTold = isWechatPayError(error) && error.code === 'WECHATPAY_BUSINESS_FAIL';
  const advised = isTold ? DECLINED[error.advice] : undefined;
  if (advised) return { remedy: phrase(advised), ...(isWord(why) && { why: phrase(why) }) };
  if (error.code === 'WECHATPAY_INVALID_REQUEST') return { remedy: phrase('sent-nothing', error.message) };
  return {
    remedy: error.outcome === 'not-sent' ? phrase('sent-nothing-network') : phrase('declined-other', error.message),
  };
}
