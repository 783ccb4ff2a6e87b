// Over 250 lines, as one idea: each situation of an order, asked one by one.
import { type ResolutionCall, type ResolutionError, type ResolutionEvent, type ResolutionState } from '../src/index.js';
import {
  advanceResolution,
  nextResolutionStep,
  startResolution,
  type ResolutionFacts,
} from '../src/resolution/index.js';

// Asks the state machine itself, situation by situation: docs/resolution-table.md is what it says.

const CREATED = Date.UTC(2026, 10, 23);
const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
const PAYMENT = { transactionId: '42', totalFee: 100, currency: 'HKD' };
const LATE = CREATED + 8 * DAY;

interface Situation {
  readonly name: string;
  readonly state: ResolutionState;
  readonly now: number;
}

const order = { outTradeNo: '1', orderCreatedAt: new Date(CREATED) };
const fresh = startResolution(order, CREATED + 30 * DAY);
const facts: ResolutionFacts = {
  version: 2,
  order: fresh.order,
  orderCreatedAt: CREATED,
  policy: fresh.policy,
  deadline: fresh.deadline,
  sent: { reverse: true },
};
const generous = { ...facts, policy: { ...facts.policy, refundWhenExpired: true } };
const at = (seconds: number): { at: number } => ({ at: CREATED + seconds * SECOND });
const checking = { kind: 'checking', attempts: 1, notBefore: CREATED + 50 * SECOND } as const;

const asking: Situation = { name: 'asking', state: fresh, now: CREATED + 5 * SECOND };
const lastAsking: Situation = {
  name: 'asking, at 45 s',
  state: { ...fresh, ...at(45) },
  now: CREATED + 45 * SECOND,
};
const reversing: Situation = {
  name: 'reversing',
  state: { ...facts, kind: 'reversing', attempts: 0, ...at(45) },
  now: CREATED + 45 * SECOND,
};
const checkingUnknown: Situation = {
  name: 'checking',
  state: { ...facts, ...checking, isReversed: false, ...at(50) },
  now: CREATED + 50 * SECOND,
};
const checkingReversed: Situation = {
  name: 'checking, reversed by its own word',
  state: { ...facts, ...checking, isReversed: true, ...at(50) },
  now: CREATED + 50 * SECOND,
};
const checkingRefused: Situation = {
  name: 'checking, refused as wrong',
  state: {
    ...checkingUnknown.state,
    refusal: { code: 'WECHATPAY_BUSINESS_FAIL', outcome: 'rejected', message: '', errorCode: 'PARAM_ERROR' },
  } as ResolutionState,
  now: CREATED + 50 * SECOND,
};
const expired: Situation = { name: 'expired', state: { ...facts, kind: 'expired', attempts: 1, at: LATE }, now: LATE };
const refunding: Situation = {
  name: 'refunding',
  state: { ...generous, kind: 'refunding', attempts: 1, at: LATE, payment: PAYMENT, refundFee: 100 },
  now: LATE,
};
const checkingRefunds: Situation = {
  name: 'checking-refunds',
  state: { ...facts, kind: 'checking-refunds', attempts: 1, at: LATE, payment: PAYMENT },
  now: LATE,
};

const unified = startResolution(
  { ...order, product: 'unified-order', timeExpire: new Date(CREATED + 600 * SECOND) },
  CREATED + 30 * DAY,
);
const { product, timeExpire } = unified as ResolutionFacts & { product: 'unified-order'; timeExpire: number };
const open: ResolutionFacts = { ...facts, version: 3, product, timeExpire, sent: { reverse: false } };
const givenUp: ResolutionFacts = { ...open, givenUpAt: CREATED + 600 * SECOND };
const checkingClose = { kind: 'checking-close', attempts: 1, notBefore: CREATED + 602 * SECOND } as const;
const AT_EXPIRY = CREATED + 600 * SECOND;

const askingUnified: Situation = {
  name: 'asking, after 60 s',
  state: { ...unified, ...at(60) },
  now: CREATED + 60 * SECOND,
};
const lastAskingUnified: Situation = {
  name: 'asking, at its time',
  state: { ...unified, ...at(600) },
  now: AT_EXPIRY,
};
const closing: Situation = {
  name: 'closing',
  state: { ...givenUp, kind: 'closing', attempts: 0, ...at(600) },
  now: AT_EXPIRY,
};
const checkingCloseUnknown: Situation = {
  name: 'checking-close',
  state: { ...givenUp, ...checkingClose, isClosed: false, ...at(602) },
  now: CREATED + 602 * SECOND,
};
const checkingCloseDone: Situation = {
  name: 'checking-close, closed by its own word',
  state: { ...givenUp, ...checkingClose, isClosed: true, ...at(602) },
  now: CREATED + 602 * SECOND,
};
const checkingCloseAgain: Situation = {
  name: 'checking-close, a minute after CLOSED',
  state: { ...givenUp, ...checkingClose, isClosed: true, closedSince: AT_EXPIRY, ...at(660) },
  now: CREATED + 660 * SECOND,
};
const checkingLate: Situation = {
  name: 'checking-close, with `ifPaidLate` refund',
  state: {
    ...givenUp,
    ...checkingClose,
    policy: { ...givenUp.policy, ifPaidLate: 'refund' },
    isClosed: false,
    ...at(602),
  },
  now: CREATED + 602 * SECOND,
};

const failed = (step: ResolutionCall['kind'], error: Partial<ResolutionError>): ResolutionEvent => ({
  kind: 'failed',
  step,
  error: { code: 'WECHATPAY_BUSINESS_FAIL', outcome: 'unknown', message: '', ...error },
});
const wrong = { errorCode: 'PARAM_ERROR', outcome: 'rejected', advice: 'fix-request' } as const;
const noAnswer = { code: 'WECHATPAY_TIMEOUT' } as const;
const notSent = { code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' } as const;
const throttled = { errorCode: 'FREQUENCY_LIMITED', outcome: 'rejected', advice: 'retry-later' } as const;
const refunds = (refunded: number, pending: number): ResolutionEvent => ({
  kind: 'refunds-queried',
  totalFee: 100,
  refunded,
  pending,
});

const QUERIED: readonly [string, ResolutionEvent][] = [
  ...(['SUCCESS', 'NOTPAY', 'USERPAYING', 'ACCEPT', 'PAYERROR', 'CLOSED', 'REVOKED', 'REFUND'] as const).map(
    (tradeState): [string, ResolutionEvent] => [
      tradeState,
      { kind: 'queried', tradeState, ...(tradeState === 'SUCCESS' && { payment: PAYMENT }) },
    ],
  ),
  ['`ORDERNOTEXIST`', failed('query', { errorCode: 'ORDERNOTEXIST', outcome: 'rejected', advice: 'fix-request' })],
  ['no answer to be trusted, `SYSTEMERROR`', failed('query', noAnswer)],
  ['nothing was sent', failed('query', notSent)],
  ['throttled', failed('query', throttled)],
  ['a wrong parameter', failed('query', wrong)],
];
const REVERSED: readonly [string, ResolutionEvent][] = [
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
const closeCode = (errorCode: string): ResolutionEvent =>
  failed('close', { errorCode, outcome: 'rejected', advice: 'query-order' });
const CLOSED: readonly [string, ResolutionEvent][] = [
  ['SUCCESS', { kind: 'closed' }],
  ['`ORDERPAID`', closeCode('ORDERPAID')],
  ['`ORDERCLOSED`', closeCode('ORDERCLOSED')],
  ['`ORDERNOTEXIST`, `TRADE_STATE_ERROR`', closeCode('ORDERNOTEXIST')],
  ['`SYSTEMERROR`', failed('close', { errorCode: 'SYSTEMERROR', advice: 'retry-later' })],
  ['no answer to be trusted', failed('close', noAnswer)],
  ['nothing was sent', failed('close', notSent)],
  ['a wrong parameter', failed('close', wrong)],
];
const REFUNDED: readonly [string, ResolutionEvent][] = [
  ['SUCCESS', { kind: 'refund-accepted', refundId: '7' }],
  ['`SYSTEMERROR`, no answer to be trusted', failed('refund', noAnswer)],
  ['nothing was sent', failed('refund', notSent)],
  ['`NOTENOUGH`, `FREQUENCY_LIMITED`', failed('refund', throttled)],
  ['a refusal', failed('refund', wrong)],
];
const COUNTED: readonly [string, ResolutionEvent][] = [
  ['the whole has arrived', refunds(100, 0)],
  ['the whole is on its way', refunds(40, 60)],
  ['a part', refunds(40, 0)],
  [
    'this refund ended `CHANGE`, `REFUNDCLOSE`',
    { ...refunds(0, 0), own: { refundStatus: 'CHANGE' } } as ResolutionEvent,
  ],
  ['`REFUNDNOTEXIST`, no answer to be trusted', failed('query-refunds', noAnswer)],
  ['a wrong parameter', failed('query-refunds', wrong)],
];

type Situations = readonly [Situation, readonly [string, ResolutionEvent][]][];

const SITUATIONS: Situations = [
  [asking, QUERIED],
  [lastAsking, QUERIED],
  [reversing, REVERSED],
  [checkingUnknown, QUERIED],
  [checkingReversed, QUERIED],
  [checkingRefused, QUERIED],
  [expired, QUERIED],
  [refunding, REFUNDED],
  [checkingRefunds, COUNTED],
];

/** Of Unified Order; refunds are as above. */
const CLOSING_SITUATIONS: Situations = [
  [askingUnified, QUERIED],
  [lastAskingUnified, QUERIED],
  [closing, CLOSED],
  [checkingCloseUnknown, QUERIED],
  [checkingCloseDone, QUERIED],
  [checkingCloseAgain, QUERIED],
  [checkingLate, QUERIED],
];

/** What follows an answer, as a row says it, and the state that it leads to. */
function follow({ state, now }: Situation, event: ResolutionEvent): { row: string; to: string } {
  const after = advanceResolution(state, event, { now });
  if (after.kind === 'ended') {
    const { outcome } = after;
    const isAbsent = outcome.kind === 'closed' && !outcome.found;
    const isLate = outcome.kind === 'paid' && outcome.isLate;
    const detail = isAbsent ? ', never arrived' : isLate ? ', late' : '';
    return { row: `**${outcome.kind}**${detail}`, to: outcome.kind };
  }
  const step = nextResolutionStep(after, now);
  const when = step.kind === 'wait' ? `after ${(step.until - now) / SECOND} s` : 'at once';
  return { row: `${after.kind}, ${when}`, to: after.kind };
}

/** The ways that belong to a picture: an order that is asked for, and one that is reversed or refunded. */
const PICTURES: readonly [title: string, from: readonly string[]][] = [
  ['While the customer may be paying', ['asking']],
  ['Once a reversal is decided', ['reversing', 'checking']],
  ['Where it is too late to reverse', ['expired', 'refunding', 'checking-refunds']],
];

export function resolutionTable(): string {
  const lines = [
    '# What resolving does about each answer',
    '',
    '[An order of Quick Pay](#while-the-customer-may-be-paying) is reversed, [one of Unified Order](#unified-order) is closed.',
    '',
    'Made by running the state machine with its default policy, state by state; a test fails where it differs from the code.',
    'Bold is an end. Times between reversals double each time, up to 5 minutes; these are the first ones.',
    'Unclear answers decide a reversal only three in a row, over 15 s: the table shows the first.',
    '',
  ];
  for (const [title, from] of PICTURES) lines.push(`## ${title}`, '', ...picture(from, SITUATIONS), '');
  lines.push(...tables(SITUATIONS));
  lines.push(
    '## Unified Order',
    '',
    'Of an order whose time is up 10 min after it was created. Refunds are as above. Asked at 5 s, 30 s, 1 min, 3 min, 5 min, 10 min, 30 min.',
    '',
    ...picture(['asking', 'closing', 'checking-close'], CLOSING_SITUATIONS),
    '',
    ...tables(CLOSING_SITUATIONS, 'Unified Order: '),
  );
  return lines.join('\n');
}

function tables(situations: Situations, prefix = ''): string[] {
  const lines: string[] = [];
  for (const [situation, answers] of situations) {
    lines.push(`## ${prefix}${situation.name}`, '', '| answer | then |', '| --- | --- |');
    for (const [answer, event] of answers) lines.push(`| ${answer} | ${follow(situation, event).row} |`);
    lines.push('');
  }
  return lines;
}

function picture(from: readonly string[], situations: Situations): string[] {
  const id = (name: string): string => name.replace(/[^a-z0-9]+/gi, '_');
  const edges = new Set<string>();
  for (const [situation, answers] of situations) {
    if (!from.includes(situation.state.kind)) continue;
    for (const [, event] of answers) {
      const { to } = follow(situation, event);
      if (to !== situation.state.kind) edges.add(`  ${id(situation.state.kind)} --> ${id(to)}`);
    }
  }
  return ['```mermaid', 'stateDiagram-v2', '  direction LR', ...edges, '```'];
}
