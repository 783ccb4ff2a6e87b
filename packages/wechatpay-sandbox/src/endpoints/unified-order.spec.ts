import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { post, quickPay, refund, reverse, signWith, type Fields } from '../../test/client.js';
import { Sandbox, wellKnownAuthCodes, type OrderState } from '../index.js';

const start = Date.UTC(2026, 2, 1, 4, 0, 5);
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start({ now: () => start });
});
beforeEach(() => {
  sandbox.reset();
});
afterAll(() => sandbox.stop());

// A port where nobody listens: what is sent there is told elsewhere.
const native: Fields = {
  body: 'a cup of tea',
  out_trade_no: 'tea',
  total_fee: '888',
  fee_type: 'HKD',
  spbill_create_ip: '203.0.113.7',
  notify_url: 'http://localhost:1/notifications',
  trade_type: 'NATIVE',
  product_id: '12',
};
const order = async (fields: Fields = {}): Promise<Fields> =>
  (await post(sandbox, '/pay/unifiedorder', { ...native, ...fields })).fields;
const close = async (outTradeNo = 'tea'): Promise<string> => {
  const { fields } = await post(sandbox, '/pay/closeorder', { out_trade_no: outTradeNo });
  return fields.err_code ?? fields.result_code!;
};
const query = async (): Promise<string | undefined> =>
  (await post(sandbox, '/pay/orderquery', { out_trade_no: 'tea' })).fields.trade_state;

describe('Unified Order', () => {
  it('answers with the fields of the page, signed; nothing is paid', async () => {
    const {
      nonce_str: nonce,
      sign,
      prepay_id: prepayId,
      code_url: codeUrl,
      ...rest
    } = await order({ device_info: 'WEB' });
    expect(rest).toEqual({
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: sandbox.merchant.appId,
      mch_id: sandbox.merchant.merchantId,
      result_code: 'SUCCESS',
      device_info: 'WEB',
      trade_type: 'NATIVE',
    });
    expect(nonce).toBeTruthy();
    expect([prepayId, codeUrl]).toEqual([expect.stringMatching(/^wx\w{34}$/), expect.stringMatching(/^weixin:\/\//)]);
    expect(sign).toBe(
      signWith({ ...rest, nonce_str: nonce!, prepay_id: prepayId!, code_url: codeUrl! }, sandbox.merchant.apiKey),
    );
    expect(sandbox.ledger.of('tea')).toEqual({ paid: 0, returned: 0, net: 0 });
    expect(await query()).toBe('NOTPAY');
  });

  it.each<[string, Fields, string | undefined]>([
    ['JSAPI', { openid: 'o1' }, undefined],
    ['JSAPI', { sub_openid: 'o1' }, undefined],
    ['APP', {}, undefined],
    ['MWEB', { scene_info: '{}' }, 'mweb_url'],
    ['NATIVE', { product_id: '12' }, 'code_url'],
  ])('of %s with %j returns %s', async (tradeType, fields, returned) => {
    const reply = await order({ product_id: '', trade_type: tradeType, ...fields });
    expect(reply).toMatchObject({ result_code: 'SUCCESS', trade_type: tradeType });
    expect(['code_url', 'mweb_url'].filter((name) => reply[name])).toEqual(returned === undefined ? [] : [returned]);
  });

  it.each<[Fields, string]>([
    [{ out_trade_no: '' }, 'LACK_PARAMS'],
    [{ notify_url: '' }, 'LACK_PARAMS'],
    [{ product_id: '' }, 'LACK_PARAMS'],
    [{ trade_type: 'JSAPI' }, 'LACK_PARAMS'],
    [{ trade_type: 'MWEB' }, 'LACK_PARAMS'],
    [{ trade_type: 'MICROPAY' }, 'PARAM_ERROR'],
    [{ notify_url: 'https://shop.example/n?m=1' }, 'PARAM_ERROR'],
    [{ notify_url: 'shop.example' }, 'PARAM_ERROR'],
    [{ total_fee: '8.88' }, 'PARAM_ERROR'],
    [{ time_start: '20260301120005', time_expire: '20260301120005' }, 'PARAM_ERROR'],
    [{ body: 'x'.repeat(129) }, 'PARAM_ERROR'],
  ])('with %j answers %s', async (fields, code) => {
    expect((await order(fields)).err_code).toBe(code);
    expect(sandbox.orders.list()).toEqual([]);
  });

  it('again is the same order, with another prepay_id after 2 h', async () => {
    const first = await order();
    expect((await order()).prepay_id).toBe(first.prepay_id);
    sandbox.clock.advance(2 * 60 * 60_000);
    const later = await order();
    expect(later.prepay_id).not.toBe(first.prepay_id);
    expect(later.code_url).toBe(first.code_url);
    expect(sandbox.orders.list()).toHaveLength(1);
  });

  it.each<[Fields]>([
    [{ total_fee: '889' }],
    [{ body: 'coffee' }],
    [{ trade_type: 'APP' }],
    [{ notify_url: 'https://a.example/' }],
  ])('with the same number and %j answers OUT_TRADE_NO_USED, and nothing changes', async (fields) => {
    await order();
    expect((await order(fields)).err_code).toBe('OUT_TRADE_NO_USED');
    expect(sandbox.orders.get('tea')).toMatchObject({ totalFee: 888, state: 'not-paid' });
  });

  it.each<[OrderState, string]>([
    ['paid', 'ORDERPAID'],
    ['refunded', 'ORDERPAID'],
    ['closed', 'ORDERCLOSED'],
    ['not-paid', 'OUT_TRADE_NO_USED'],
  ])('of a number whose order is %s answers %s', async (state, code) => {
    sandbox.orders.create({ state, outTradeNo: 'tea' });
    expect((await order()).err_code).toBe(code);
  });
});

describe('the payer', () => {
  it.each(['outTradeNo', 'code_url', 'prepay_id'])('is found by %s, and pays', async (by) => {
    const reply: Fields = { ...(await order()), outTradeNo: 'tea' };
    sandbox.payer(reply[by]!).pay();
    expect(sandbox.ledger.of('tea')).toEqual({ paid: 888, returned: 0, net: 888 });
    expect(await query()).toBe('SUCCESS');
    expect(sandbox.payer(sandbox.orders.get('tea')!).order.state).toBe('paid');
  });

  it('cancels, and may pay afterwards', async () => {
    await order();
    sandbox.payer('tea').cancel();
    expect(await query()).toBe('NOTPAY');
    sandbox.payer('tea').pay();
    expect(await query()).toBe('SUCCESS');
  });

  it('cannot pay twice, or what is closed', async () => {
    await order();
    sandbox.payer('tea').pay();
    for (const act of ['pay', 'cancel', 'payLate'] as const) {
      expect(() => {
        sandbox.payer('tea')[act]();
      }).toThrow('order tea is paid');
    }
    await order({ out_trade_no: 'cake' });
    sandbox.clock.advance(300_000);
    await close('cake');
    expect(() => {
      sandbox.payer('cake').pay();
    }).toThrow('order cake is closed');
  });

  it('cannot begin to pay from time_expire on, and pays late on purpose', async () => {
    await order({ time_expire: '20260301121005' });
    sandbox.clock.advance(10 * 60_000);
    expect(() => {
      sandbox.payer('tea').pay();
    }).toThrow('has expired');
    expect(await query()).toBe('NOTPAY');
    sandbox.payer('tea').payLate();
    expect(await query()).toBe('SUCCESS');
  });

  it('pays late even what is closed', async () => {
    await order();
    sandbox.clock.advance(300_000);
    expect(await close()).toBe('SUCCESS');
    sandbox.payer('tea').payLate();
    expect(sandbox.ledger.of('tea').net).toBe(888);
    expect(await query()).toBe('SUCCESS');
    expect(await close()).toBe('ORDERPAID');
  });

  it('is of orders of Unified Order only', () => {
    sandbox.orders.create({ state: 'not-paid', outTradeNo: 'other' });
    for (const number of ['other', 'unheard-of'])
      expect(() => sandbox.payer(number)).toThrow('no order of Unified Order');
  });
});

describe('Close Order', () => {
  it('closes from 5 min after the creation', async () => {
    await order();
    sandbox.clock.advance(299_999);
    expect(await close()).toBe('TRADE_STATE_ERROR');
    sandbox.clock.advance(1);
    expect(await close()).toBe('SUCCESS');
    expect(await query()).toBe('CLOSED');
    expect(await close()).toBe('ORDERCLOSED');
    expect((await order()).err_code).toBe('ORDERCLOSED');
  });

  it('closes at once where the 5 min are not enforced', async () => {
    await using lenient = await Sandbox.start({ enforceCloseDelay: false, authority: sandbox.authority });
    await post(lenient, '/pay/unifiedorder', native);
    const { fields } = await post(lenient, '/pay/closeorder', { out_trade_no: 'tea' });
    expect(fields.result_code).toBe('SUCCESS');
    expect(fields).not.toHaveProperty('recall');
  });

  it('answers ORDERPAID, ORDERNOTEXIST, and LACK_PARAMS', async () => {
    await order();
    sandbox.payer('tea').pay();
    expect(await close()).toBe('ORDERPAID');
    expect(await close('unheard-of')).toBe('ORDERNOTEXIST');
    expect(await close('')).toBe('LACK_PARAMS');
  });

  it('is not for Quick Pay, as Revoke Order is for nothing else', async () => {
    await quickPay(sandbox, wellKnownAuthCodes.paysAfter10s, 'till');
    sandbox.clock.advance(300_000);
    expect(await close('till')).toBe('TRADE_STATE_ERROR');
    await order();
    const { fields } = await reverse(sandbox, 'tea');
    expect(fields).toMatchObject({ err_code: 'INVALID_REQUEST', recall: 'N' });
    expect(fields.err_code_des).toContain('payment scene');
  });

  it('of a paid order changes nothing: it can be refunded', async () => {
    await order({ total_fee: '1250' });
    sandbox.payer('tea').pay();
    await close();
    const { fields } = await refund(sandbox, 'tea', 'R-1', 1250);
    expect(fields.result_code).toBe('SUCCESS');
  });
});
