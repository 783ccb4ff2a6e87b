import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, reverse } from '../../test/client.js';
import { Sandbox, type OrderOptions, type OrderState } from '../index.js';
import { orderStates } from './order.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start();
});
afterAll(() => sandbox.stop());

describe('orders', () => {
  it('are a minute old, random and of the sandbox’s merchant, unless told otherwise', () => {
    const before = sandbox.clock.now();
    const order = sandbox.orders.create({ state: 'not-paid' });
    expect(order).toMatchObject({ merchantId: sandbox.merchant.merchantId, totalFee: 1250, currency: 'HKD' });
    expect(order.outTradeNo).toMatch(/^[0-9A-Za-z]{32}$/);
    expect(order.transactionId).toMatch(/^42000\d{23}$/);
    expect(order.createdAt.getTime() - before + 60_000).toBeLessThan(10_000);
    expect(order.history).toEqual([{ at: order.createdAt, event: 'created', state: 'not-paid' }]);
    expect(sandbox.orders.get(order.outTradeNo)).toBe(order);
    expect(sandbox.orders.list()).toContain(order);
    expect(sandbox.orders.get('unheard-of')).toBeUndefined();
  });

  it('keep what they are given', () => {
    const createdAt = new Date('2026-01-02T03:04:05Z');
    const given = {
      outTradeNo: '007',
      transactionId: '1'.repeat(28),
      createdAt,
      totalFee: 1,
      currency: 'USD',
      rate: '1',
    };
    expect(sandbox.orders.create({ state: 'paid', ...given })).toMatchObject({
      ...given,
      money: { paid: 1, refunded: 0 },
    });
  });

  const refused: { name: string; options: OrderOptions; message: string }[] = [
    { name: 'a number that is taken', options: { state: 'paid', outTradeNo: 'taken' }, message: 'order taken exists' },
    {
      name: 'a transaction that is taken',
      options: { state: 'paid', transactionId: '42' },
      message: 'transaction 42 exists',
    },
    {
      name: 'an empty number',
      options: { state: 'paid', outTradeNo: '' },
      message: 'outTradeNo has 1 to 32 characters',
    },
    {
      name: 'a long number',
      options: { state: 'paid', outTradeNo: 'x'.repeat(33) },
      message: 'outTradeNo has 1 to 32',
    },
    { name: 'no state', options: { state: 'unheard-of' as OrderState }, message: 'state is one of paid, user-paying' },
    { name: 'no time', options: { state: 'paid', createdAt: NaN }, message: 'createdAt is no time' },
    { name: 'half a cent', options: { state: 'paid', totalFee: 0.5 }, message: 'totalFee is a whole number' },
    {
      name: 'a sub-merchant of nobody',
      options: { state: 'paid', subMerchantId: '1' },
      message: 'only an institution',
    },
  ];
  it.each(refused)('refuses $name', ({ options, message }) => {
    if (sandbox.orders.get('taken') === undefined) {
      sandbox.orders.create({ state: 'paid', outTradeNo: 'taken', transactionId: '42' });
    }
    expect(() => sandbox.orders.create(options)).toThrow(message);
  });

  it('of an institution need a sub-merchant of it', async () => {
    const merchant = await sandbox.merchants.create({ subMerchants: [{}] });
    expect(() => sandbox.orders.create({ state: 'paid', merchant })).toThrow('pass subMerchantId');
    expect(() => sandbox.orders.create({ state: 'paid', merchant, subMerchantId: '1' })).toThrow('pass subMerchantId');
  });

  it('follow the customer, who pays or gives up while the merchant calls', async () => {
    const order = sandbox.orders.create({ state: 'user-paying' });
    expect((await reverse(sandbox, order.outTradeNo)).fields.err_code).toBe('USERPAYING');
    sandbox.orders.pay(order);
    expect([order.state, order.money.paid]).toEqual(['paid', 1250]);
    expect((await reverse(sandbox, order.outTradeNo)).fields.result_code).toBe('SUCCESS');
    expect(order.history.map(({ event, state }) => `${event}: ${state}`)).toEqual([
      'created: user-paying',
      'paid: paid',
      'reversed: refunded',
    ]);
    expect(() => {
      sandbox.orders.pay(order);
    }).toThrow(`order ${order.outTradeNo} is refunded: nobody can pay it any more`);

    const abandoned = sandbox.orders.create({ state: 'user-paying' });
    sandbox.orders.abandon(abandoned);
    expect(abandoned.state).toBe('not-paid');
    await reverse(sandbox, abandoned.outTradeNo);
    expect(abandoned).toMatchObject({ state: 'closed', money: { paid: 0, refunded: 0 } });
  });

  it('end with no money kept or lost, whatever is reversed how often under which number', async () => {
    const anyCalls = fc.array(fc.constantFrom('number', 'transaction', 'lost'), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...orderStates), fc.nat(100_000), anyCalls, async (state, totalFee, calls) => {
        const order = sandbox.orders.create({ state, totalFee });
        for (const by of calls) {
          if (by === 'lost') sandbox.faults.add({ kind: 'empty-body' });
          await call(
            sandbox,
            by === 'transaction' ? { transaction_id: order.transactionId } : { out_trade_no: order.outTradeNo },
          );
        }
        expect(order.money.refunded).toBe(order.money.paid);
        expect(order.history.filter(({ event }) => event === 'reversed').length).toBeLessThanOrEqual(1);
        expect(order.state).not.toBe('paid');
      }),
      { numRuns: 30 },
    );
  });
});
