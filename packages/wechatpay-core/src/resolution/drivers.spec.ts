import { getEventListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { failure } from '../../test/failure.js';
import { refusal, scripted, SILENCE, type Answer } from '../../test/scripted.js';
import {
  DEFAULT_RESOLUTION_POLICY,
  payAndResolve,
  resumeResolution,
  resolveOrder,
  WechatPayTransportError,
  type PayAndResolveOptions,
  type TakenStep,
  type Resolution,
  type ResolveOrderOptions,
  type ResolveOrderRequest,
  type ResolutionState,
  type WechatPayClient,
} from '../index.js';
import { takeResolutionStep, toResolutionError } from './index.js';

// What runs the rules: calls in the right order, with the right fields, on a clock that stands still unless it is told.

const CREATED = Date.UTC(2026, 10, 23);
const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
const ORDER = { outTradeNo: '1415717424', orderCreatedAt: new Date(CREATED) };
const PAYMENT = { transactionId: '42', totalFee: 888, currency: 'HKD' };
const PAID: Answer = { trade_state: 'SUCCESS', transaction_id: '42', total_fee: '888', fee_type: 'HKD' };
const state = (tradeState: string): Answer => ({ trade_state: tradeState });
const PAYING = state('USERPAYING');
const TIMEOUT = new WechatPayTransportError('WECHATPAY_TIMEOUT', 'no answer', 'unknown');
const UNCLEAR = { result_code: 'FAIL', err_code: 'SYSTEMERROR' };
const NOT_SENT = new WechatPayTransportError('WECHATPAY_CONNECTION', 'no connection', 'not-sent');

afterEach(() => {
  vi.restoreAllMocks();
});

describe('takeStep', () => {
  const order = { outTradeNo: '1415717424' };

  it('asks for the order: its state, and what was paid as far as the answer says it', async () => {
    const { client, calls } = scripted([PAID, PAYING]);
    const full = { outTradeNo: '1', subMerchantId: '1900000201', subAppId: 'wx3' };
    expect(await takeResolutionStep(client, { order: full }, { kind: 'query' })).toStrictEqual({
      kind: 'queried',
      tradeState: 'SUCCESS',
      payment: PAYMENT,
    });
    expect(await takeResolutionStep(client, { order }, { kind: 'query' })).toStrictEqual({
      kind: 'queried',
      tradeState: 'USERPAYING',
      payment: {},
    });
    expect(calls).toMatchObject([
      { path: '/pay/orderquery', fields: { out_trade_no: '1', sub_mch_id: '1900000201', sub_appid: 'wx3' } },
      { path: '/pay/orderquery', fields: { out_trade_no: '1415717424' } },
    ]);
  });

  it.each([
    ['Y', true],
    ['N', false],
  ])('reverses it: recall %s', async (recall, expected) => {
    const { client, calls } = scripted([{ recall }]);
    const event = await takeResolutionStep(client, { order }, { kind: 'reverse' });
    expect(event).toStrictEqual({ kind: 'reversed', recall: expected });
    expect(calls).toMatchObject([{ path: '/secapi/pay/reverse', fields: { out_trade_no: '1415717424' } }]);
  });

  it.each([
    ['in its currency', PAYMENT, { refund_fee_type: 'HKD' }],
    ['of an order whose currency nobody told', { totalFee: 888 }, {}],
  ])('refunds it %s', async (_, payment, fields) => {
    const accepted = { transaction_id: '42', refund_id: '50000', out_refund_no: 'R1', refund_fee: '88' };
    const { client, calls } = scripted([accepted]);
    const step = { kind: 'refund', outRefundNo: 'R1', refundFee: 88, payment } as const;
    const event = await takeResolutionStep(client, { order }, step);
    expect(event).toStrictEqual({ kind: 'refund-accepted', refundId: '50000' });
    const sent = { out_trade_no: '1415717424', out_refund_no: 'R1', total_fee: '888', refund_fee: '88' };
    expect(calls).toMatchObject([{ path: '/secapi/pay/refund', fields: { ...sent, ...fields } }]);
    expect('refund_fee_type' in (calls[0]?.fields ?? {})).toBe('refund_fee_type' in fields);
  });

  it('adds up what was refunded: what has arrived, what is on its way, and how its own stands', async () => {
    const list = [
      { out_refund_no: 'R0', refund_status: 'SUCCESS', refund_fee: '1' },
      { out_refund_no: 'R1', refund_status: 'PROCESSING', refund_fee: '20' },
      { out_refund_no: 'R2', refund_status: 'SUCCESS', refund_fee: '300' },
      { out_refund_no: 'R3', refund_status: 'PROCESSING', refund_fee: '4000' },
      { out_refund_no: 'R4', refund_status: 'CHANGE', refund_fee: '50000' },
      { out_refund_no: 'R5', refund_status: 'REFUNDCLOSE', refund_fee: '600000' },
    ];
    const fields = Object.fromEntries(
      list.flatMap((one, index) =>
        Object.entries({ ...one, refund_id: `5${index}` }).map(([name, value]) => [`${name}_${index}`, value]),
      ),
    );
    const answer = { transaction_id: '42', ...fields };
    const stopped = { outRefundNo: 'R4', refundStatus: 'CHANGE' };
    const counted = { kind: 'refunds-queried', refunded: 301, pending: 4020, stopped };
    const count = (more: Record<string, string>, outRefundNo: string) =>
      takeResolutionStep(scripted([{ ...answer, ...more }]).client, { order }, { kind: 'query-refunds', outRefundNo });
    expect(await count({}, 'R9')).toStrictEqual(counted);
    expect(await count({ total_fee: '888', fee_type: 'HKD' }, 'R4')).toStrictEqual({
      ...counted,
      totalFee: 888,
      currency: 'HKD',
      own: { refundStatus: 'CHANGE', refundId: '54' },
    });
    const arrived = { refund_status_4: 'SUCCESS', refund_status_5: 'PROCESSING' };
    const sums = { refunded: 50_301, pending: 604_020 };
    expect(await count(arrived, 'R9')).toStrictEqual({ kind: 'refunds-queried', ...sums });
  });

  it.each<[what: string, answer: Answer, error: object]>([
    [
      'a signed refusal',
      refusal('SYSTEMERROR', { recall: 'Y' }),
      { code: 'WECHATPAY_BUSINESS_FAIL', outcome: 'unknown', errorCode: 'SYSTEMERROR', recall: true },
    ],
    [
      'a signed refusal without recall',
      refusal('ORDERNOTEXIST'),
      {
        code: 'WECHATPAY_BUSINESS_FAIL',
        outcome: 'rejected',
        errorCode: 'ORDERNOTEXIST',
        advice: 'fix-request',
      },
    ],
    [
      'an unsigned refusal',
      { return_code: 'FAIL', return_msg: '频率限制' },
      { code: 'WECHATPAY_GATEWAY_FAIL', outcome: 'unknown', advice: 'retry-later' },
    ],
    ['no answer', TIMEOUT, { code: 'WECHATPAY_TIMEOUT', outcome: 'unknown' }],
    ['a connection that was not made', NOT_SENT, { code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' }],
  ])('does not throw for %s: plain JSON, and no more than is known', async (_, answer, error) => {
    const event = await takeResolutionStep(scripted([answer]).client, { order }, { kind: 'query' });
    expect(event).toMatchObject({ kind: 'failed', step: 'query', error });
    const { error: kept } = event as unknown as { error: Record<string, unknown> };
    expect(JSON.parse(JSON.stringify(kept))).toStrictEqual(kept);
    const optional = ['errorCode', 'advice', 'recall'].filter((name) => name in kept);
    expect(kept.message).toMatch(/^Query Order of order 1415717424: /);
    if (kept.code !== 'WECHATPAY_BUSINESS_FAIL') {
      expect(optional).toEqual('advice' in error ? ['advice'] : []);
    } else expect(optional).toEqual(['errorCode', 'advice', ...('recall' in error ? ['recall'] : [])]);
  });

  it('names the step that failed, also where nothing may be sent', async () => {
    const { client, calls } = scripted([PAID]);
    for (const step of [
      { kind: 'query' },
      { kind: 'reverse' },
      { kind: 'refund', outRefundNo: 'R1', refundFee: 1, payment: { totalFee: 1 } },
      { kind: 'query-refunds', outRefundNo: 'R1' },
    ] as const) {
      expect(await takeResolutionStep(client, { order: { outTradeNo: 1 as never } }, step)).toMatchObject({
        kind: 'failed',
        step: step.kind,
        error: { code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', advice: 'fix-request' },
      });
      expect(await takeResolutionStep(client, { order }, step, AbortSignal.abort())).toMatchObject({
        kind: 'failed',
        step: step.kind,
        error: { code: 'WECHATPAY_ABORTED', outcome: 'not-sent' },
      });
    }
    expect(calls).toEqual([]);
  });

  it('what is no error of this library is a mistake, and thrown', async () => {
    const mistake = new TypeError('mistake');
    const broken = { call: () => Promise.reject(mistake) } as unknown as WechatPayClient;
    await expect(takeResolutionStep(broken, { order }, { kind: 'query' })).rejects.toBe(mistake);
    expect(() => toResolutionError(mistake)).toThrow(mistake);
  });
});

describe('resolveOrder', () => {
  it('queries from 5 s on, every 5 s, tells each step with the state after it, and waits for who is told', async () => {
    const { client, calls, wait } = scripted([PAYING, TIMEOUT, PAID]);
    const told: TakenStep[] = [];
    let isTelling = false;
    const onStep = async (done: TakenStep): Promise<void> => {
      expect(isTelling).toBe(false);
      isTelling = true;
      await Promise.resolve();
      isTelling = false;
      told.push(done);
    };
    const result = await resolveOrder(client, ORDER, { wait, onStep });
    expect(calls.map(({ at }) => (at - CREATED) / SECOND)).toEqual([5, 10, 15]);
    expect(told).toMatchObject([
      { step: { kind: 'query' }, event: { kind: 'queried', tradeState: 'USERPAYING' }, state: { kind: 'asking' } },
      { step: { kind: 'query' }, event: { kind: 'failed', step: 'query' }, state: { unclear: { count: 1 } } },
      { step: { kind: 'query' }, event: { kind: 'queried', tradeState: 'SUCCESS' }, state: { kind: 'ended' } },
    ]);
    expect(result.outcome).toEqual({ kind: 'paid', payment: PAYMENT });
    expect(result.state).toEqual(told[2]?.state);
    expect(Object.keys(result)).toEqual(['outcome', 'state']);
  });

  it('takes 90 s at most, or as long as it is given', async () => {
    for (const [options, deadline] of [
      [{}, CREATED + 90 * SECOND],
      [{ deadline: new Date(CREATED + 12 * SECOND) }, CREATED + 12 * SECOND],
    ] as const) {
      const { client, calls, wait, clock } = scripted([NOT_SENT]);
      const { outcome, state: end } = await resolveOrder(client, ORDER, { ...options, wait });
      expect(outcome).toEqual({ kind: 'unresolved', error: end.lastError });
      expect(end).toMatchObject({ deadline, lastError: { code: 'WECHATPAY_CONNECTION' } });
      expect(clock.time).toBe(deadline);
      expect(calls.every(({ at }) => at < deadline)).toBe(true);
    }
  });

  it('goes by the rules that it is given', async () => {
    const { client, calls, wait } = scripted([PAYING]);
    const absent = { reverseAfterMs: undefined, signal: undefined } as object;
    const rules = { ...absent, firstQueryMs: 1_000, queryEveryMs: 2_000 };
    const { state: end } = await resolveOrder(client, ORDER, {
      ...rules,
      wait,
      deadline: new Date(CREATED + 6 * SECOND),
    });
    expect(calls.map(({ at }) => (at - CREATED) / SECOND)).toEqual([1, 3, 5]);
    expect(end.policy).toEqual({ ...DEFAULT_RESOLUTION_POLICY, firstQueryMs: 1_000, queryEveryMs: 2_000 });
  });

  class Sale {
    get outTradeNo(): string {
      return ORDER.outTradeNo;
    }
    get orderCreatedAt(): Date {
      return ORDER.orderCreatedAt;
    }
  }
  it.each<[what: string, order: object]>([
    ['that does not name one', ORDER],
    ['whose is undefined', { ...ORDER, subMerchantId: undefined }],
    ['whose is null, as in a row of a database', { ...ORDER, subMerchantId: null }],
    ['that is an instance of a class', new Sale()],
  ])('an order %s belongs to the sub-merchant of the client', async (_, order) => {
    const { client, calls, wait } = scripted([PAID], { subMerchantId: '1900000201' });
    const { state: end } = await resolveOrder(client, order as ResolveOrderRequest, { wait });
    expect(end.order).toStrictEqual({ outTradeNo: '1415717424', subMerchantId: '1900000201' });
    expect(calls[0]?.fields).toMatchObject({ sub_mch_id: '1900000201' });
    const own = { ...ORDER, subMerchantId: '1900000202' };
    const other = await resolveOrder(client, own, { wait });
    expect(other.state.order).toStrictEqual({ outTradeNo: '1415717424', subMerchantId: '1900000202' });
    const without = scripted([PAID]);
    const bare = await resolveOrder(without.client, order as ResolveOrderRequest, { wait: without.wait });
    expect(bare.state.order).toStrictEqual({ outTradeNo: '1415717424' });
  });

  it('refuses an option that it does not read, and lists those that it does', async () => {
    const { client, calls } = scripted([PAID]);
    expect(await failure(resolveOrder(client, ORDER, { onUnclear: () => undefined } as object))).toMatchObject({
      message:
        'onUnclear: is unknown, and nothing would read it. Valid properties: ifPaid, ifAmountDiffers, ifPaidLate, ' +
        'refundWhenExpired, firstQueryMs, queryEveryMs, reverseAfterMs, closeAfterMs, backoffMs, maxBackoffMs, signal, ' +
        'deadline, onStep, wait, onStart.',
    });
    expect(calls).toEqual([]);
  });

  it('spreads reverses: no two orders in step', async () => {
    const told: number[] = [];
    for (const random of [0, 1]) {
      vi.spyOn(Math, 'random').mockReturnValue(random);
      const { client, calls, wait } = scripted([state('PAYERROR'), { recall: 'Y' }]);
      await resolveOrder(client, ORDER, { wait, deadline: new Date(CREATED + 18 * SECOND) });
      told.push(...calls.slice(1).map(({ at }) => at - CREATED));
    }
    expect(told).toEqual([15_000, 16_500, 15_000, 17_500]);
  });

  it('an abort stops it before the next step; what is known goes along', async () => {
    const abort = new AbortController();
    const { client, calls, wait } = scripted([TIMEOUT, PAID]);
    const { outcome, state: end } = await resolveOrder(client, ORDER, {
      wait,
      signal: abort.signal,
      onStep: () => {
        abort.abort();
      },
    });
    expect(outcome).toMatchObject({ kind: 'unresolved', error: { code: 'WECHATPAY_TIMEOUT' } });
    expect(end).toMatchObject({ kind: 'asking', at: CREATED + 10 * SECOND });
    expect(calls).toHaveLength(1);
  });

  it('an end is told also where it was aborted meanwhile', async () => {
    const abort = new AbortController();
    const { client, wait } = scripted([PAID]);
    const onStep = (): void => {
      abort.abort();
    };
    const { outcome } = await resolveOrder(client, ORDER, { wait, signal: abort.signal, onStep });
    expect(outcome.kind).toBe('paid');
  });

  it('an abort ends its timer, and the step that is being made', async () => {
    const abort = new AbortController();
    const { client, calls } = scripted([PAID]);
    const running = resolveOrder(client, ORDER, { signal: abort.signal, firstQueryMs: 3_600_000 });
    setImmediate(() => {
      abort.abort();
    });
    expect((await running).outcome).toEqual({ kind: 'unresolved' });
    expect(calls).toEqual([]);
    const other = new AbortController();
    const aborting = scripted([
      () => {
        setImmediate(() => {
          other.abort();
        });
        return SILENCE;
      },
    ]);
    const { outcome } = await resolveOrder(aborting.client, ORDER, { wait: aborting.wait, signal: other.signal });
    expect(outcome).toMatchObject({ kind: 'unresolved', error: { code: 'WECHATPAY_ABORTED' } });
  });

  it('hands the time and the signal to `wait`, and does not wait beside it once that was aborted', async () => {
    const abort = new AbortController();
    const { client } = scripted([PAID]);
    const waits: unknown[] = [];
    const wait: ResolveOrderOptions['wait'] = (until, signal) => {
      waits.push(until, signal);
      abort.abort();
      return Promise.resolve();
    };
    const { outcome } = await resolveOrder(client, ORDER, { wait, signal: abort.signal, firstQueryMs: 3_600_000 });
    expect(outcome.kind).toBe('unresolved');
    expect(waits).toEqual([CREATED + 90 * SECOND, abort.signal]);
  });

  it.each([true, false])('waits by a timer, also where `wait` comes back too early: %s', async (isEarly) => {
    const createdAt = Date.now();
    const { client, calls } = scripted([PAID], { now: Date.now });
    let waits = 0;
    const early = (): Promise<void> => {
      waits += 1;
      return Promise.resolve();
    };
    const order = { outTradeNo: '1', orderCreatedAt: new Date(createdAt) };
    const result = await resolveOrder(client, order, { firstQueryMs: 60, ...(isEarly && { wait: early }) });
    expect(result.outcome.kind).toBe('paid');
    expect(calls).toHaveLength(1);
    expect(Date.now()).toBeGreaterThanOrEqual(createdAt + 60);
    expect(waits).toBeLessThan(5); // a timer may fire a millisecond early
    expect(result).not.toHaveProperty('callbackErrors');
  });
});

describe('an order that no query may name', () => {
  const rows: [field: string, order: object][] = [
    ['subMerchantId', { outTradeNo: '1', subAppId: 'wx3' }],
    ['outTradeNo', { outTradeNo: 'x&out_trade_no=A' }],
    ['outTradeNo', { outTradeNo: 'x'.repeat(33) }],
    ['subMerchantId', { outTradeNo: '1', subMerchantId: 'x&mch_id=1' }],
  ];

  it.each(rows)('is refused at the start: %s', async (field, order) => {
    const { client, calls, wait } = scripted([PAID]);
    const refused = { code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field };
    const request = { ...order, orderCreatedAt: new Date(CREATED) } as typeof ORDER;
    await expect(resolveOrder(client, request, { wait })).rejects.toMatchObject(refused);
    const { state: stored } = await resolveOrder(client, ORDER, { wait, deadline: new Date(CREATED + 1) });
    await expect(resumeResolution(client, { ...stored, order: order as never }, { wait })).rejects.toMatchObject(
      refused,
    );
    expect(calls).toEqual([]);
  });

  it('is one that the client completes, and then it is resolved', async () => {
    const { client, wait } = scripted([PAID], { subMerchantId: '1900000201' });
    const order = { ...ORDER, subAppId: 'wx3' };
    expect((await resolveOrder(client, order, { wait })).outcome.kind).toBe('paid');
  });
});

describe('resumeResolution', () => {
  const ended = (outcome: object): ResolutionState => ({
    version: 2,
    order: { outTradeNo: '1415717424' },
    orderCreatedAt: CREATED,
    policy: DEFAULT_RESOLUTION_POLICY,
    deadline: CREATED,
    sent: { reverse: false },
    kind: 'ended',
    outcome: outcome as never,
  });
  const time = CREATED + DAY;

  it('gives an end again, without a call', async () => {
    const stored = ended({ kind: 'paid', payment: PAYMENT });
    const { client, calls } = scripted([PAID], { time });
    expect(await resumeResolution(client, stored)).toStrictEqual({
      outcome: { kind: 'paid', payment: PAYMENT },
      state: stored,
    });
    expect(await resumeResolution(client, stored, { ifPaid: undefined } as object)).toMatchObject({
      outcome: { kind: 'paid' },
    });
    expect(calls).toEqual([]);
  });

  it('goes on where an abort stopped it', async () => {
    const abort = new AbortController();
    const first = scripted([PAYING]);
    const { outcome, state: stopped } = await resolveOrder(first.client, ORDER, {
      wait: first.wait,
      signal: abort.signal,
      onStep: () => {
        abort.abort();
      },
    });
    expect(outcome).toEqual({ kind: 'unresolved' });
    const { client, calls } = scripted([PAID], { time });
    expect((await resumeResolution(client, stopped)).outcome).toEqual({ kind: 'paid', payment: PAYMENT });
    expect(calls).toMatchObject([{ path: '/pay/orderquery', at: time }]);
  });

  it.each(['unresolved', 'needs-attention', 'refund-required'])('asks where it stopped: %s', async (kind) => {
    const { client, calls } = scripted([PAID], { time });
    const { outcome, state: end } = await resumeResolution(client, ended({ kind }));
    expect(outcome).toEqual({ kind: 'paid', payment: PAYMENT });
    expect(calls).toMatchObject([{ path: '/pay/orderquery', at: time }]);
    expect(end.deadline).toBe(time + 90 * SECOND);
  });

  it('with the rules and the deadline that it is given', async () => {
    const { client, calls, wait } = scripted([PAID, { recall: 'N' }, state('REVOKED')], { time });
    const { outcome, state: end } = await resumeResolution(client, ended({ kind: 'paid', payment: PAYMENT }), {
      ifPaid: 'reverse',
      deadline: new Date(time + 5),
      wait,
    });
    expect(outcome).toEqual({ kind: 'reversed' });
    expect(end.deadline).toBe(time + 5);
    expect(calls.map(({ path }) => path)).toEqual(['/pay/orderquery', '/secapi/pay/reverse', '/pay/orderquery']);
  });

  it('does not take rules for an end that nothing can change', async () => {
    const { client } = scripted([PAID], { time });
    const error = await failure(resumeResolution(client, ended({ kind: 'reversed' }), { ifPaid: 'reverse' }));
    expect(error).toMatchObject({ field: 'state', outcome: 'not-sent' });
  });
});

const REQUEST = {
  outTradeNo: '1415717424',
  body: 'tea',
  totalFee: 888,
  currency: 'HKD',
  authCode: '120061098828009406',
  spbillCreateIp: '203.0.113.7',
};

describe('payAndResolve', () => {
  async function pay(answers: [Answer, ...Answer[]], options: PayAndResolveOptions = {}) {
    const { client, calls, wait } = scripted(answers);
    const result = await payAndResolve(client, REQUEST, { wait, ...options });
    return { result, calls, paths: calls.map(({ path }) => path) };
  }

  it('paid as asked: the result of Quick Pay, and no other call', async () => {
    const { result, calls } = await pay([PAID]);
    expect(result).toMatchObject({ outcome: { kind: 'paid' }, result: { transactionId: '42', totalFee: 888 } });
    expect(Object.keys(result)).toEqual(['outcome', 'result']);
    expect(calls).toMatchObject([{ path: '/pay/micropay', fields: { total_fee: '888', auth_code: REQUEST.authCode } }]);
  });

  it('not sent: declined, since nobody was asked to pay', async () => {
    const { result, paths } = await pay([NOT_SENT]);
    expect(result).toMatchObject({ outcome: { kind: 'declined', error: { code: 'WECHATPAY_CONNECTION' } } });
    expect(Object.keys(result)).toEqual(['outcome']);
    expect(paths).toEqual(['/pay/micropay']);
  });

  it.each<[string, Answer, tradeState: string | undefined]>([
    ...['NOTPAY', 'PAYERROR', 'CLOSED', 'REVOKED'].map((name): [string, Answer, string] => [name, state(name), name]),
    ['ORDERNOTEXIST', refusal('ORDERNOTEXIST'), undefined],
  ])('refused, and a query says %s: declined, and told why and how the order stands', async (_, answer, tradeState) => {
    const { result, calls } = await pay([refusal('NOTENOUGH'), answer]);
    expect(result).toMatchObject({
      outcome: { kind: 'declined', error: { errorCode: 'NOTENOUGH', advice: 'change-payment' } },
    });
    expect(Object.keys(result)).toEqual(['outcome']);
    expect((result.outcome as { tradeState?: string }).tradeState).toBe(tradeState);
    expect(calls).toMatchObject([
      { path: '/pay/micropay' },
      { path: '/pay/orderquery', fields: { out_trade_no: '1415717424' }, at: CREATED },
    ]);
  });

  it.each<[string, Answer]>([
    ['USERPAYING', state('USERPAYING')],
    ['ACCEPT', state('ACCEPT')],
    ['no answer', TIMEOUT],
    ['another page’s code', refusal('REFUNDNOTEXIST')],
  ])('refused, and a query says %s: resolved on, since it may be paid', async (_, answer) => {
    const { result, calls } = await pay([refusal('NOTENOUGH'), answer, PAID]);
    expect(result.outcome).toEqual({ kind: 'paid', payment: PAYMENT });
    expect(calls.map(({ at }) => (at - CREATED) / SECOND)).toEqual([0, 0, 5]);
    expect((result as Resolution).state.deadline).toBe(CREATED + 90 * SECOND);
  });

  it('refused, and a query says that it is paid: paid', async () => {
    const { result, paths } = await pay([refusal('NOTENOUGH'), PAID]);
    expect(result.outcome).toEqual({ kind: 'paid', payment: PAYMENT });
    expect(paths).toEqual(['/pay/micropay', '/pay/orderquery']);
  });

  /** As a reply has it: UTC+8. */
  const timeEnd = (time: number): string =>
    new Date(time + 8 * 3600 * SECOND).toISOString().slice(0, 19).replaceAll(/\D/g, '');

  it.each<[what: string, charge: Answer]>([
    ['ORDERPAID', refusal('ORDERPAID')],
    ['OUT_TRADE_NO_USED', refusal('OUT_TRADE_NO_USED')],
    ['a refusal', refusal('NOTENOUGH')],
    ['no answer', TIMEOUT],
  ])(
    '%s, and a query tells of a payment before this one was asked for: another payment, for a person',
    async (_, charge) => {
      const earlier = { ...(PAID as object), time_end: timeEnd(CREATED - 301 * SECOND) };
      const { result, paths } = await pay([charge, earlier]);
      expect(result.outcome).toStrictEqual({
        kind: 'needs-attention',
        error: {
          code: 'WECHATPAY_INVALID_REQUEST',
          outcome: 'rejected',
          advice: 'fix-request',
          message:
            'outTradeNo: the order was paid at 2026-11-22T23:54:59.000Z, before this payment was asked for (2026-11-23T00:00:00.000Z): ' +
            'its number was used before. Take a new number. To keep that payment or reverse it, set ifAmountDiffers to accept.',
        },
        amounts: { expected: { totalFee: 888, currency: 'HKD' }, paid: PAYMENT },
      });
      expect(paths).not.toContain('/secapi/pay/reverse');
    },
  );

  it.each<[what: string, more: object]>([
    ['within the skew of two clocks', { time_end: timeEnd(CREATED - 300 * SECOND) }],
    ['later', { time_end: timeEnd(CREATED + 60 * SECOND) }],
    ['at no time', {}],
    ['at a time that cannot be read', { time_end: 'yesterday' }],
  ])('no answer, and a query tells of a payment %s: paid', async (_, more) => {
    const { result } = await pay([TIMEOUT, { ...(PAID as object), ...more }]);
    expect(result.outcome).toEqual({ kind: 'paid', payment: PAYMENT });
  });

  it('Quick Pay’s own answer is of this payment, whatever time it tells', async () => {
    const { result } = await pay([{ ...(PAID as object), time_end: timeEnd(CREATED - 3600 * SECOND) }]);
    expect(result.outcome.kind).toBe('paid');
  });

  it('a payment before this one was asked for is not returned, also where a reversal was sent', async () => {
    const earlier = { ...(PAID as object), time_end: timeEnd(CREATED - 3600 * SECOND) };
    // Not time-outs: a gateway that answers nobody is left alone for a while.
    const { result, paths } = await pay([...(Array<Answer>(11).fill(UNCLEAR) as [Answer]), earlier]);
    expect(paths).toContain('/secapi/pay/reverse');
    expect(paths.at(-1)).toBe('/pay/orderquery');
    expect(result.outcome.kind).toBe('needs-attention');
  });

  it.each([
    ['keep', 'paid'],
    ['reverse', 'reversed'],
  ] as const)('a person decides about a payment before this one was asked for: %s', async (ifPaid, kind) => {
    const earlier = { ...(PAID as object), time_end: timeEnd(CREATED - 3600 * SECOND) };
    const { client, wait } = scripted([refusal('ORDERPAID'), earlier, earlier, { recall: 'N' }, state('REVOKED')]);
    const { state: stopped } = (await payAndResolve(client, REQUEST, { wait })) as Resolution;
    const { outcome } = await resumeResolution(client, stopped, { ifAmountDiffers: 'accept', ifPaid, wait });
    expect(outcome.kind).toBe(kind);
  });

  it.each<[what: string, answer: Answer, code: string]>([
    ['USERPAYING', refusal('USERPAYING'), 'WECHATPAY_BUSINESS_FAIL'],
    ['no answer', TIMEOUT, 'WECHATPAY_TIMEOUT'],
    ['an unsigned refusal', { return_code: 'FAIL' }, 'WECHATPAY_GATEWAY_FAIL'],
  ])('not clear, by %s: told, then resolved from 5 s on', async (_, answer, code) => {
    const told: string[] = [];
    const { result, calls } = await pay([answer, PAYING, PAID], {
      onUnclear: async (error) => {
        await Promise.resolve();
        told.push(error.code);
      },
      onStep: ({ step }) => void told.push(step.kind),
    });
    expect(told).toEqual([code, 'query', 'query']);
    expect(result.outcome).toEqual({ kind: 'paid', payment: PAYMENT });
    expect(calls.map(({ at }) => (at - CREATED) / SECOND)).toEqual([0, 5, 10]);
    expect((result as Resolution).state).toMatchObject({
      orderCreatedAt: CREATED,
      totalFee: 888,
      currency: 'HKD',
      deadline: CREATED + 90 * SECOND,
    });
  });

  it('a clock that is not set is refused before anything is sent', async () => {
    const { client, calls } = scripted([PAID], { time: 0 });
    const error = await payAndResolve(client, REQUEST).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ field: 'orderCreatedAt', outcome: 'not-sent' });
    expect(String(error)).toContain('1970-01-01T00:00:00.000Z');
    expect(calls).toEqual([]);
  });

  it.each([CREATED, CREATED - 1])('a deadline that is over is refused before anything is sent', async (deadline) => {
    const { client, calls } = scripted([PAID]);
    const refused = payAndResolve(client, REQUEST, { deadline: new Date(deadline) });
    await expect(refused).rejects.toMatchObject({ field: 'deadline', outcome: 'not-sent' });
    expect(calls).toEqual([]);
  });

  it('takes 90 s from the answer on, or as long as it is given, and goes by its rules', async () => {
    const clock = { time: CREATED };
    const answers: [Answer, Answer] = [
      () => {
        clock.time += 15 * SECOND;
        return TIMEOUT;
      },
      PAYING,
    ];
    const wait = (until: number): Promise<void> => {
      clock.time = until;
      return Promise.resolve();
    };
    const { client } = scripted(answers, { now: () => clock.time });
    const late = (await payAndResolve(client, REQUEST, { wait, reverseAfterMs: 3_600_000 })) as Resolution;
    expect(late.outcome.kind).toBe('unresolved');
    expect(late).not.toHaveProperty('callbackErrors');
    expect(late.state).toMatchObject({ deadline: CREATED + 105 * SECOND, policy: { reverseAfterMs: 3_600_000 } });
    const { result } = await pay([TIMEOUT, PAYING], { deadline: new Date(CREATED + 7 * SECOND) });
    expect(result).toMatchObject({ outcome: { kind: 'unresolved' }, state: { deadline: CREATED + 7 * SECOND } });
  });

  it.each([
    ['amount', { total_fee: '1' }, { transactionId: '42', totalFee: 1, currency: 'HKD' }],
    ['currency', { fee_type: 'CNY' }, { transactionId: '42', totalFee: 888, currency: 'CNY' }],
  ])('another %s than asked is not clear: it is asked for twice, then a person', async (_, change, paid) => {
    const odd = { ...(PAID as object), ...change };
    const { result, calls } = await pay([odd]);
    expect(result.outcome).toMatchObject({
      kind: 'needs-attention',
      amounts: { expected: { totalFee: 888, currency: 'HKD' }, paid },
    });
    expect(calls.map(({ at }) => (at - CREATED) / SECOND)).toEqual([0, 5, 10]);
    expect((await pay([odd, PAID])).result.outcome).toEqual({ kind: 'paid', payment: PAYMENT });
  });

  it('asks for the order of the sub-merchant that was paid', async () => {
    const { client, calls, wait } = scripted([TIMEOUT, PAID]);
    const request = { ...REQUEST, subMerchantId: '1900000201', subAppId: 'wx3' };
    const { state: end } = (await payAndResolve(client, request, { wait })) as Resolution;
    expect(end.order).toStrictEqual({ outTradeNo: '1415717424', subMerchantId: '1900000201', subAppId: 'wx3' });
    expect(calls[1]?.fields).toMatchObject({ sub_mch_id: '1900000201', sub_appid: 'wx3' });
    const { result } = await pay([TIMEOUT, PAID]);
    expect((result as Resolution).state.order).toStrictEqual({ outTradeNo: '1415717424' });
    const own = scripted([TIMEOUT, PAID], { subMerchantId: '1900000202' });
    const byDefault = (await payAndResolve(own.client, REQUEST, { wait: own.wait })) as Resolution;
    expect(byDefault.state.order).toStrictEqual({ outTradeNo: '1415717424', subMerchantId: '1900000202' });
  });

  it('an abort stops the charge, and the query that confirms a refusal', async () => {
    const { client, calls } = scripted([PAID]);
    const aborted = payAndResolve(client, REQUEST, { signal: AbortSignal.abort() });
    expect((await aborted).outcome).toMatchObject({ kind: 'declined', error: { code: 'WECHATPAY_ABORTED' } });
    expect(calls).toEqual([]);
    const abort = new AbortController();
    const aborting = (): Answer => {
      setImmediate(() => {
        abort.abort();
      });
      return SILENCE;
    };
    const { result } = await pay([refusal('NOTENOUGH'), aborting], { signal: abort.signal });
    expect(result.outcome).toMatchObject({ kind: 'unresolved', error: { code: 'WECHATPAY_ABORTED' } });
  });

  it.each<[message: string, request: unknown, options?: unknown]>([
    ['request: must be an object such as { outTradeNo: … }.', null],
    ['request: must be an object such as { outTradeNo: … }.', 'tea'],
    [
      'request: cannot be read; give a plain object of documented properties.',
      {
        ...REQUEST,
        get attach(): string {
          throw new Error('lazy');
        },
      },
    ],
    ['ifPaid: is not for a payment: what was paid as asked is kept.', REQUEST, { ifPaid: 'keep' }],
    ['refundWhenExpired: is not for a payment', REQUEST, { refundWhenExpired: true }],
    ['ifAmountDiffers: is not for a payment', REQUEST, { ifAmountDiffers: 'accept' }],
    ['onUnclear: must be a function.', REQUEST, { onUnclear: 'log' }],
    ['onStep: must be a function.', REQUEST, { onStep: {} }],
    ['wait: must be a function.', REQUEST, { wait: null }],
    ['Did you mean onUnclear?', REQUEST, { onUnclaer: () => undefined }],
    ['options: must be an object.', REQUEST, null],
    ['deadline: must be a valid Date.', REQUEST, { deadline: CREATED }],
    ['signal: must be an AbortSignal', REQUEST, { signal: {} }],
    ['currency: ', { ...REQUEST, currency: 'hkd' }],
    ['authCode: ', { ...REQUEST, authCode: '1' }],
    ['backoffMs: ', REQUEST, { backoffMs: 0 }],
  ])('refuses before anything is sent: %s', async (message, request, options) => {
    const { client, calls } = scripted([PAID]);
    const error = await failure(payAndResolve(client, request as never, options as PayAndResolveOptions));
    expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent' });
    expect((error as Error).message).toContain(message);
    expect(calls).toEqual([]);
  });

  it('keeps why a request cannot be read', async () => {
    const cause = new Error('lazy');
    const request = {
      ...REQUEST,
      get attach(): string {
        throw cause;
      },
    };
    expect(await failure(payAndResolve(scripted([PAID]).client, request))).toHaveProperty('cause', cause);
  });

  it('what is no error of this library is a mistake, and thrown', async () => {
    const mistake = new TypeError('mistake');
    const broken = { call: () => Promise.reject(mistake), now: () => CREATED } as unknown as WechatPayClient;
    await expect(payAndResolve(broken, REQUEST)).rejects.toBe(mistake);
  });
});

describe('what a callback throws', () => {
  const broken = new Error('out of order');
  const fail = (): never => {
    throw broken;
  };

  it('stops nothing, and is told beside every kind of end', async () => {
    const wait = (): never => fail();
    const onStep = fail;
    const onUnclear = fail;
    const told = (callback: string): object => ({ callback, error: broken });
    const late = { time: CREATED + 60 * SECOND };
    const resolved = await resolveOrder(scripted([PAID], late).client, ORDER, { onStep });
    expect(resolved).toMatchObject({ outcome: { kind: 'paid' }, callbackErrors: [told('onStep')] });
    const { client, clock } = scripted([
      () => {
        clock.time += SECOND;
        return TIMEOUT;
      },
      PAID,
    ]);
    const unclear = await payAndResolve(client, REQUEST, {
      onUnclear,
      onStep,
      wait: undefined,
      firstQueryMs: 1,
      deadline: new Date(CREATED + SECOND),
    });
    expect(unclear).toMatchObject({ outcome: { kind: 'unresolved' }, callbackErrors: [told('onUnclear')] });
    const aborted = await resolveOrder(scripted([PAID]).client, ORDER, {
      wait,
      signal: AbortSignal.timeout(5),
    });
    expect(aborted).toMatchObject({ outcome: { kind: 'unresolved' }, callbackErrors: [told('wait')] });
  });

  it('of a callback that nobody waits for is told too', async () => {
    const { client, wait } = scripted([TIMEOUT, PAID]);
    const onUnclear = (): Promise<void> => Promise.reject(broken);
    expect(await payAndResolve(client, REQUEST, { wait, onUnclear })).toMatchObject({
      outcome: { kind: 'paid' },
      callbackErrors: [{ callback: 'onUnclear', error: broken }],
    });
  });

  it('a callback that does not return is left at an abort, and one that nobody waits for at once', async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    for (const callback of ['onStep', 'wait']) {
      const abort = new AbortController();
      const { client, clock } = scripted([PAYING], { time: callback === 'wait' ? CREATED : CREATED + 6 * SECOND });
      const resolving = resolveOrder(client, ORDER, {
        signal: abort.signal,
        [callback]: () => {
          setImmediate(() => {
            abort.abort();
          });
          return never();
        },
      });
      const result = await resolving;
      expect(result.outcome.kind).toBe('unresolved');
      expect(result).not.toHaveProperty('callbackErrors');
      expect(clock.time).toBeLessThan(CREATED + 60 * SECOND);
    }
    const { client, wait } = scripted([TIMEOUT, PAID]);
    expect((await payAndResolve(client, REQUEST, { wait, onUnclear: never })).outcome.kind).toBe('paid');
  });

  it('waits for `wait`, also where its time is further away than a timer reaches', async () => {
    const { client, clock } = scripted([PAID]);
    const wait = async (until: number): Promise<void> => {
      await sleep(20);
      clock.time = until;
    };
    const rules = { firstQueryMs: 60 * DAY, deadline: new Date(CREATED + 61 * DAY) };
    const result = await resolveOrder(client, ORDER, { ...rules, wait });
    expect(result.outcome.kind).toBe('paid');
    expect(result).not.toHaveProperty('callbackErrors');
  });

  it('leaves no listener on a signal that is used for many orders', async () => {
    const { signal } = new AbortController();
    const { client, wait } = scripted([PAYING, PAID]);
    const listeners = (): number => getEventListeners(signal, 'abort').length;
    let most = 0;
    const onStep = (): void => {
      most = Math.max(most, listeners());
    };
    await resolveOrder(client, ORDER, { wait, onStep, signal });
    expect(most).toBeGreaterThan(0);
    expect(listeners()).toBe(0);
  });

  it('is kept twenty times', async () => {
    const { client, wait } = scripted([PAYING]);
    const options = {
      wait,
      onStep: fail,
      queryEveryMs: 1_000,
      firstQueryMs: 1,
      deadline: new Date(CREATED + 40 * SECOND),
    };
    const { callbackErrors } = await resolveOrder(client, ORDER, options);
    expect(callbackErrors).toEqual(Array.from({ length: 20 }, () => ({ callback: 'onStep', error: broken })));
  });

  describe('a clock', () => {
    /** A clock that reads these, in turn; the last one holds on. */
    const readings = (...values: readonly unknown[]) => {
      let read = 0;
      return (): number => {
        const value = values[Math.min(read, values.length - 1)];
        read += 1;
        if (value instanceof Error) throw value;
        return value as number;
      };
    };

    it.each([
      ['fails', broken],
      ['is set back', CREATED - 3_600_000],
    ])('that %s resumes from what it said last', async (_, reading) => {
      // Read at 1,000 ms, and two and a half seconds later, to the millisecond: as late as that, and no later.
      for (const [deadline, kind] of [
        [CREATED + 2_500, 'unresolved'],
        [CREATED + 2_501, 'paid'],
      ] as const) {
        vi.spyOn(performance, 'now').mockReturnValueOnce(1_000).mockReturnValue(3_499.6);
        const now = readings(CREATED, CREATED, reading);
        const result = await resolveOrder(scripted([PAID], { now }).client, ORDER, {
          firstQueryMs: 2_500,
          wait: () => Promise.resolve(),
          deadline: new Date(deadline),
        });
        expect(result.outcome.kind).toBe(kind);
        vi.restoreAllMocks();
      }
    });

    it.each<[unknown]>([[Number.NaN], [Number.POSITIVE_INFINITY], ['soon'], [undefined]])(
      'that gives %s gives no time',
      async (value) => {
        vi.spyOn(Date, 'now').mockReturnValue(CREATED + 7);
        const now = readings(CREATED, value);
        const { client } = scripted([PAID], { now });
        const { state: end, callbackErrors } = await resolveOrder(client, ORDER, { firstQueryMs: 1 });
        // It never said anything: the machine's own.
        expect(end.deadline).toBe(CREATED + 7 + 90 * SECOND);
        expect(callbackErrors?.[0]).toMatchObject({ callback: 'now', error: expect.any(TypeError) as unknown });
        expect((callbackErrors?.[0]?.error as Error).message).toBe(
          'The clock gave no time in milliseconds since 1970.',
        );
      },
    );

    it('says how long `wait` is waited for: until 30 s after the time that it was given', async () => {
      // From the last reading on, 10 ms of that are left.
      const now = readings(CREATED, CREATED, CREATED, CREATED + 35 * SECOND - 10);
      const waits: number[] = [];
      const wait = (until: number): Promise<void> => {
        waits.push(until);
        return new Promise(() => undefined);
      };
      const { outcome, callbackErrors } = await resolveOrder(scripted([PAID], { now }).client, ORDER, { wait });
      expect(outcome.kind).toBe('paid');
      expect(waits).toEqual([CREATED + 5 * SECOND]);
      const message = 'It did not return within 0 s, and is not waited for any more.';
      expect(callbackErrors).toMatchObject([{ callback: 'wait', error: { message } }]);
    });

    it('that fails is told beside a payment that is clear', async () => {
      expect(await payAndResolve(scripted([PAID], { now: readings(CREATED, broken) }).client, REQUEST)).toMatchObject({
        outcome: { kind: 'paid' },
        callbackErrors: [{ callback: 'now', error: broken }],
      });
      expect(
        await payAndResolve(scripted([NOT_SENT], { now: readings(CREATED, broken) }).client, REQUEST),
      ).toMatchObject({
        outcome: { kind: 'declined' },
        callbackErrors: [{ callback: 'now', error: broken }],
      });
    });
  });
});
