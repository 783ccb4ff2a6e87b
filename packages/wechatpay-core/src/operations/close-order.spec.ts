import type { Order, OrderState } from 'wechatpay-sandbox';
import { describe, expect, it, test } from 'vitest';
import { answering } from '../../test/answering.js';
import { startGateway } from '../../test/start-gateway.js';
import {
  CLOSE_NOT_BEFORE_MS,
  CLOSE_ORDER,
  closeOrder,
  queryOrder,
  unifiedOrder,
  WechatPayBusinessError,
  type CloseOrderRequest,
} from '../index.js';

const { sandbox, client, connect, failure } = await startGateway();

const create = (state: OrderState, ageMs = CLOSE_NOT_BEFORE_MS): Order =>
  sandbox.orders.create({ state, createdAt: sandbox.clock.now() - ageMs });

describe('closes', () => {
  it('an order that is not paid: Query Order says CLOSED', async () => {
    const { outTradeNo } = create('not-paid');
    await expect(closeOrder(client, { outTradeNo })).resolves.toMatchObject({
      appId: client.appId,
      merchantId: client.merchantId,
      raw: { result_code: 'SUCCESS' },
    });
    await expect(queryOrder(client, { outTradeNo })).resolves.toMatchObject({ tradeState: 'CLOSED' });
  });

  const paid = 'https://developers.weixin.qq.com/community/pay/doc/0002e4a890cf18ddfa619da7d6ac00';
  test.each<[OrderState, string]>([
    ['paid', 'ORDERPAID'],
    ['refunded', 'ORDERPAID'],
    ['closed', 'ORDERCLOSED'],
    ['reversed', 'ORDERCLOSED'],
  ])(`no order that is %s: %s, and the order stays (${paid})`, async (state, errorCode) => {
    const { outTradeNo } = create(state);
    const error = await failure(closeOrder(client, { outTradeNo }));
    expect(error).toMatchObject({ errorCode, outcome: 'rejected', advice: 'query-order' });
    expect(sandbox.orders.get(outTradeNo)?.state).toBe(state);
  });

  it('no order that the gateway does not know', async () => {
    const error = await failure(closeOrder(client, { outTradeNo: 'nobody-has-it' }));
    expect(error).toMatchObject({ errorCode: 'ORDERNOTEXIST', outcome: 'rejected' });
  });

  const paidAfterClose = 'https://developers.weixin.qq.com/community/pay/doc/0002eaa1d34bf8872dd8a607750000';
  it(`an order that is paid all the same afterwards: a later query says so (${paidAfterClose})`, async () => {
    const order = { tradeType: 'NATIVE', productId: 'tea', outTradeNo: 'late', body: 'tea', totalFee: 888 } as const;
    const urls = { notifyUrl: 'http://localhost:9/n', spbillCreateIp: '203.0.113.7' };
    await unifiedOrder(client, { ...order, ...urls });
    sandbox.clock.advance(CLOSE_NOT_BEFORE_MS);
    await closeOrder(client, { outTradeNo: 'late' });
    sandbox.payer('late').payLate();
    await expect(queryOrder(client, { outTradeNo: 'late' })).resolves.toMatchObject({ tradeState: 'SUCCESS' });
  });
});

describe('not within 5 min of the creation', () => {
  it('by the pages', () => {
    expect(CLOSE_NOT_BEFORE_MS).toBe(300_000);
  });

  test.each([
    ['just before', CLOSE_NOT_BEFORE_MS - 1, true],
    ['at 5 min', CLOSE_NOT_BEFORE_MS, false],
    ['before the creation', -1000, true],
  ])('%s, where orderCreatedAt is given', async (_, ageMs, isRefused) => {
    const createdAt = new Date();
    const timed = connect({ now: () => createdAt.getTime() + ageMs });
    const { outTradeNo } = create('not-paid');
    const before = sandbox.requests.length;
    const call = closeOrder(timed, { outTradeNo, orderCreatedAt: createdAt });
    if (isRefused) {
      const error = await failure(call);
      expect(error).toMatchObject({ field: 'orderCreatedAt', outcome: 'not-sent', advice: 'retry-later' });
      expect(error.message).toContain(new Date(createdAt.getTime() + CLOSE_NOT_BEFORE_MS).toISOString());
      expect(sandbox.requests).toHaveLength(before);
    } else await expect(call).resolves.toBeDefined();
    await timed.close();
  });

  it('the gateway refuses it too', async () => {
    const { outTradeNo } = create('not-paid', 0);
    const error = await failure(closeOrder(client, { outTradeNo }));
    expect(error).toMatchObject({ errorCode: 'TRADE_STATE_ERROR', advice: 'query-order' });
  });
});

describe('refuses before anything is sent', () => {
  test.each<[string, unknown, RegExp]>([
    ['request', undefined, /must be an object/],
    ['outTradeNo', {}, /is missing/],
    ['outTradeNo', { outTradeNo: '' }, /is empty/],
    ['outTradeNo', { outTradeNo: 'x'.repeat(33) }, /more than 32/],
    ['transactionId', { outTradeNo: '1', transactionId: '42' }, /is unknown/],
    ['orderCreatedAt', { outTradeNo: '1', orderCreatedAt: '2026-11-27' }, /valid Date/],
  ])('%s in %j', async (field, request, message) => {
    const error = await failure(closeOrder(client, request as CloseOrderRequest));
    expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field });
    expect(error.message).toMatch(message);
  });
});

describe('signed refusals', () => {
  test.each(Object.entries(CLOSE_ORDER.errorCodes))(
    '%s: outcome and advice are as its row says',
    async (errorCode, row) => {
      sandbox.faults.add({ kind: 'error', errorCode });
      const error = await failure(closeOrder(client, { outTradeNo: create('not-paid').outTradeNo }));
      expect(error).toBeInstanceOf(WechatPayBusinessError);
      expect(error).toMatchObject({ errorCode, outcome: row.outcome, advice: row.advice });
    },
  );

  test.each([
    ['ORDERPAID', 'rejected', 'query-order'],
    ['SYSTEMERROR', 'unknown', 'retry-later'],
    ['ORDERNOTEXIST', 'rejected', 'query-order'],
    ['ORDERCLOSED', 'rejected', 'query-order'],
    ['SIGNERROR', 'rejected', 'fix-request'],
    ['TRADE_STATE_ERROR', 'rejected', 'query-order'],
  ])('%s is %s: %s', (errorCode, outcome, advice) => {
    expect(CLOSE_ORDER.errorCodes[errorCode]).toMatchObject({ outcome, advice });
  });

  test.each(['trade_state', 'recall', 'prepay_id', 'refund_id'])(
    'a reply that has %s is of another API',
    async (name) => {
      const { client: answered } = answering({ [name]: '1' });
      const error = await failure(closeOrder(answered, { outTradeNo: '1' }));
      expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
    },
  );
});
