import { describe, expect, it } from 'vitest';
import { refusal, scripted, type Answer } from '../../test/scripted.js';
import { payAndResolve, queryAllRefunds, selfTest, resolveOrder, WechatPayTransportError } from '../index.js';
import { startResolution } from '../resolution/index.js';

// What a caller gives may be an object of a class, whose getters stand on its prototype: they are read, and each once.

const CREATED = Date.UTC(2026, 10, 23);
const TIMEOUT = new WechatPayTransportError('WECHATPAY_TIMEOUT', 'no answer', 'unknown');
const PAID: Answer = { trade_state: 'SUCCESS', transaction_id: '42', total_fee: '888', fee_type: 'HKD' };

class Order {
  get outTradeNo(): string {
    return '1';
  }
  get orderCreatedAt(): Date {
    return new Date(CREATED);
  }
  get totalFee(): number {
    return 888;
  }
}

describe('a property that is inherited', () => {
  it('of an order is resolved with, also where the client brings the sub-merchant', async () => {
    const { client, calls, wait } = scripted([PAID], { subMerchantId: '1900000201' });
    const { state } = await resolveOrder(client, new Order(), { deadline: new Date(CREATED + 1), wait });
    expect(state).toMatchObject({
      order: { outTradeNo: '1', subMerchantId: '1900000201' },
      orderCreatedAt: CREATED,
      totalFee: 888,
    });
    expect(calls).toEqual([]);
  });

  it('of an order that names no sub-merchant, by null, takes that of the client', async () => {
    const { client, wait } = scripted([PAID], { subMerchantId: '1900000201' });
    const order = { outTradeNo: '1', orderCreatedAt: new Date(CREATED), subMerchantId: null as never };
    const { state } = await resolveOrder(client, order, { deadline: new Date(CREATED + 1), wait });
    expect(state.order).toEqual({ outTradeNo: '1', subMerchantId: '1900000201' });
  });

  it('of options and rules counts, and is read once', async () => {
    const { client, wait } = scripted([PAID, { recall: 'N' }, { trade_state: 'REVOKED' }]);
    const reads: string[] = [];
    class ReversePolicy {
      get ifPaid(): 'reverse' {
        reads.push('ifPaid');
        return 'reverse';
      }
      get deadline(): Date {
        reads.push('deadline');
        return new Date(CREATED + 90_000);
      }
      get wait() {
        return wait;
      }
    }
    const order = { outTradeNo: '1', orderCreatedAt: new Date(CREATED) };
    expect((await resolveOrder(client, order, new ReversePolicy())).outcome).toEqual({ kind: 'reversed' });
    expect(reads).toEqual(['ifPaid', 'deadline']);
  });

  it('of a policy counts', () => {
    class Rules {
      get queryEveryMs(): number {
        return 7;
      }
    }
    expect(
      startResolution({ outTradeNo: '1', orderCreatedAt: new Date(CREATED) }, CREATED, new Rules()).policy,
    ).toMatchObject({
      queryEveryMs: 7,
    });
  });

  it('of the options of a payment: onUnclear is called', async () => {
    const told: string[] = [];
    const { client, wait } = scripted([TIMEOUT, PAID]);
    class Screen {
      get onUnclear() {
        return ({ code }: { code: string }) => void told.push(code);
      }
      get wait() {
        return wait;
      }
    }
    const request = {
      outTradeNo: '1',
      body: 'tea',
      totalFee: 888,
      authCode: '120061098828009406',
      spbillCreateIp: '::1',
    };
    await payAndResolve(client, request, new Screen());
    expect(told).toEqual(['WECHATPAY_TIMEOUT']);
  });

  it('of a question for all refunds names the order on each page', async () => {
    const numbers = Array.from({ length: 10 }, (_, index) => index);
    const fields = Object.fromEntries(
      numbers.flatMap((n) => [
        [`refund_id_${n}`, `${n}`],
        [`out_refund_no_${n}`, `R${n}`],
        [`refund_fee_${n}`, '1'],
        [`refund_status_${n}`, 'SUCCESS'],
      ]),
    );
    const first = { transaction_id: '42', refund_count: '10', total_refund_count: '20', ...fields };
    const { client, calls } = scripted([first, refusal('PARAM_ERROR')]);
    class Asked {
      get outTradeNo(): string {
        return '1';
      }
      get subMerchantId(): string {
        return '1900000201';
      }
    }
    await expect(queryAllRefunds(client, new Asked())).rejects.toThrow('told of 20 refunds');
    expect(calls).toMatchObject([
      { fields: { out_trade_no: '1', sub_mch_id: '1900000201' } },
      { fields: { out_trade_no: '1', sub_mch_id: '1900000201', offset: '10' } },
    ]);
  });

  it('of a self-test says whose it is', async () => {
    const { client, calls } = scripted([refusal('ORDERNOTEXIST')]);
    class Party {
      get subMerchantId(): string {
        return '1900000201';
      }
    }
    await selfTest(client, new Party());
    expect(calls[0]?.fields).toMatchObject({ sub_mch_id: '1900000201' });
  });
});
