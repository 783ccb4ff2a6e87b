import type { RefundAttention, RefundEvent, RefundOutcome, RefundState } from 'wechatpay-core';
import { decided, evidence, noteFailure, type Reply } from '../journal/answers.js';
import { entry } from '../journal/entries.js';
import type { Decision, Rule } from '../journal/rules.js';
import type { JournalEntry } from '../stores/store.js';

const OPERATIONS = { 'submit-refund': 'Submit Refund', 'query-refund': 'Query Refund' } as const;

/** What a step brought: a verified answer, or a failure. */
export function noteRefundEvent(at: number, event: RefundEvent, { raw, keepsOpenId }: Reply): JournalEntry {
  if (event.kind === 'failed') return noteFailure(at, OPERATIONS[event.step], event.error);
  const operation = event.kind === 'refund-accepted' ? 'Submit Refund' : 'Query Refund';
  return entry('answered', at, { operation, answer: event, ...(raw && { reply: evidence(raw, keepsOpenId) }) });
}

/** What was decided after a step, where anything was; an end is noted with its number, and a submission before it is made. */
export function noteRefundDecision(at: number, before: RefundState, after: RefundState): JournalEntry[] {
  if (before.kind === after.kind || after.kind === 'ended' || after.kind === 'submitting') return [];
  const [decision, rule] = DECISIONS[after.kind];
  const isBalance = after.kind === 'waiting' && after.reason === 'balance';
  return [decided(at, decision, isBalance ? 'balance-too-low' : rule)];
}

const DECISIONS: Readonly<
  Record<Exclude<RefundState['kind'], 'ended' | 'submitting'>, readonly [decision: Decision, rule: Rule]>
> = {
  waiting: ['wait', 'too-frequent'],
  checking: ['check', 'refund-unclear'],
  refused: ['confirm-refusal', 'refusal-is-no-proof'],
  following: ['follow-refund', 'accepted-is-not-refunded'],
};

/** Why Submit Refund is due. */
export function ruleOfSubmission(state: RefundState): Rule {
  if (state.kind === 'waiting') return state.reason === 'balance' ? 'balance-too-low' : 'too-frequent';
  if (state.kind === 'submitting' && state.attempts > 0) return 'refund-not-sent';
  return state.submissions === 0 && state.submittedAt === undefined ? 'refund-asked-for' : 'refund-not-there';
}

/** By which rule a refund ended. */
export function ruleOfRefund(outcome: RefundOutcome): Rule {
  switch (outcome.kind) {
    case 'refunded':
      return 'refund-arrived';
    case 'refund-rejected':
      return 'refusal-confirmed';
    case 'needs-attention':
      return OF_REASON[outcome.reason];
    case 'unresolved':
      return 'deadline';
  }
}

const OF_REASON: Readonly<Record<RefundAttention, Rule>> = {
  'not-received': 'refund-not-received',
  closed: 'refund-closed',
  differs: 'refund-differs',
  'too-late': 'refund-too-late',
  'keeps-failing': 'refund-keeps-failing',
  'cannot-ask': 'refund-cannot-be-asked',
  'no-end': 'refund-without-end',
};
