import {
  advance,
  nextStep,
  startSettlement,
  type SettleError,
  type SettleEvent,
  type SettleState,
} from '../src/index.js';

// Asks the state machine itself, situation by situation: docs/settling-table.md is what it says.

const CREATED = Date.UTC(2026, 10, 23);
const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
const PAYMENT = { transactionId: '42', totalFee: 100, currency: 'HKD' };

interface Situation {
  readonly name: string;
  readonly state: SettleState;
  readonly now: number;
}

const order = { outTradeNo: '1', orderCreatedAt: new Date(CREATED) };
const fresh = startSettlement(order, CREATED + 30 * DAY);
const at = (state: SettleState, kind: SettleState['next']['kind'], now: number): SettleState => ({
  ...state,
  next: { kind, at: now },
});
const revoking: SettleState = { ...fresh, mustRevoke: true };
const late = CREATED + 8 * DAY;

const asking: Situation = {
  name: 'Asking',
  state: at(fresh, 'query', CREATED + 5 * SECOND),
  now: CREATED + 5 * SECOND,
};
const lastAsking: Situation = {
  name: 'Asking at 45 s',
  state: at(fresh, 'query', CREATED + 45 * SECOND),
  now: CREATED + 45 * SECOND,
};
const revoke: Situation = {
  name: 'Revoking',
  state: at(revoking, 'reverse', CREATED + 45 * SECOND),
  now: CREATED + 45 * SECOND,
};
const checking: Situation = {
  name: 'Checking a revoke',
  state: at({ ...revoking, attempts: 1 }, 'query', CREATED + 50 * SECOND),
  now: CREATED + 50 * SECOND,
};
const refused: Situation = {
  name: 'Checking a revoke that was refused as wrong',
  state: {
    ...checking.state,
    refusal: { code: 'WECHATPAY_BUSINESS_FAIL', outcome: 'rejected', message: '', errorCode: 'PARAM_ERROR' },
  },
  now: checking.now,
};
const tooLate: Situation = {
  name: 'Too late to revoke',
  state: at({ ...revoking, attempts: 1 }, 'query', late),
  now: late,
};
const refunding: Situation = {
  name: 'Refunding',
  state: at(
    { ...revoking, policy: { ...fresh.policy, refundWhenExpired: true }, payment: PAYMENT, attempts: 1 },
    'refund',
    late,
  ),
  now: late,
};

const failed = (step: 'query' | 'reverse' | 'refund', error: Partial<SettleError>): SettleEvent => ({
  kind: 'failed',
  step,
  error: { code: 'WECHATPAY_BUSINESS_FAIL', outcome: 'unknown', message: '', ...error },
});
const wrong = { errorCode: 'PARAM_ERROR', outcome: 'rejected', advice: 'fix-request' } as const;
const noAnswer = { code: 'WECHATPAY_TIMEOUT' } as const;
const notSent = { code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' } as const;

const QUERIED: readonly [string, SettleEvent][] = [
  ...(['SUCCESS', 'NOTPAY', 'USERPAYING', 'ACCEPT', 'PAYERROR', 'CLOSED', 'REVOKED', 'REFUND'] as const).map(
    (tradeState): [string, SettleEvent] => [
      tradeState,
      { kind: 'queried', tradeState, ...(tradeState === 'SUCCESS' && { payment: PAYMENT }) },
    ],
  ),
  ['`ORDERNOTEXIST`', failed('query', { errorCode: 'ORDERNOTEXIST', outcome: 'rejected', advice: 'fix-request' })],
  ['no answer to be trusted, `SYSTEMERROR`', failed('query', noAnswer)],
  ['nothing was sent', failed('query', notSent)],
  ['a wrong parameter', failed('query', wrong)],
];
const REVERSED: readonly [string, SettleEvent][] = [
  ['SUCCESS, recall N', { kind: 'reversed', recall: false }],
  ['SUCCESS, recall Y', { kind: 'reversed', recall: true }],
  [
    '`USERPAYING`',
    failed('reverse', { errorCode: 'USERPAYING', outcome: 'rejected', advice: 'retry-later', recall: true }),
  ],
  ['`SYSTEMERROR`', failed('reverse', { errorCode: 'SYSTEMERROR', advice: 'query-order', recall: true })],
  ['no answer to be trusted', failed('reverse', noAnswer)],
  ['nothing was sent', failed('reverse', notSent)],
  ['`REVERSE_EXPIRE`', failed('reverse', { errorCode: 'REVERSE_EXPIRE', outcome: 'rejected', advice: 'refund' })],
  [
    '`INVALID_REQUEST`, a code that is not documented',
    failed('reverse', { errorCode: 'INVALID_REQUEST', advice: 'fix-request' }),
  ],
  ['a wrong parameter', failed('reverse', wrong)],
];
const REFUNDED: readonly [string, SettleEvent][] = [
  ['SUCCESS', { kind: 'refunded', refundId: '7' }],
  ['`SYSTEMERROR`, no answer to be trusted', failed('refund', noAnswer)],
  ['a refusal', failed('refund', { errorCode: 'NOTENOUGH', outcome: 'rejected' })],
];

const SITUATIONS: readonly [Situation, readonly [string, SettleEvent][]][] = [
  [asking, QUERIED],
  [lastAsking, QUERIED],
  [revoke, REVERSED],
  [checking, QUERIED],
  [refused, QUERIED],
  [tooLate, QUERIED],
  [refunding, REFUNDED],
];

/** What follows an answer, as a row says it, and the situation that it leads to. */
function follow({ state, now }: Situation, event: SettleEvent): { row: string; to: string } {
  const after = advance(state, event, now);
  const step = nextStep(after, now);
  if (step.kind === 'done') {
    const { outcome } = step;
    const detail = outcome.kind === 'closed' && !outcome.found ? ', never arrived' : '';
    return { row: `**${outcome.kind}**${detail}`, to: outcome.kind };
  }
  const wait = step.kind === 'wait' ? ` after ${(step.until - now) / SECOND} s` : ' at once';
  const { kind } = after.next;
  const label = { query: 'query', reverse: 'revoke', refund: 'refund' }[kind];
  const to =
    kind === 'reverse'
      ? revoke.name
      : kind === 'refund'
        ? refunding.name
        : !after.mustRevoke
          ? asking.name
          : after.expired || now === late
            ? tooLate.name
            : after.refusal?.outcome === 'rejected'
              ? refused.name
              : checking.name;
  return { row: `${label}${wait}`, to };
}

export function settleTable(): string {
  const lines = ['# What settling does about each answer', ''];
  lines.push(
    'Made by running the state machine with its default policy, situation by situation; a test fails where it differs from the code.',
    'Bold is an end. Times between revokes double each time, up to 5 minutes; these are the first ones.',
    '',
    '```mermaid',
    'stateDiagram-v2',
  );
  const id = (name: string): string => name.replace(/[^a-z0-9]+/gi, '_');
  const edges = new Map<string, string[]>();
  for (const [situation, answers] of SITUATIONS) {
    lines.push(`  state "${situation.name}" as ${id(situation.name)}`);
    for (const [answer, event] of answers) {
      const edge = `${id(situation.name)} --> ${id(follow(situation, event).to)}`;
      edges.set(edge, [...(edges.get(edge) ?? []), answer.replaceAll('`', '')]);
    }
  }
  lines.push(`  [*] --> ${id(asking.name)}`, `  ${id(asking.name)} --> ${id(lastAsking.name)}: 45 s are over`);
  for (const [edge, answers] of edges) lines.push(`  ${edge}: ${answers.join(' / ')}`);
  lines.push('```', '');
  for (const [situation, answers] of SITUATIONS) {
    lines.push(`## ${situation.name}`, '', '| answer | then |', '| --- | --- |');
    for (const [answer, event] of answers) lines.push(`| ${answer} | ${follow(situation, event).row} |`);
    lines.push('');
  }
  return lines.join('\n');
}
