import { createDecipheriv, createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { post, refund, signWith, type Fields } from '../../test/client.js';
import { acknowledgement, fieldsIn, Receiver } from '../../test/receiver.js';
import { Sandbox, type NotificationFault } from '../index.js';

const start = Date.UTC(2026, 2, 1, 4, 0, 5);
let sandbox: Sandbox;
let receiver: Receiver;
beforeAll(async () => {
  sandbox = await Sandbox.start({ now: () => start, notificationTimeoutMs: 10_000 });
  receiver = await Receiver.start();
});
beforeEach(() => {
  sandbox.reset();
  receiver.forget();
});
afterAll(async () => {
  await sandbox.stop();
  await receiver.stop();
});

async function order(outTradeNo: string, more: Fields = {}, signType?: 'MD5' | 'HMAC-SHA256'): Promise<void> {
  const fields = {
    body: 'a cup of tea',
    out_trade_no: outTradeNo,
    total_fee: '888',
    fee_type: 'HKD',
    spbill_create_ip: '203.0.113.7',
    notify_url: receiver.url,
    trade_type: 'NATIVE',
    product_id: 'tea',
    ...more,
  };
  const reply = await post(sandbox, '/pay/unifiedorder', fields, signType && { signType });
  expect(reply.fields.result_code).toBe('SUCCESS');
}

async function paid(outTradeNo = 'tea', more: Fields = {}): Promise<void> {
  await order(outTradeNo, more);
  sandbox.payer(outTradeNo).pay();
  await sandbox.notifications.idle();
}

const numbers = (): (string | undefined)[] => receiver.received.map(({ fields }) => fields.out_trade_no);
const [minute, hour] = [60_000, 3_600_000];

describe('a payment', () => {
  it.each(['MD5', 'HMAC-SHA256'] as const)(
    'is told with the fields of the page, signed as its order was: %s',
    async (signType) => {
      await order('tea', { attach: 'table 7' }, signType);
      sandbox.payer('tea').pay();
      await sandbox.notifications.idle();
      const [notification] = receiver.received;
      expect(receiver.received).toHaveLength(1);
      expect(notification?.headers).toMatchObject({ 'content-type': 'text/xml' });
      expect(notification?.headers['request-id']).toMatch(/^[\w-]{36}$/);
      const { sign, nonce_str: nonce, transaction_id: transactionId, openid, ...rest } = notification?.fields ?? {};
      expect(rest).toEqual({
        return_code: 'SUCCESS',
        result_code: 'SUCCESS',
        appid: sandbox.merchant.appId,
        mch_id: sandbox.merchant.merchantId,
        is_subscribe: 'N',
        trade_type: 'NATIVE',
        bank_type: 'OTHERS',
        fee_type: 'HKD',
        total_fee: '888',
        cash_fee_type: 'HKD',
        cash_fee: '888',
        out_trade_no: 'tea',
        attach: 'table 7',
        time_end: '20260301120005',
      });
      expect([nonce, transactionId, openid].every(Boolean)).toBe(true);
      expect(sign).toBe(signWith(notification?.fields ?? {}, sandbox.merchant.apiKey, signType));
    },
  );

  it('is told over HTTPS, to a server of the sandbox’s authority', async () => {
    const secure = await Receiver.start(sandbox);
    await paid('tea', { notify_url: secure.url });
    expect(secure.received.map(({ fields }) => fields.out_trade_no)).toEqual(['tea']);
    expect(sandbox.notifications.list()).toMatchObject([{ state: 'acknowledged', attempts: [{ status: 200 }] }]);
    await secure.stop();
  });

  it('is told once, where the first is acknowledged', async () => {
    await paid();
    sandbox.clock.advance(48 * hour);
    await sandbox.notifications.idle();
    expect(numbers()).toEqual(['tea']);
  });

  it('is told of an institution’s order with its sub-merchant', async () => {
    const merchant = await sandbox.merchants.create({
      subMerchants: [{ subMerchantId: '1900000401', subAppId: 'wx4' }],
    });
    const fields = {
      ...{
        body: 'tea',
        out_trade_no: 'sub',
        total_fee: '888',
        spbill_create_ip: '203.0.113.7',
        notify_url: receiver.url,
      },
      ...{ trade_type: 'JSAPI', sub_openid: 'oSub', sub_mch_id: '1900000401', sub_appid: 'wx4' },
    };
    await post(sandbox, '/pay/unifiedorder', fields, { merchant });
    sandbox.payer('sub').pay();
    await sandbox.notifications.idle();
    expect(receiver.received[0]?.fields).toMatchObject({
      ...{
        mch_id: merchant.merchantId,
        sub_mch_id: '1900000401',
        sub_appid: 'wx4',
        sub_openid: 'oSub',
        fee_type: 'CNY',
      },
    });
  });

  it('is not told of an order that nobody has paid', async () => {
    await order('tea');
    sandbox.payer('tea').cancel();
    sandbox.clock.advance(48 * hour);
    await sandbox.notifications.idle();
    expect(receiver.begun).toBe(0);
  });
});

describe('without the right answer', () => {
  it('is told again after 15 s, 15 s, 30 s and so on: 15 times in 24 h 4 min, and then never', async () => {
    receiver.answer = { body: 'success' };
    await paid();
    sandbox.clock.advance(14_999);
    await sandbox.notifications.idle();
    expect(receiver.received).toHaveLength(1);
    sandbox.clock.advance(1);
    await sandbox.notifications.idle();
    expect(receiver.received).toHaveLength(2);
    sandbox.clock.advance(72 * hour);
    await sandbox.notifications.idle();
    const [notification] = sandbox.notifications.list();
    const { attempts, state } = notification!;
    const times = attempts.map(({ at }) => at.getTime());
    expect(state).toBe('given-up');
    expect(times.slice(1).map((time, index) => time - times[index]!)).toEqual([
      ...[15_000, 15_000, 30_000, 3 * minute, 10 * minute, 20 * minute, 30 * minute, 30 * minute, 30 * minute],
      ...[hour, 3 * hour, 3 * hour, 3 * hour, 6 * hour, 6 * hour],
    ]);
    expect(times.at(-1)! - times[0]!).toBe(24 * hour + 4 * minute);
    expect(receiver.received).toHaveLength(16);
  });

  it.each([
    ['an empty body', { body: '' }],
    ['the word', { body: 'SUCCESS' }],
    ['JSON', { body: '{"code":"SUCCESS"}' }],
    ['FAIL', { body: acknowledgement.body!.replace('SUCCESS', 'FAIL') }],
    ['another root', { body: '<root><return_code>SUCCESS</return_code></root>' }],
    ['status 201', { ...acknowledgement, status: 201 }],
    ['status 204', { status: 204 }],
    ['status 500', { ...acknowledgement, status: 500 }],
    ['a redirect', { status: 302 }],
  ])('such as %s', async (_, answer) => {
    receiver.answer = answer;
    await paid();
    receiver.answer = acknowledgement;
    sandbox.clock.advance(15_000);
    await sandbox.notifications.idle();
    expect(receiver.received).toHaveLength(2);
    expect(sandbox.notifications.list()[0]).toMatchObject({
      state: 'acknowledged',
      attempts: [{ isAcknowledged: false }, { isAcknowledged: true }],
    });
  });

  it('such as none in time, or nobody there', async () => {
    await using hasty = await Sandbox.start({ notificationTimeoutMs: 50, authority: sandbox.authority });
    receiver.answer = 'never';
    for (const [outTradeNo, url] of Object.entries({ slow: receiver.url, nobody: 'http://localhost:1/n' })) {
      const fields = {
        ...{
          body: 'tea',
          out_trade_no: outTradeNo,
          total_fee: '888',
          spbill_create_ip: '203.0.113.7',
          notify_url: url,
        },
        trade_type: 'APP',
      };
      await post(hasty, '/pay/unifiedorder', fields);
      hasty.payer(outTradeNo).pay();
    }
    await hasty.notifications.idle();
    const errors = hasty.notifications.list().map(({ attempts }) => attempts[0]?.error);
    expect(errors).toEqual(['no answer within 50 ms', expect.any(String)]);
  });
});

describe('faults', () => {
  const repeated = async (fault: NotificationFault): Promise<void> => {
    sandbox.notifications.faults.add(fault);
    await paid();
    sandbox.clock.advance(15_000);
    await sandbox.notifications.idle();
  };

  it('lost: only the repeat arrives', async () => {
    await repeated({ kind: 'lost' });
    expect(numbers()).toEqual(['tea']);
    expect(sandbox.notifications.list()[0]?.attempts).toMatchObject([{ fault: 'lost' }, { isAcknowledged: true }]);
  });

  it('duplicated: two copies, and no repeat', async () => {
    await repeated({ kind: 'duplicated' });
    expect(numbers()).toEqual(['tea', 'tea']);
    expect(receiver.received[0]?.text).toBe(receiver.received[1]?.text);
  });

  it('late: after so long, by the sandbox’s clock', async () => {
    sandbox.notifications.faults.add({ kind: 'late', delayMs: 5 * hour });
    await paid();
    sandbox.clock.advance(5 * hour - 1);
    await sandbox.notifications.idle();
    expect(numbers()).toEqual([]);
    sandbox.clock.advance(1);
    await sandbox.notifications.idle();
    expect(numbers()).toEqual(['tea']);
  });

  it('out of order: after the next one', async () => {
    sandbox.notifications.faults.add({ kind: 'out-of-order' });
    await paid('first');
    expect(numbers()).toEqual([]);
    await paid('second');
    expect(numbers()).toEqual(['second', 'first']);
  });

  it('forged: properly formed, and signed without the key; the real one follows, also where it is acknowledged', async () => {
    await repeated({ kind: 'forged' });
    const [forged, real] = receiver.received.map(({ fields }) => fields);
    expect(forged?.sign).not.toBe(signWith(forged ?? {}, sandbox.merchant.apiKey));
    expect(real?.sign).toBe(signWith(real ?? {}, sandbox.merchant.apiKey));
  });

  it('wrong amount: 1, properly signed', async () => {
    await repeated({ kind: 'wrong-amount' });
    const [wrong, real] = receiver.received.map(({ fields }) => fields);
    expect([wrong?.total_fee, real?.total_fee]).toEqual(['1', '888']);
    expect(wrong?.sign).toBe(signWith(wrong ?? {}, sandbox.merchant.apiKey));
  });

  it('foreign merchant: another mch_id and appid', async () => {
    await repeated({ kind: 'foreign-merchant' });
    const [foreign, real] = receiver.received.map(({ fields }) => fields);
    expect(foreign?.mch_id).not.toBe(sandbox.merchant.merchantId);
    expect(foreign?.appid).not.toBe(sandbox.merchant.appId);
    expect(real?.mch_id).toBe(sandbox.merchant.merchantId);
  });

  it('cut: the request breaks off; the repeat is whole', async () => {
    await repeated({ kind: 'cut' });
    expect(numbers()).toEqual(['tea']);
    expect(sandbox.notifications.list()[0]?.attempts[0]).toMatchObject({ fault: 'cut', isAcknowledged: false });
  });

  it('truncated: half of the document in a whole request', async () => {
    await repeated({ kind: 'truncated' });
    expect(receiver.received.map(({ text }) => text.endsWith('</xml>'))).toEqual([false, true]);
  });

  it('slow: the answer counts as too late', async () => {
    await repeated({ kind: 'slow' });
    expect(numbers()).toEqual(['tea', 'tea']);
  });

  it('strike the kind that is meant, as often as is meant', async () => {
    sandbox.notifications.faults.add({ kind: 'lost' }, { of: 'refund' });
    sandbox.notifications.faults.add({ kind: 'lost' }, { of: 'payment', times: 2 });
    await paid();
    sandbox.clock.advance(30_000);
    await sandbox.notifications.idle();
    expect(sandbox.notifications.list()[0]?.attempts.map(({ fault }) => fault)).toEqual(['lost', 'lost', undefined]);
  });

  it.each([
    [{ kind: 'unheard-of' }, {}, /fault\.kind is one of lost/],
    [{ kind: 'late' }, {}, /needs delayMs/],
    [{ kind: 'lost' }, { times: 0 }, /times is a whole number/],
  ])('%j with %j are refused', (fault, options, message) => {
    expect(() => {
      sandbox.notifications.faults.add(fault as NotificationFault, options);
    }).toThrow(message);
  });
});

describe('a refund', () => {
  function decrypted(reqInfo = '', apiKey = sandbox.merchant.apiKey): string {
    const decipher = createDecipheriv('aes-256-ecb', createHash('md5').update(apiKey).digest('hex'), null);
    return decipher.update(reqInfo, 'base64', 'utf8') + decipher.final('utf8');
  }

  it('is told encrypted, as the page says, of Quick Pay too', async () => {
    sandbox.orders.create({ state: 'paid', outTradeNo: 'tea' });
    const { fields } = await refund(sandbox, 'tea', 'R-1', 300, { fields: { notify_url: receiver.url } });
    await sandbox.notifications.idle();
    const { req_info: reqInfo, nonce_str: nonce, ...outer } = receiver.received[0]?.fields ?? {};
    expect(outer).toEqual({
      return_code: 'SUCCESS',
      appid: sandbox.merchant.appId,
      mch_id: sandbox.merchant.merchantId,
    });
    expect(nonce).toBeTruthy();
    const text = decrypted(reqInfo);
    expect(text).toMatch(/^<root>[\s\S]*<\/root>$/);
    expect(fieldsIn(text)).toEqual({
      out_refund_no: 'R-1',
      out_trade_no: 'tea',
      refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
      refund_fee: '300',
      refund_id: fields.refund_id,
      refund_recv_accout: '支付用户零钱',
      refund_request_source: 'API',
      refund_status: 'SUCCESS',
      settlement_refund_fee: '300',
      settlement_total_fee: '1250',
      success_time: '2026-03-01 12:00:05',
      total_fee: '1250',
      transaction_id: fields.transaction_id,
    });
    expect(sandbox.notifications.list()).toMatchObject([{ kind: 'refund', outRefundNo: 'R-1', state: 'acknowledged' }]);
  });

  it('is not told where it has no notify_url', async () => {
    sandbox.orders.create({ state: 'paid', outTradeNo: 'tea' });
    await refund(sandbox, 'tea', 'R-1', 300);
    await sandbox.notifications.idle();
    expect(sandbox.notifications.list()).toEqual([]);
  });

  it('is told when it has ended, and not while it is PROCESSING', async () => {
    await using slow = await Sandbox.start({ now: () => start, refundDelayMs: hour, authority: sandbox.authority });
    slow.orders.create({ state: 'paid', outTradeNo: 'tea' });
    await refund(slow, 'tea', 'R-1', 300, { fields: { notify_url: receiver.url } });
    await slow.notifications.idle();
    expect(receiver.received).toHaveLength(0);
    slow.clock.advance(hour);
    await slow.notifications.idle();
    const text = decrypted(receiver.received[0]?.fields.req_info, slow.merchant.apiKey);
    expect(fieldsIn(text).success_time).toBe('2026-03-01 13:00:05');
  });

  it('forged, it cannot be decrypted; with a wrong amount it can', async () => {
    sandbox.notifications.faults.add({ kind: 'forged' });
    sandbox.notifications.faults.add({ kind: 'wrong-amount' });
    sandbox.orders.create({ state: 'paid', outTradeNo: 'tea' });
    await refund(sandbox, 'tea', 'R-1', 300, { fields: { notify_url: receiver.url } });
    sandbox.clock.advance(15_000);
    await sandbox.notifications.idle();
    const [forged, wrong] = receiver.received.map(({ fields }) => fields.req_info);
    const readForged = (): string => {
      try {
        return decrypted(forged);
      } catch {
        return '';
      }
    };
    expect(readForged()).not.toContain('<root>');
    expect(fieldsIn(decrypted(wrong)).refund_fee).toBe('1');
  });
});

describe('sandbox.notification', () => {
  it('makes one of an order, as the gateway would send it', async () => {
    await order('tea');
    sandbox.payer('tea').pay();
    const { method, headers, body } = sandbox.notification({ order: sandbox.payer('tea').order });
    await sandbox.notifications.idle();
    expect(method).toBe('POST');
    expect(headers).toMatchObject({ 'Content-Type': 'text/xml', 'Content-Length': String(body.length) });
    const { nonce_str: a, sign: b, ...made } = fieldsIn(body.toString());
    const { nonce_str: c, sign: d, ...sent } = receiver.received[0]?.fields ?? {};
    expect(made).toEqual(sent);
    expect(receiver.received).toHaveLength(1);
    expect(b).toBe(signWith(fieldsIn(body.toString()), sandbox.merchant.apiKey));
    expect([a, c, d].every(Boolean)).toBe(true);
  });

  it('makes one of no order, with changed fields, signed as asked', () => {
    const { body } = sandbox.notification({ fields: { total_fee: '250', fee_type: '' }, signType: 'HMAC-SHA256' });
    const fields = fieldsIn(body.toString());
    expect(fields).toMatchObject({ total_fee: '250', trade_type: 'NATIVE' });
    expect(fields).not.toHaveProperty('fee_type');
    expect(fields.sign).toBe(signWith(fields, sandbox.merchant.apiKey, 'HMAC-SHA256'));
    expect(sandbox.orders.list()).toEqual([]);
  });

  it.each(['forged', 'wrong-amount', 'foreign-merchant', 'truncated'] as const)('makes one that is %s', (fault) => {
    const text = sandbox.notification({ fault }).body.toString();
    const fields = fieldsIn(text);
    const isOwn = fields.sign === signWith(fields, sandbox.merchant.apiKey) && text.endsWith('</xml>');
    expect(isOwn && fields.total_fee !== '1').toBe(false);
  });

  it('makes one of a refund', () => {
    const tea = sandbox.orders.create({ state: 'refunded' });
    const { body } = sandbox.notification({ kind: 'refund', order: tea, fields: { refund_status: 'CHANGE' } });
    expect(fieldsIn(body.toString()).req_info).toMatch(/^[A-Za-z0-9+/=]+$/);
  });

  it('refuses an order of another sandbox', () => {
    const strange = { ...sandbox.orders.create({ state: 'paid' }), outTradeNo: 'unheard-of' };
    expect(() => sandbox.notification({ order: strange })).toThrow('not in this sandbox');
  });
});

it('reset forgets what was to be sent', async () => {
  receiver.answer = { status: 500 };
  await paid();
  sandbox.reset();
  sandbox.clock.advance(hour);
  await sandbox.notifications.idle();
  expect(receiver.received).toHaveLength(1);
  expect(sandbox.notifications.list()).toEqual([]);
});
