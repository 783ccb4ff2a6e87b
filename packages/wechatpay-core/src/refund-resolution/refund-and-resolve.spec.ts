import { describe, expect, it } from 'vitest';
import { refusal, scripted, type Answer } from '../../test/scripted.js';
import { failure } from '../../test/failure.js';
import {
  refundAndResolve,
  resumeRefund,
  WechatPayTransportError,
  type RefundAndResolveOptions,
  type RefundAndResolveRequest,
  type RefundResolution,
  type TakenRefundStep,
} from '../index.js';
import { startRefund, takeRefundStep } from '../resolution/index.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const START = Date.UTC(2026, 10, 27, 9);
const request = {
  outTradeNo: 'T-0001',
  outRefundNo: 'R-0001',
  totalFee: 888,
  refundFee: 300,
  refundCurrency: 'HKD',
} as const satisfies RefundAndResolveRequest;

const accepted: Answer = {
  transaction_id: '4200001',
  out_trade_no: 'T-0001',
  out_refund_no: 'R-0001',
  refund_id: '5000001',
  refund_fee: '300',
  total_fee: '888',
};
const refund = (status: string, more: Readonly<Record<string, string>> = {}): Answer => ({
  transaction_id: '4200001',
  out_trade_no: 'T-0001',
  total_fee: '888',
  fee_type: 'HKD',
  refund_count: '1',
  out_refund_no_0: 'R-0001',
  refund_id_0: '5000001',
  refund_fee_0: '300',
  refund_status_0: status,
  ...more,
});
const lost = new Error('the connection broke');
const unsent = new WechatPayTransportError('WECHATPAY_CONNECTION', 'refused.', 'not-sent');
const absent = refusal('REFUNDNOTEXIST');

interface Told extends RefundResolution {
  /** `submit` or `query`, and when, in seconds. */
  readonly calls: readonly string[];
  readonly sent: readonly Readonly<Record<string, string>>[];
}

/** Runs a refund against these answers in turn; the last one holds on. */
async function run(
  answers: readonly [Answer, ...Answer[]],
  options: RefundAndResolveOptions = {},
  given: RefundAndResolveRequest = request,
): Promise<Told> {
  const { client, calls, wait } = scripted(answers, { time: START });
  const deadline = new Date(START + 30 * DAY);
  const result = await refundAndResolve(client, given, { deadline, wait, ...options });
  return {
    ...result,
    calls: calls.map(
      ({ path, at }) => `${path.endsWith('refund') ? 'submit' : 'query'} ${Math.round((at - START) / 1000)}`,
    ),
    sent: calls.filter(({ path }) => path.endsWith('refund')).map(({ fields }) => fields),
  };
}

const kinds = ({ calls }: Told): string[] => calls.map((call) => call.split(' ')[0] ?? '');
const times = ({ calls }: Told): number[] => calls.map((call) => Number(call.split(' ')[1]));

describe('refunded is what Query Refund says', () => {
  it('after SUCCESS, with its number, amount and time', async () => {
    const told = await run([accepted, refund('SUCCESS', { refund_success_time_0: '2026-11-27 17:30:00' })]);
    expect(told.outcome).toEqual({
      kind: 'refunded',
      outRefundNo: 'R-0001',
      refundId: '5000001',
      refundFee: 300,
      succeededAt: Date.UTC(2026, 10, 27, 9, 30),
    });
    expect(kinds(told)).toEqual(['submit', 'query']);
  });

  it('not while it is PROCESSING: that is followed, more slowly each time, an hour apart at most', async () => {
    const answers = Array.from({ length: 20 }, () => refund('PROCESSING'));
    const told = await run([accepted, ...answers, refund('SUCCESS')]);
    expect(told.outcome.kind).toBe('refunded');
    const at = times(told);
    const pauses = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    expect(pauses[0]).toBeGreaterThanOrEqual(5);
    expect(pauses[0]).toBeLessThanOrEqual(8);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(5400);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(3600);
  });

  it('not when it is accepted: the time is up before', async () => {
    const told = await run([accepted, refund('PROCESSING')], { deadline: new Date(START + 10 * MINUTE) });
    expect(told.outcome.kind).toBe('unresolved');
    expect(told.state).toMatchObject({ kind: 'following', refundId: '5000001' });
  });

  it('by its own number alone, which finds it however many parts its order has', async () => {
    const { client, calls, wait } = scripted([accepted, refund('SUCCESS')], { time: START });
    await refundAndResolve(client, request, { wait });
    expect(calls[1]?.fields).toMatchObject({ out_refund_no: 'R-0001' });
    expect(calls[1]?.fields).not.toHaveProperty('out_trade_no');
    expect(calls[1]?.fields).not.toHaveProperty('offset');
  });
});

describe('what is not known is asked, then sent again with the same number', () => {
  it.each([
    ['no answer', lost],
    ['SYSTEMERROR', refusal('SYSTEMERROR')],
    ['BIZERR_NEED_RETRY', refusal('BIZERR_NEED_RETRY')],
    ['INVALID_REQ_TOO_MUCH', refusal('INVALID_REQ_TOO_MUCH')],
    ['INVALID_REQUEST', refusal('INVALID_REQUEST')],
    ['a code that nobody knows', refusal('NEVER_HEARD_OF')],
    ['an answer of another amount', { ...(accepted as object), refund_fee: '301' }],
    ['an answer of another refund', { ...(accepted as object), out_refund_no: 'R-0002' }],
  ] as [string, Answer][])('%s, and it was not made', async (_, first) => {
    const told = await run([first, absent, accepted, refund('SUCCESS')]);
    expect(told.outcome.kind).toBe('refunded');
    expect(kinds(told)).toEqual(['submit', 'query', 'submit', 'query']);
    expect(times(told)[2]).toBeGreaterThanOrEqual(60);
    const [one, again] = told.sent.map(({ nonce_str: _n, sign: _s, ...fields }) => fields);
    expect(again).toEqual(one);
  });

  it('no answer, and it was made: no second Submit Refund', async () => {
    const told = await run([lost, refund('PROCESSING'), refund('SUCCESS')]);
    expect(told.outcome.kind).toBe('refunded');
    expect(kinds(told)).toEqual(['submit', 'query', 'query']);
  });

  it('what was not sent is sent again soon, without a question', async () => {
    const told = await run([unsent, unsent, accepted, refund('SUCCESS')]);
    expect(kinds(told)).toEqual(['submit', 'submit', 'submit', 'query']);
    expect(times(told)[2]).toBeLessThan(30);
  });

  it('Query Refund without an answer is repeated, and decides nothing', async () => {
    const told = await run([lost, lost, refusal('FREQUENCY_LIMITED'), refusal('SYSTEMERROR'), refund('SUCCESS')]);
    expect(kinds(told)).toEqual(['submit', 'query', 'query', 'query', 'query']);
    expect(told.outcome.kind).toBe('refunded');
  });

  it('an accepted refund that WeChat Pay does not list is submitted again after three such answers', async () => {
    const told = await run([accepted, absent, absent, absent, accepted, refund('SUCCESS')]);
    expect(kinds(told)).toEqual(['submit', 'query', 'query', 'query', 'submit', 'query']);
    expect(told.outcome.kind).toBe('refunded');
  });
});

describe('where WeChat Pay asks for time', () => {
  it('NOTENOUGH is a matter of time: the same number at an interval, one refund', async () => {
    const low = refusal('NOTENOUGH');
    const told = await run([low, low, low, accepted, refund('SUCCESS')], { balanceRetryMs: 60 * MINUTE });
    expect(told.outcome.kind).toBe('refunded');
    expect(kinds(told)).toEqual(['submit', 'submit', 'submit', 'submit', 'query']);
    expect(new Set(told.sent.map(({ out_refund_no }) => out_refund_no))).toEqual(new Set(['R-0001']));
    const [first = 0, second = 0, third = 0] = times(told);
    for (const pause of [second - first, third - second]) {
      expect(pause).toBeGreaterThanOrEqual(3600);
      expect(pause).toBeLessThanOrEqual(5400);
    }
  });

  it('meanwhile its reason and age are seen', async () => {
    const told = await run([refusal('NOTENOUGH')], { deadline: new Date(START + MINUTE) });
    expect(told.outcome).toMatchObject({ kind: 'unresolved', error: { errorCode: 'NOTENOUGH' } });
    expect(told.state).toMatchObject({ kind: 'waiting', reason: 'balance', startedAt: START });
    expect(told.calls).toEqual(['submit 0']); // and nobody waits for a deadline before which nothing is due
  });

  it('FREQUENCY_LIMITED: a minute at least, growing', async () => {
    const often = refusal('FREQUENCY_LIMITED');
    const told = await run([often, often, often, accepted, refund('SUCCESS')]);
    const [first = 0, second = 0, third = 0, fourth = 0] = times(told);
    expect(second - first).toBeGreaterThanOrEqual(60);
    expect(third - second).toBeGreaterThanOrEqual(120);
    expect(fourth - third).toBeGreaterThanOrEqual(240);
    expect(told.outcome.kind).toBe('refunded');
  });

  it('a pool that stays empty needs a person, with the reason', async () => {
    const told = await run([refusal('NOTENOUGH')], { attentionAfterMs: 3 * DAY });
    expect(told.outcome).toMatchObject({ kind: 'needs-attention', reason: 'no-end' });
    expect(told.outcome).toHaveProperty('error.message', expect.stringContaining('NOTENOUGH'));
  });
});

describe('a clear refusal', () => {
  it.each(['PARAM_ERROR', 'NOAUTH', 'USER_ACCOUNT_ABNORMAL', 'INVALID_TRANSACTIONID', 'ORDERNOTEXIST', 'SIGNERROR'])(
    '%s is rejected once Query Refund knows of no such refund, twice, the second time two minutes later',
    async (code) => {
      const told = await run([refusal(code), absent]);
      expect(told.outcome).toMatchObject({
        kind: 'refund-rejected',
        error: { errorCode: code, advice: 'fix-request' },
      });
      expect(kinds(told)).toEqual(['submit', 'query', 'query']);
      expect(times(told)[1]).toBeLessThan(10);
      expect(times(told)[2]).toBeGreaterThanOrEqual(120);
    },
  );

  it('is none where the refund was made all the same', async () => {
    const told = await run([refusal('PARAM_ERROR'), absent, refund('PROCESSING'), refund('SUCCESS')]);
    expect(told.outcome.kind).toBe('refunded');
    expect(kinds(told)).toEqual(['submit', 'query', 'query', 'query']);
  });

  it('is not proven by a question without an answer between two answers', async () => {
    const told = await run([refusal('PARAM_ERROR'), absent, lost, absent, absent]);
    expect(kinds(told)).toEqual(['submit', 'query', 'query', 'query', 'query']);
    expect(told.outcome.kind).toBe('refund-rejected');
  });

  it('TRADE_OVERDUE needs a person: the money has to go back by other means', async () => {
    const told = await run([refusal('TRADE_OVERDUE'), absent]);
    expect(told.outcome).toMatchObject({
      kind: 'needs-attention',
      reason: 'too-late',
      error: { errorCode: 'TRADE_OVERDUE' },
    });
  });

  it('INVALID_REQUEST again and again is no clear one, and needs a person after three', async () => {
    const no = refusal('INVALID_REQUEST');
    const told = await run([no, absent, no, absent, no, absent]);
    expect(told.outcome).toMatchObject({
      kind: 'needs-attention',
      reason: 'keeps-failing',
      error: { errorCode: 'INVALID_REQUEST' },
    });
    expect(kinds(told)).toEqual(['submit', 'query', 'submit', 'query', 'submit', 'query']);
  });
});

describe('what a person has to decide', () => {
  it.each([
    ['CHANGE', 'not-received'],
    ['REFUNDCLOSE', 'closed'],
    ['FAIL', 'closed'],
  ])('%s', async (status, reason) => {
    const told = await run([accepted, refund('PROCESSING'), refund(status)]);
    expect(told.outcome).toMatchObject({
      kind: 'needs-attention',
      reason,
      error: { message: expect.stringContaining(status) as string },
      found: { refundStatus: status, refundFee: 300 },
    });
    expect(told.sent).toHaveLength(1);
  });

  it.each([
    ['another amount', { refund_fee_0: '301' }, 'refundFee'],
    ['another order', { out_trade_no: 'T-0002' }, 'outTradeNo'],
    ['another total', { total_fee: '900' }, 'totalFee'],
    ['another currency', { fee_type: 'CNY' }, 'currency'],
    ['two refunds under one number', { refund_count: '2', ...second() }, 'outRefundNo'],
  ])('%s, even where it says SUCCESS', async (_, more, field) => {
    const told = await run([lost, refund('SUCCESS', more)]);
    expect(told.outcome).toMatchObject({ kind: 'needs-attention', reason: 'differs' });
    expect(told.outcome).toHaveProperty('error.message', expect.stringContaining(`${field}: `));
  });

  it('another transaction, where the order is named by it', async () => {
    const { outTradeNo: _, ...rest } = request;
    const told = await run([lost, refund('SUCCESS')], {}, { ...rest, transactionId: '4200002' });
    expect(told.outcome).toMatchObject({ kind: 'needs-attention', reason: 'differs' });
  });

  it('a payment that turns a year old while its refund waits: asked for first, never sent', async () => {
    const paidAt = new Date(START - 365 * DAY + 10 * MINUTE);
    const told = await run([refusal('NOTENOUGH'), absent], {}, { ...request, paidAt });
    expect(told.outcome).toMatchObject({ kind: 'needs-attention', reason: 'too-late' });
    expect(kinds(told)).toEqual(['submit', 'query']);
  });

  it('Query Refund that refuses the question', async () => {
    const told = await run([accepted, refusal('NOAUTH')]);
    expect(told.outcome).toMatchObject({
      kind: 'needs-attention',
      reason: 'cannot-ask',
      error: { errorCode: 'NOAUTH' },
    });
  });

  function second(): Record<string, string> {
    return { out_refund_no_1: 'R-0001', refund_id_1: '5000002', refund_fee_1: '300', refund_status_1: 'SUCCESS' };
  }
});

describe('resuming', () => {
  it('a refund that may be under way is asked for first', async () => {
    const { client, calls, wait } = scripted([refund('SUCCESS')], { time: START + MINUTE });
    const before = await run([lost], { deadline: new Date(START + 1000) });
    const { outcome } = await resumeRefund(client, before.state, { wait });
    expect(outcome.kind).toBe('refunded');
    expect(calls.map(({ path }) => path)).toEqual(['/pay/refundquery']);
  });

  it('one that was rejected is submitted again with the same number, once its cause is fixed', async () => {
    const before = await run([refusal('NOAUTH'), absent]);
    const { client, calls, wait } = scripted([absent, accepted, refund('SUCCESS')], { time: START + DAY });
    const { outcome } = await resumeRefund(client, JSON.parse(JSON.stringify(before.state)) as typeof before.state, {
      wait,
    });
    expect(outcome.kind).toBe('refunded');
    expect(calls.map(({ path }) => path)).toEqual(['/pay/refundquery', '/secapi/pay/refund', '/pay/refundquery']);
    expect(calls[1]?.fields.out_refund_no).toBe('R-0001');
  });

  it('CHANGE that a person has handled is refunded', async () => {
    const before = await run([accepted, refund('CHANGE')]);
    const { client, wait } = scripted([refund('SUCCESS')], { time: START + DAY });
    expect((await resumeRefund(client, before.state, { wait })).outcome.kind).toBe('refunded');
  });

  it('one that is refunded makes no call', async () => {
    const before = await run([accepted, refund('SUCCESS')]);
    const { client, calls } = scripted([lost]);
    expect((await resumeRefund(client, before.state)).outcome).toEqual(before.outcome);
    expect(calls).toEqual([]);
  });

  it('one that waits for the pool does not submit sooner', async () => {
    const before = await run([refusal('NOTENOUGH')], { deadline: new Date(START + MINUTE) });
    const { client, calls, wait } = scripted([absent, accepted, refund('SUCCESS')], { time: START + 2 * MINUTE });
    await resumeRefund(client, before.state, { wait, deadline: new Date(START + DAY) });
    expect(calls[1]?.path).toBe('/secapi/pay/refund');
    expect(calls[1]?.at).toBeGreaterThanOrEqual(START + 30 * MINUTE);
  });
});

describe('callbacks, and how it stops', () => {
  it('onStep is called with each step, and what it throws stops nothing', async () => {
    const steps: TakenRefundStep[] = [];
    const told = await run([accepted, refund('SUCCESS')], {
      onStep: (step) => {
        steps.push(step);
        throw new Error('full disk');
      },
    });
    expect(told.outcome.kind).toBe('refunded');
    expect(steps.map(({ step, event, state }) => [step.kind, event.kind, state.kind])).toEqual([
      ['submit-refund', 'refund-accepted', 'following'],
      ['query-refund', 'refund-queried', 'ended'],
    ]);
    expect(told.callbackErrors).toHaveLength(2);
  });

  it('a signal stops it after the current step', async () => {
    const controller = new AbortController();
    const told = await run([accepted, refund('PROCESSING')], {
      signal: controller.signal,
      onStep: () => {
        controller.abort();
      },
    });
    expect(told.outcome.kind).toBe('unresolved');
    expect(told.calls).toHaveLength(1);
  });

  it('an institution’s sub-merchant is the same in each call', async () => {
    const { client, calls, wait } = scripted([lost, absent, accepted, refund('SUCCESS')], {
      time: START,
      subMerchantId: '1900000301',
    });
    const { outcome, state } = await refundAndResolve(client, request, { wait });
    expect(outcome.kind).toBe('refunded');
    expect(new Set(calls.map(({ fields }) => fields.sub_mch_id))).toEqual(new Set(['1900000301']));
    expect(state.request.subMerchantId).toBe('1900000301');
  });
});

it('a step of a custom driver tells every verified field of its answer', async () => {
  const { client } = scripted([accepted, refund('SUCCESS'), absent], { time: START });
  const state = startRefund(request, { now: START, deadline: START + DAY });
  const replies: Readonly<Record<string, string>>[] = [];
  const query = { kind: 'query-refund', outRefundNo: 'R-0001' } as const;
  for (const step of [{ kind: 'submit-refund', request: state.request } as const, query, query]) {
    await takeRefundStep(client, state, step, undefined, (raw) => replies.push(raw));
  }
  expect(replies).toMatchObject([{ refund_id: '5000001' }, { refund_status_0: 'SUCCESS' }]);
});

describe('what is wrong is refused before anything is sent', () => {
  const wrong: [string, object, object][] = [
    ...[-1, 0, 1.5, 889, '300'].map((refundFee): [string, object, object] => [
      `refundFee ${refundFee}`,
      { refundFee },
      {},
    ]),
    ['refundFee', { refundFee: undefined }, {}],
    ['outRefundNo', { outRefundNo: 'x'.repeat(33) }, {}],
    ['outRefundNo', { outRefundNo: 'a&refund_fee=1' }, {}],
    ['outTradeNo', { outTradeNo: undefined }, {}],
    ['paidAt', { paidAt: new Date(START - 366 * DAY) }, {}],
    ['paidAt', { paidAt: '2026-11-27' }, {}],
    ['refundNo', { refundNo: 'R-0001' }, {}],
    ['deadline', {}, { deadline: 5 }],
    ['onStep', {}, { onStep: 5 }],
    ['ifPaid', {}, { ifPaid: 'keep' }],
    ['submitAgainMs', {}, { submitAgainMs: 59_999 }],
    ['balanceRetryMs', {}, { balanceRetryMs: 1000 }],
    ['firstQueryMs', {}, { firstQueryMs: 0 }],
    ['attentionAfterMs', {}, { attentionAfterMs: NaN }],
    ['subMerchantId', { subAppId: 'wx1' }, {}],
  ];

  it.each(wrong)('%s', async (name, inRequest, options) => {
    const { client, calls } = scripted([accepted], { time: START });
    const error = await failure(refundAndResolve(client, { ...request, ...inRequest }, options));
    expect(error.code).toBe('WECHATPAY_INVALID_REQUEST');
    expect(error.message).toContain(name.split(' ')[0]);
    expect(calls).toEqual([]);
  });
});
