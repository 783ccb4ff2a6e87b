import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answering, API_KEY } from '../../test/answering.js';
import { failure } from '../../test/failure.js';
import {
  encodeXml,
  queryOrder,
  queryRefund,
  quickPay,
  refundOrder,
  reverseOrder,
  signFields,
  verifySignature,
  WechatPayClient,
} from '../index.js';

// v2 signs `name=value` pairs, joined by "&" and not escaped: one signature holds for every way of cutting that text.

/** The signed text of some fields, without the key: what an attacker sees of a genuine reply. */
function textOf(fields: Readonly<Record<string, string>>): string {
  const names = Object.keys(fields).filter((name) => fields[name] !== '');
  return names
    .sort()
    .map((name) => `${name}=${fields[name] ?? ''}`)
    .join('&');
}

/** Cuts a text at the names that an attacker chooses: each value reaches to the next of them. */
function cutAt(text: string, names: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  let rest = `&${text}`;
  for (const [index, name] of names.entries()) {
    const next = names[index + 1];
    const from = rest.indexOf(`&${name}=`) + name.length + 2;
    const to = next === undefined ? rest.length : rest.indexOf(`&${next}=`, from);
    fields[name] = rest.slice(from, to);
    rest = rest.slice(to);
  }
  return fields;
}

/** A client that is brought exactly these fields, with this signature, as someone on the way can do. */
function delivering(fields: Readonly<Record<string, string>>, signature: string): WechatPayClient {
  const body = Buffer.from(encodeXml({ ...fields, sign: signature }));
  return new WechatPayClient({
    appId: PARTIES.appid,
    merchantId: PARTIES.mch_id,
    apiKey: API_KEY,
    transport: () => Promise.resolve({ status: 200, body }),
  });
}

const PARTIES = { appid: 'wx2421b1c4370ec43b', mch_id: '10000100', return_code: 'SUCCESS', result_code: 'SUCCESS' };

describe('another order’s genuine reply, cut again', () => {
  // The attacker pays 1 for order B, and gives it this text, so that it can be cut into "order A is paid".
  const attach =
    'x&mch_id=10000100&out_trade_no=A&result_code=SUCCESS&return_code=SUCCESS&total_fee=888&trade_state=SUCCESS&transaction_id=42&z=';
  const genuine = {
    ...PARTIES,
    attach,
    bank_type: 'OTHERS',
    nonce_str: '5K8264ILTKCH16CQ2502SI8ZNMTM67VS',
    out_trade_no: 'B',
    total_fee: '1',
    trade_state: 'SUCCESS',
    transaction_id: '43',
  };
  const names = [
    'appid',
    'attach',
    'mch_id',
    'out_trade_no',
    'result_code',
    'return_code',
    'total_fee',
    'trade_state',
    'transaction_id',
    'z',
  ];
  const forged = cutAt(textOf(genuine), names);
  const signature = signFields(genuine, API_KEY, 'HMAC-SHA256');

  it('has the same signature, and says what the attacker likes', () => {
    expect(forged).toMatchObject({ out_trade_no: 'A', total_fee: '888', trade_state: 'SUCCESS', transaction_id: '42' });
    expect(verifySignature({ ...forged, sign: signature }, API_KEY, 'HMAC-SHA256')).toBe(true);
  });

  it.each(['A', 'B'])('is no answer about order %s: nobody can say which reply was sent', async (outTradeNo) => {
    for (const reply of [forged, genuine]) {
      const error = await failure(queryOrder(delivering(reply, signature), { outTradeNo }));
      expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
      expect((error as Error).message).toMatch(/signature would hold for another order as well/);
    }
  });

  it('cannot be asked for by this library: the text is refused, by name, before anything is sent', async () => {
    const { client, requests } = answering({});
    const order = { outTradeNo: 'B', totalFee: 1, authCode: '120061098828009406', spbillCreateIp: '::1' };
    for (const [field, request] of [
      ['attach', { ...order, body: 'tea', attach }],
      ['body', { ...order, body: attach.slice(0, 128) }],
      ['detail', { ...order, body: 'tea', detail: '&trade_state=SUCCESS' }],
      ['deviceInfo', { ...order, body: 'tea', deviceInfo: '1&total_fee=1' }],
    ] as const) {
      const error = await failure(quickPay(client, request));
      expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field });
    }
    expect(requests).toEqual([]);
  });
});

describe('a reply that swallows a field into a value before it', () => {
  const PAID = { ...PARTIES, transaction_id: '42', out_trade_no: 'A', trade_state: 'SUCCESS', total_fee: '888' };

  it.each([
    // out_trade_no A of rate 5 is read as an order whose number is "A&rate=5".
    ['out_trade_no', 'A&rate=5'],
    ['attach', 'x&trade_state=REFUND'],
    ['attach', 'x&recall=Y'],
    ['nonce_str', 'x&result_code=FAIL'],
    ['bank_type', 'CMB&fee_type=HKD'],
    ['attach', 'x&refund_status_0=SUCCESS'],
    ['zz', '&out_trade_no=B'],
  ])('%s: %s', async (name, value) => {
    const reply = { ...PAID, [name]: value };
    const error = await failure(queryOrder(answering(reply).client, { transactionId: '42' }));
    expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
  });

  it.each([
    ...['return_code', 'result_code', 'err_code', 'recall', 'trade_state', 'refund_status', 'refund_status_10'],
    ...['appid', 'mch_id', 'sub_appid', 'sub_mch_id', 'auth_code', 'transaction_id', 'out_trade_no', 'refund_id'],
    ...[
      'out_refund_no',
      'total_fee',
      'fee_type',
      'refund_fee',
      'refund_fee_type',
      'refund_count',
      'total_refund_count',
    ],
  ])('each field that decides about money: %s', async (name) => {
    const error = await failure(queryOrder(answering({ ...PAID, attach: `x&${name}=1` }).client, { outTradeNo: 'A' }));
    expect(error).toMatchObject({
      code: 'WECHATPAY_MALFORMED_RESPONSE',
      outcome: 'unknown',
      message: expect.stringContaining('look at the order on the Merchant Platform.') as string,
    });
  });

  it('a reply that lacks its order is about none', async () => {
    const { out_trade_no: _, ...rest } = PAID;
    expect(await failure(queryOrder(answering(rest).client, { outTradeNo: 'A' }))).toMatchObject({
      outcome: 'unknown',
      message:
        'Query Order of order A: the reply has no out_trade_no, so that it may be about another order. ' +
        'Its outcome is unknown: query the order.',
    });
  });

  it.each([
    'a=1&b=2',
    'https://shop.example/?q=tea&page=2',
    'R&D',
    'a & out_trade_no = b',
    'out_trade_no=B',
    '&&',
    '&total_fee',
  ])('a harmless attach stays possible: %s', async (attach) => {
    const { client } = answering({ ...PAID, attach });
    await expect(queryOrder(client, { outTradeNo: 'A' })).resolves.toMatchObject({ attach });
    const order = {
      outTradeNo: 'A',
      body: 'tea',
      totalFee: 888,
      authCode: '120061098828009406',
      spbillCreateIp: '::1',
    };
    await expect(quickPay(client, { ...order, attach })).resolves.toMatchObject({ attach });
  });
});

it.each([
  ['outTradeNo', { outTradeNo: 'A&rate=5' }],
  ['transactionId', { transactionId: '42&x=', outTradeNo: 'A' }],
  ['outRefundNo', { outTradeNo: 'A', outRefundNo: 'R&a=' }],
  ['subMerchantId', { outTradeNo: 'A', subMerchantId: '1&a=2' }],
])('an identifier is never one that another reply could be cut into: %s', async (field, request) => {
  const { client, requests } = answering({});
  const calls = field === 'outRefundNo' ? [] : [queryOrder, reverseOrder];
  const rest = { outRefundNo: 'R1', ...request };
  for (const call of calls)
    expect(await failure(call(client, request as never))).toMatchObject({ field, outcome: 'not-sent' });
  expect(await failure(queryRefund(client, rest))).toMatchObject({ field, outcome: 'not-sent' });
  expect(await failure(refundOrder(client, { ...rest, totalFee: 1, refundFee: 1 }))).toMatchObject({ field });
  expect(requests).toEqual([]);
});

/** Cuts a text at some of the places where it can be cut, so that the names stay in order: the signature holds. */
function cutSome(text: string, keep: readonly boolean[]): Record<string, string> {
  const places = [...`&${text}`.matchAll(/&([A-Za-z][A-Za-z0-9_]*)=/g)];
  const chosen: RegExpExecArray[] = [];
  for (const [index, place] of places.entries()) {
    if (index === 0 || (keep[index] !== false && (place[1] ?? '') > (chosen.at(-1)?.[1] ?? ''))) chosen.push(place);
  }
  const fields: Record<string, string> = {};
  for (const [index, place] of chosen.entries()) {
    fields[place[1] ?? ''] = `&${text}`.slice(place.index + place[0].length, chosen[index + 1]?.index);
  }
  return fields;
}

it('whatever a text holds and however it is cut, no reply is believed that says anything else of the order', async () => {
  const names = [
    'appid',
    'bank_type',
    'mch_id',
    'out_trade_no',
    'result_code',
    'return_code',
    'total_fee',
    'trade_state',
    'z',
  ];
  const piece = fc.oneof(
    fc.constantFrom('&', '=', 'A', 'B', '1', 'SUCCESS', 'NOTPAY', 'x', PARTIES.appid, PARTIES.mch_id),
    fc.constantFrom(...names).map((name) => `&${name}=`),
  );
  const free = fc.oneof(
    fc.constantFrom('', 'x', 'a=1&b=2', '&z=', 'x&bank_type=A'),
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc
      .shuffledSubarray(['mch_id=10000100', 'out_trade_no=A', 'result_code=SUCCESS', 'total_fee=888', 'z='])
      .map((pairs) => pairs.map((pair) => `&${pair}`).join('')),
  );
  const mostly = fc.nat(9).map((number) => number > 0);
  let [forgeries, believed] = [0, 0];
  await fc.assert(
    fc.asyncProperty(free, free, fc.array(mostly, { minLength: 40, maxLength: 40 }), async (attach, desc, keep) => {
      const genuine = {
        ...PARTIES,
        attach,
        out_trade_no: 'B',
        total_fee: '1',
        trade_state: 'NOTPAY',
        trade_state_desc: desc,
      };
      const signature = signFields(genuine, API_KEY, 'HMAC-SHA256');
      const reply = cutSome(textOf(genuine), keep);
      fc.pre(verifySignature({ ...reply, sign: signature }, API_KEY, 'HMAC-SHA256')); // an empty value takes no part in it
      if (reply.out_trade_no !== 'B') forgeries += 1;
      for (const outTradeNo of ['A', 'B']) {
        const result = await queryOrder(delivering(reply, signature), { outTradeNo }).catch(() => undefined);
        if (result === undefined) continue;
        believed += 1;
        expect(result).toMatchObject({ outTradeNo: 'B', tradeState: 'NOTPAY', totalFee: 1 });
      }
    }),
    { numRuns: 500, seed: 20260 },
  );
  // Not a test of refusing everything.
  expect(forgeries).toBeGreaterThan(50);
  expect(believed).toBeGreaterThan(10);
});
