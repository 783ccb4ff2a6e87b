import type {
  QuickPayResult,
  UnifiedOrderResult,
  ResolutionCall,
  ResolutionError,
  ResolutionEvent,
  ResolutionPayment,
  ResolutionState,
} from 'wechatpay-core';
import type { JournalEntry } from '../stores/store.js';
import { entry, type JournalOperation } from './entries.js';
import { decisionOf, ruleOf, type Decision, type Rule } from './rules.js';

export const OPERATIONS: Readonly<Record<ResolutionCall['kind'], JournalOperation>> = {
  query: 'Query Order',
  reverse: 'Revoke Order',
  close: 'Close Order',
  refund: 'Submit Refund',
  'query-refunds': 'Query Refund',
};

/** What a verified reply said, by wire names, and whether the customer's openid is kept with it. */
export interface Reply {
  readonly raw?: Readonly<Record<string, string>> | undefined;
  readonly keepsOpenId: boolean;
}

/** What a step brought: a verified answer, or a failure. */
export function noteEvent(
  at: number,
  step: ResolutionCall['kind'],
  event: ResolutionEvent,
  { raw, keepsOpenId }: Reply,
): JournalEntry {
  const operation = OPERATIONS[step];
  if (event.kind === 'failed') return noteFailure(at, operation, event.error);
  return entry('answered', at, { operation, answer: event, ...(raw && { reply: evidence(raw, keepsOpenId) }) });
}

/** What was decided after a step, where anything was; an end is noted with its number. */
export function noteDecision(
  at: number,
  before: ResolutionState,
  event: ResolutionEvent,
  after: ResolutionState,
): JournalEntry[] {
  const decision = decisionOf(before, after);
  return decision === undefined ? [] : [decided(at, decision, ruleOf(before, event, after))];
}

export function decided(at: number, decision: Decision, rule: Rule): JournalEntry {
  return entry('decided', at, { decision, rule });
}

export function noteFailure(at: number, operation: JournalOperation, error: ResolutionError): JournalEntry {
  const { code, outcome, message, errorCode, advice, recall } = error;
  return entry('failed', at, {
    operation,
    code,
    outcome,
    message,
    isVerified: code === 'WECHATPAY_BUSINESS_FAIL',
    ...(errorCode !== undefined && { errorCode }),
    ...(advice !== undefined && { advice }),
    ...(recall !== undefined && { recall }),
  });
}

/** Quick Pay's clear yes. */
export function noteCharge(
  at: number,
  { raw, paidAt }: Pick<QuickPayResult, 'raw' | 'paidAt'>,
  payment: ResolutionPayment,
  keepsOpenId: boolean,
): JournalEntry {
  return entry('answered', at, {
    operation: 'Submit Quick Pay',
    answer: { kind: 'charged', payment, ...(paidAt && { paidAt: paidAt.getTime() }) },
    reply: evidence(raw, keepsOpenId),
  });
}

/** Unified Order's clear yes. */
export function noteCreation(at: number, { raw }: Pick<UnifiedOrderResult, 'raw'>, keepsOpenId: boolean): JournalEntry {
  const reply = evidence(raw, keepsOpenId);
  return entry('answered', at, { operation: 'Unified Order', answer: { kind: 'created' }, reply });
}

/** Fields that tell who the customer is. */
const OF_THE_CUSTOMER: readonly string[] = ['openid', 'sub_openid'];
/** Fields that tell nothing about an order. */
const OF_THE_CALL: readonly string[] = ['nonce_str', 'return_msg'];

/** The signed fields of a reply: one without a value takes no part in the signature. */
export function evidence(raw: Readonly<Record<string, string>>, keepsOpenId: boolean): Record<string, string> {
  const isLeftOut = (name: string): boolean =>
    OF_THE_CALL.includes(name) || (!keepsOpenId && OF_THE_CUSTOMER.includes(name));
  return Object.fromEntries(Object.entries(raw).filter(([name, value]) => value !== '' && !isLeftOut(name)));
}
