import type { FoundRefund, RefundEvent, RefundState, ResolutionError } from '../src/index.js';
import { advanceRefund, nextRefundStep, startRefund, type RefundFacts } from '../src/resolution/index.js';

// Asks the state machine itself, situation by situation: docs/refund-table.md is what it says.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const START = Date.UTC(2026, 10, 27);

interface Situation {
  readonly name: string;
  readonly state: RefundState;
  readonly now: number;
}

const request = { outTradeNo: '1', outRefundNo: 'R1', totalFee: 100, refundFee: 40, refundCurrency: 'HKD' };
const fresh = startRefund(request, { now: START, deadline: START + 30 * DAY });
const { policy, deadline } = fresh;
const facts: RefundFacts = {
  version: 1,
  request,
  startedAt: START,
  policy,
  deadline,
  submissions: 1,
  submittedAt: START,
  failures: 0,
};

const refusalOf = (errorCode: string): ResolutionError => ({
  code: 'WECHATPAY_BUSINESS_FAIL',
  outcome: 'rejected',
  message: '',
  errorCode,
  advice: 'fix-request',
});
const at = (ms: number): { at: number } => ({ at: START + ms });
const refused = { ...facts, kind: 'refused', attempts: 0, refusal: refusalOf('PARAM_ERROR') } as const;
const overdue = { ...refused, refusal: refusalOf('TRADE_OVERDUE'), isAbsent: true, ...at(2 * MINUTE) } as const;
const checking = { ...facts, kind: 'checking', attempts: 0, notBefore: START + MINUTE, ...at(5 * SECOND) } as const;
const following = { ...facts, kind: 'following', attempts: 0, absences: 0, ...at(5 * SECOND) } as const;
const old = { paidAt: START - 365 * DAY };

const SUBMITTING: Situation = { name: 'submitting', state: fresh, now: START };
const WAITING: Situation = {
  name: 'waiting, for the pool or because the calls came too fast',
  state: { ...facts, kind: 'waiting', reason: 'balance', ...at(30 * MINUTE) },
  now: START + 30 * MINUTE,
};
const CHECKING: Situation = { name: 'checking', state: checking, now: START + 5 * SECOND };
const CHECKING_OLD: Situation = {
  name: 'checking, and the payment has turned a year old',
  state: { ...checking, ...old },
  now: START + 5 * SECOND,
};
const CHECKING_FAILED: Situation = {
  name: 'checking, after the third failure that is no clear refusal',
  state: { ...checking, failures: 3, lastError: { ...refusalOf('INVALID_REQUEST'), outcome: 'unknown' } },
  now: START + 5 * SECOND,
};
const REFUSED: Situation = {
  name: 'refused',
  state: { ...refused, isAbsent: false, ...at(5 * SECOND) },
  now: START + 5 * SECOND,
};
const REFUSED_TWICE: Situation = {
  name: 'refused, and one answer knew of no such refund, 2 min after Submit Refund',
  state: { ...refused, isAbsent: true, ...at(2 * MINUTE) },
  now: START + 2 * MINUTE,
};
const REFUSED_OVERDUE: Situation = {
  name: 'the same, refused as TRADE_OVERDUE',
  state: overdue,
  now: START + 2 * MINUTE,
};
const FOLLOWING: Situation = { name: 'following', state: following, now: START + 5 * SECOND };
const FOLLOWING_ABSENT: Situation = {
  name: 'following, and two answers knew of no such refund',
  state: { ...following, attempts: 2, absences: 2 },
  now: START + 5 * SECOND,
};

type Answer = readonly [string, RefundEvent];

const failed = (step: 'submit-refund' | 'query-refund', error: Partial<ResolutionError>): RefundEvent => ({
  kind: 'failed',
  step,
  error: { code: 'WECHATPAY_BUSINESS_FAIL', outcome: 'unknown', message: '', ...error },
});
const noAnswer = { code: 'WECHATPAY_TIMEOUT' } as const;
const notSent = { code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' } as const;
const later = (errorCode: string) => ({ errorCode, outcome: 'rejected', advice: 'retry-later' }) as const;

const SUBMITTED: readonly Answer[] = [
  ['SUCCESS', { kind: 'refund-accepted', outRefundNo: 'R1', refundId: '7' }],
  ['`NOTENOUGH`', failed('submit-refund', later('NOTENOUGH'))],
  ['`FREQUENCY_LIMITED`', failed('submit-refund', later('FREQUENCY_LIMITED'))],
  [
    '`SYSTEMERROR`, `BIZERR_NEED_RETRY`, `INVALID_REQ_TOO_MUCH`',
    failed('submit-refund', { errorCode: 'SYSTEMERROR', advice: 'retry-later' }),
  ],
  ['no answer to be trusted', failed('submit-refund', noAnswer)],
  ['nothing was sent', failed('submit-refund', notSent)],
  [
    '`INVALID_REQUEST`, a code that is not documented',
    failed('submit-refund', { errorCode: 'INVALID_REQUEST', advice: 'fix-request' }),
  ],
  ['a clear refusal', failed('submit-refund', refusalOf('PARAM_ERROR'))],
];

const found = (more: FoundRefund): RefundEvent => ({
  kind: 'refund-queried',
  outRefundNo: 'R1',
  refunds: [{ outTradeNo: '1', totalFee: 100, currency: 'HKD', refundId: '7', refundFee: 40, ...more }],
});

const ABSENT: Answer = ['`REFUNDNOTEXIST`', failed('query-refund', refusalOf('REFUNDNOTEXIST'))];
const QUERIED: readonly Answer[] = [
  ['SUCCESS', found({ refundStatus: 'SUCCESS' })],
  ['PROCESSING', found({ refundStatus: 'PROCESSING' })],
  ['CHANGE', found({ refundStatus: 'CHANGE' })],
  ['REFUNDCLOSE, FAIL', found({ refundStatus: 'REFUNDCLOSE' })],
  ['another order, amount or currency', found({ refundStatus: 'SUCCESS', refundFee: 41 })],
  ABSENT,
  ['no answer to be trusted, throttled, nothing was sent', failed('query-refund', noAnswer)],
  ['a wrong parameter', failed('query-refund', refusalOf('PARAM_ERROR'))],
];

const SITUATIONS: readonly [Situation, readonly Answer[]][] = [
  [SUBMITTING, SUBMITTED],
  [WAITING, SUBMITTED],
  [CHECKING, QUERIED],
  [CHECKING_FAILED, [ABSENT]],
  [CHECKING_OLD, [ABSENT]],
  [REFUSED, QUERIED],
  [REFUSED_TWICE, QUERIED],
  [REFUSED_OVERDUE, [ABSENT]],
  [FOLLOWING, QUERIED],
  [FOLLOWING_ABSENT, [ABSENT]],
];

/** What follows an answer, as a row says it, and the state that it leads to. */
function follow({ state, now }: Situation, event: RefundEvent): { row: string; to: string } {
  const after = advanceRefund(state, event, { now, jitter: 0 });
  if (after.kind === 'ended') {
    const { outcome } = after;
    const reason = outcome.kind === 'needs-attention' ? `: ${outcome.reason}` : '';
    return { row: `**${outcome.kind}**${reason}`, to: outcome.kind };
  }
  const step = nextRefundStep(after, now);
  const when = step.kind === 'wait' ? `after ${textOf(step.until - now)}` : 'at once';
  return { row: `${after.kind}, ${when}`, to: after.kind };
}

function textOf(ms: number): string {
  return ms < 2 * MINUTE ? `${ms / SECOND} s` : `${Math.round((ms / MINUTE) * 10) / 10} min`;
}

export function refundTable(): string {
  const lines = [
    '# What a refund does about each answer',
    '',
    'Made by running the state machine with its default policy, state by state; a test fails where it differs from the code.',
    'Bold is an end. The times are the first and shortest ones: each is up to half as long again, and they double: from Submit Refund to',
    'Submit Refund up to 30 min, from Query Refund to Query Refund up to an hour. What has no end after 14 days needs attention: `no-end`.',
    '',
    '```mermaid',
    'stateDiagram-v2',
    '  direction LR',
    ...edges(),
    '```',
    '',
  ];
  for (const [situation, answers] of SITUATIONS) {
    lines.push(`## ${situation.name}`, '', '| answer | then |', '| --- | --- |');
    for (const [answer, event] of answers) lines.push(`| ${answer} | ${follow(situation, event).row} |`);
    lines.push('');
  }
  return lines.join('\n');
}

function edges(): string[] {
  const id = (name: string): string => name.replace(/[^a-z0-9]+/gi, '_');
  const found = new Set<string>();
  for (const [situation, answers] of SITUATIONS) {
    const from = situation.state.kind;
    for (const [, event] of answers) {
      const { to } = follow(situation, event);
      if (to !== from) found.add(`  ${id(from)} --> ${id(to)}`);
    }
  }
  return [...found];
}
