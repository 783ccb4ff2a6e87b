import { describe, expect, it } from 'vitest';
import type { RefundState, ResolutionError } from '../index.js';
import {
  askRefundFirst,
  askRefundNow,
  nextRefundStep,
  readRefundState,
  reopenRefund,
  startRefund,
} from '../resolution/index.js';

const NOW = Date.UTC(2026, 10, 27);
const MINUTE = 60_000;
const times = { now: NOW, deadline: NOW + 60 * MINUTE };
const request = {
  outTradeNo: 'T-0001',
  outRefundNo: 'R-0001',
  totalFee: 888,
  refundFee: 300,
  refundCurrency: 'HKD',
  refundDescription: 'one cup too many',
  notifyUrl: 'https://shop.example/n',
};
const submitting = startRefund({ ...request, paidAt: new Date(NOW - MINUTE) }, times);
const { kind: _, at: __, attempts: ___, ...facts } = submitting as RefundState & { kind: 'submitting' };
const error: ResolutionError = {
  code: 'WECHATPAY_BUSINESS_FAIL',
  outcome: 'rejected',
  message: 'no',
  errorCode: 'NOAUTH',
};
const sent = { ...facts, submissions: 1, submittedAt: NOW, refundId: '7', lastError: error };

const STATES: readonly RefundState[] = [
  submitting,
  { ...sent, kind: 'waiting', at: NOW + MINUTE, reason: 'balance' },
  { ...sent, kind: 'checking', at: NOW, attempts: 1, notBefore: NOW + MINUTE },
  { ...sent, kind: 'refused', at: NOW, attempts: 0, refusal: error, isAbsent: true },
  { ...sent, kind: 'following', at: NOW, attempts: 3, absences: 1 },
  { ...sent, kind: 'ended', outcome: { kind: 'refunded', outRefundNo: 'R-0001', refundId: '7', refundFee: 300 } },
  { ...sent, kind: 'ended', outcome: { kind: 'refund-rejected', error } },
  {
    ...sent,
    kind: 'ended',
    outcome: { kind: 'needs-attention', reason: 'closed', error, found: { refundStatus: 'FAIL' } },
  },
];

it.each(STATES)('is read back as it was stored: $kind', (state) => {
  expect(readRefundState(JSON.parse(JSON.stringify(state)))).toEqual(state);
});

it('brings nothing along that it does not know, and defaults of rules that it lacks', () => {
  const { attentionAfterMs: _, ...policy } = submitting.policy;
  const stored = { ...submitting, stray: 1, policy: { ...policy, stray: 1 } };
  expect(readRefundState(stored)).toEqual(submitting);
});

describe('what is no state is refused', () => {
  const ended = (outcome: unknown): object => ({ ...sent, kind: 'ended', outcome });
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'submitting'],
    ['a later version', { ...submitting, version: 2 }],
    ['an unknown kind', { ...submitting, kind: 'flying' }],
    ['a kind of the prototype', { ...submitting, kind: 'constructor' }],
    ['no time', { ...submitting, at: undefined }],
    ['NaN, which JSON makes null', { ...submitting, at: null }],
    ['a fraction of a submission', { ...submitting, submissions: 0.5 }],
    ['no request', { ...submitting, request: undefined }],
    ['a request of another shape', { ...submitting, request: { ...request, orderNo: '1' } }],
    ['more than was paid', { ...submitting, request: { ...request, refundFee: 889 } }],
    ['no refund number', { ...submitting, request: { ...request, outRefundNo: '' } }],
    ['a policy that sends without a pause', { ...submitting, policy: { ...submitting.policy, submitAgainMs: 1 } }],
    ['no policy', { ...submitting, policy: undefined }],
    ['an order’s state', { ...submitting, version: 2, kind: 'refunding' }],
    ['a refusal without a message', { ...sent, kind: 'refused', at: NOW, attempts: 0, isAbsent: true, refusal: {} }],
    ['an unknown outcome', ended({ kind: 'paid' })],
    ['unresolved, which is no end', ended({ kind: 'unresolved' })],
    ['an unknown reason', ended({ kind: 'needs-attention', reason: 'toString', error })],
    ['refunded with another number', ended({ kind: 'refunded', outRefundNo: 'R-0002', refundFee: 300 })],
    ['refunded with another amount', ended({ kind: 'refunded', outRefundNo: 'R-0001', refundFee: 301 })],
    ['rejected without an error', ended({ kind: 'refund-rejected' })],
  ])('%s', (_, stored) => {
    expect(() => readRefundState(stored)).toThrow(
      expect.objectContaining({ code: 'WECHATPAY_INVALID_REQUEST' }) as Error,
    );
  });
});

describe('a state whose step may have been taken', () => {
  it.each(STATES.slice(0, 5))('is asked for first: $kind', (state) => {
    const restarted = askRefundFirst(state, NOW);
    expect(nextRefundStep(restarted, NOW + 2 * MINUTE).kind).toBe('query-refund');
  });

  it('is asked for at once where a notification came, and submitted no sooner for it', () => {
    const waiting = STATES[1]!;
    const hurried = askRefundNow(waiting, NOW);
    expect(nextRefundStep(hurried, NOW)).toEqual({ kind: 'query-refund', outRefundNo: 'R-0001' });
    expect(hurried).toMatchObject({ kind: 'checking', notBefore: NOW + MINUTE });
  });

  it('that is ended stays so', () => {
    for (const state of STATES.slice(5)) {
      expect(askRefundFirst(state, NOW)).toEqual(state);
      expect(askRefundNow(state, NOW)).toEqual(state);
    }
  });
});

describe('a refund that stopped', () => {
  it('is resumed with a deadline, a horizon and rules of its own', () => {
    const later = { now: NOW + 60 * MINUTE, deadline: NOW + 90 * MINUTE };
    for (const state of [...STATES.slice(0, 5), ...STATES.slice(6)]) {
      const open = reopenRefund(state, later, { balanceRetryMs: 5 * MINUTE });
      expect(open).toMatchObject({
        startedAt: later.now,
        deadline: later.deadline,
        policy: { balanceRetryMs: 5 * MINUTE },
      });
      expect(nextRefundStep(open, later.now).kind).toBe('query-refund');
    }
  });

  it('is submitted a minute after the last time at the earliest', () => {
    const rejected = STATES[6]!;
    const open = reopenRefund(rejected, { ...times, now: NOW + 10_000 });
    expect(open).toMatchObject({ kind: 'checking', at: NOW + 10_000, notBefore: NOW + MINUTE });
  });

  it('is not where it is refunded', () => {
    expect(() => reopenRefund(STATES[5]!, times)).toThrow('state: has an end: the refund is refunded.');
  });

  it.each([
    ['deadline', { ...times, deadline: NaN }, {}],
    ['now', { ...times, now: Infinity }, {}],
    ['submitAgainMs', times, { submitAgainMs: 5 }],
  ])('is refused by name: %s', (field, at, policy) => {
    expect(() => reopenRefund(submitting, at, policy)).toThrow(field);
  });
});
