import { describe, expect, it } from 'vitest';
import { answering } from '../../test/answering.js';
import { failure } from '../../test/failure.js';
import {
  closeOrder,
  decodeXml,
  queryOrder,
  queryRefund,
  quickPay,
  refundOrder,
  reverseOrder,
  unifiedOrder,
  type CallOptions,
  type WechatPayClient,
} from '../index.js';

type Call = (client: WechatPayClient, request: never, options?: CallOptions) => Promise<unknown>;

const ORDER = { outTradeNo: '1', subMerchantId: '2', subAppId: 'wx3' };
const OPERATIONS: readonly [name: string, call: Call, request: Readonly<Record<string, unknown>>][] = [
  [
    'quickPay',
    quickPay,
    { ...ORDER, body: 'tea', totalFee: 888, currency: 'HKD', authCode: '120061098828009406', spbillCreateIp: '::1' },
  ],
  [
    'unifiedOrder',
    unifiedOrder,
    {
      ...{ ...ORDER, body: 'tea', totalFee: 888, currency: 'HKD', spbillCreateIp: '::1' },
      ...{ tradeType: 'JSAPI', openId: 'o', notifyUrl: 'https://shop.example/n' },
    },
  ],
  ['queryOrder', queryOrder, ORDER],
  ['closeOrder', closeOrder, { ...ORDER, orderCreatedAt: new Date(Date.now() - 300_000) }],
  ['reverseOrder', reverseOrder, { ...ORDER, orderCreatedAt: new Date(Date.now() - 60_000) }],
  ['refund', refundOrder, { ...ORDER, outRefundNo: 'R1', totalFee: 888, refundFee: 88 }],
  ['queryRefund', queryRefund, { ...ORDER, outRefundNo: 'R1', offset: 0 }],
];

// A reply that serves each of them.
const REPLY = {
  transaction_id: '42',
  out_trade_no: '1',
  out_refund_no: 'R1',
  out_refund_no_0: 'R1',
  refund_id: '50000',
  refund_id_0: '50000',
  refund_fee_0: '88',
  refund_status_0: 'SUCCESS',
  refund_fee: '88',
  total_fee: '888',
  trade_state: 'SUCCESS',
  recall: 'N',
  prepay_id: 'wx1',
};

function fails(message: string): never {
  throw new Error(message);
}

describe.each(OPERATIONS)('%s', (_, operation, request) => {
  const call = operation as (client: unknown, request: unknown, options?: unknown) => Promise<unknown>;
  // An answer of the refund pages is none of Quick Pay's; Close Order's has nothing of its own.
  const isForeign = (name: string): boolean =>
    operation === closeOrder || (operation === quickPay && name.includes('refund'));
  const reply = Object.fromEntries(Object.entries(REPLY).filter(([name]) => !isForeign(name)));

  async function refusal(given: unknown, options?: unknown): Promise<Error & { field: string }> {
    const { client, requests } = answering(reply);
    const error = await failure(call(client, given, options));
    expect(error).toMatchObject({
      name: 'WechatPayRequestError',
      code: 'WECHATPAY_INVALID_REQUEST',
      outcome: 'not-sent',
    });
    expect(requests).toEqual([]);
    return error as unknown as Error & { field: string };
  }

  it('takes a literal, an object without prototype, an instance of a class, and what is undefined', async () => {
    class Dto {
      constructor(fields: object) {
        Object.assign(this, fields);
      }
      describe(): string {
        return 'a method is no property of its own';
      }
    }
    class WithGetters {
      get outTradeNo(): unknown {
        return request.outTradeNo;
      }
    }
    const { outTradeNo: _, ...rest } = request;
    for (const given of [
      request,
      Object.assign(Object.create(null) as object, request),
      new Dto(request),
      Object.assign(new WithGetters(), rest),
      { ...request, later: undefined },
      Object.freeze({ ...request }),
      { ...request, [Symbol('own')]: 1 },
    ]) {
      const { client, requests } = answering(reply);
      await call(client, given);
      expect(decodeXml(requests[0]!.body)).toMatchObject({ out_trade_no: '1', sub_mch_id: '2' });
    }
  });

  it.each([
    ['subMchId', '9', 'Did you mean subMerchantId?'],
    ['sub_mch_id', '9', 'Did you mean subMerchantId?'],
    ['out_trade_no', '9', 'Did you mean outTradeNo?'],
    ['outTradeNO', '9', 'Did you mean outTradeNo?'],
    ['zzz', 0, 'Valid properties: '],
    ['toJSON', () => undefined, 'is unknown'],
  ])('refuses an unknown property: %s', async (unread, value, message) => {
    const error = await refusal({ ...request, [unread]: value });
    expect(error).toMatchObject({ field: unread, order: { outTradeNo: '1' } });
    expect(error.message).toContain(message);
  });

  it('refuses an unknown option', async () => {
    expect(await refusal(request, { timeoutMs: 5 })).toMatchObject({ field: 'timeoutMs' });
    expect(await refusal(request, 5)).toMatchObject({ field: 'options' });
  });

  it('takes options that are absent, empty or null', async () => {
    for (const options of [undefined, null, {}, { signal: undefined }, { signal: null }]) {
      const { client, requests } = answering(reply);
      await call(client, request, options);
      expect(requests).toHaveLength(1);
    }
  });

  const reversed = Proxy.revocable({ ...request }, {});
  reversed.revoke();
  it.each<[what: string, given: unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', '1415757673'],
    ['a function', () => request],
    ['a list', [request]],
    [
      'a getter that throws',
      {
        ...request,
        get outTradeNo() {
          return fails('lazy');
        },
      },
    ],
    [
      'an unknown getter and that throws',
      {
        ...request,
        get later() {
          return fails('lazy');
        },
      },
    ],
    ['a proxy that throws', new Proxy({ ...request }, { get: () => fails('trap') })],
    ['a proxy that does not list its properties', new Proxy({ ...request }, { ownKeys: () => fails('trap') })],
    ['a reversed proxy', reversed.proxy],
    ['a toString that throws', { ...request, outTradeNo: { toString: () => fails('text') } }],
    ['a reversed proxy as a value', { ...request, outTradeNo: reversed.proxy }],
    ['a symbol', { ...request, outTradeNo: Symbol('1') }],
    ['a big integer', { ...request, outTradeNo: 1n }],
  ])('refuses %s, and sends nothing', async (_, given) => {
    await refusal(given);
  });

  it.each<[what: string, signal: unknown]>([
    ['a controller', new AbortController()],
    ['a reversed proxy', reversed.proxy],
    ['an object like one', { aborted: false, addEventListener: () => undefined }],
  ])('refuses %s as a signal', async (_, signal) => {
    expect(await refusal(request, { signal })).toMatchObject({ field: 'signal' });
  });

  it('says what it wants instead', async () => {
    for (const given of [null, undefined, '1415757673']) {
      expect((await refusal(given)).message).toMatch(/request: must be an object such as \{ [a-z][A-Za-z]+: … \}\.$/);
    }
    const cause = new Error('lazy');
    const lazy = {
      ...request,
      get outTradeNo(): string {
        throw cause;
      },
    };
    const error = await refusal(lazy);
    expect(error.message).toContain('request: cannot be read; give a plain object of documented properties.');
    expect(error.cause).toBe(cause);
  });

  it('refuses options with a getter that throws', async () => {
    expect(
      await refusal(request, {
        get signal() {
          return fails('lazy');
        },
      }),
    ).toMatchObject({ field: 'options' });
  });

  it('an error of ours that a getter throws does not say that the money could have moved', async () => {
    const { client } = answering({ result_code: 'FAIL', err_code: 'SYSTEMERROR' });
    const earlier = await failure(queryOrder(client, { outTradeNo: '1' }));
    expect(earlier).toMatchObject({ outcome: 'unknown' });
    await refusal({
      ...request,
      get outTradeNo(): string {
        throw earlier as Error;
      },
    });
  });

  it('reads each property once: what was checked is what is sent', async () => {
    const reads: Record<string, number> = {};
    const counting = new Proxy(
      { ...request },
      {
        get(target, key, receiver) {
          reads[String(key)] = (reads[String(key)] ?? 0) + 1;
          return Reflect.get(target, key, receiver) as unknown;
        },
      },
    );
    await call(answering(reply).client, counting);
    expect(Object.values(reads).every((count) => count === 1)).toBe(true);
    expect(Object.keys(reads)).toEqual(expect.arrayContaining(Object.keys(request)));
  });

  it.each([undefined, null, {}, 'client', request])('refuses %j as its client', async (client) => {
    const error = await failure(call(client, request));
    expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field: 'client' });
  });

  it('does not depend on a clock that throws', async () => {
    let isBroken = false;
    const { client, requests } = answering(reply, undefined, { now: () => (isBroken ? fails('clock') : Date.now()) });
    isBroken = true;
    await call(client, request);
    expect(requests).toHaveLength(1);
  });
});
