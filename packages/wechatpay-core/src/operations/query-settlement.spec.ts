import { beforeEach, describe, expect, it, test } from 'vitest';
import { failure } from '../../test/failure.js';
import { startGateway } from '../../test/start-gateway.js';
import { encodeXml, querySettlement, signFields, WechatPayClient, type QuerySettlementRequest } from '../index.js';

const HOUR_MS = 60 * 60 * 1_000;
/** Tomorrow in Beijing, by the machine's clock, which certificates go by. */
const DASHED = new Date(Date.now() + 32 * HOUR_MS).toISOString().slice(0, 10);
const DAY = DASHED.replaceAll('-', '');
const at = (time: string, days = 0): Date => new Date(Date.parse(`${DASHED}T${time}+08:00`) + days * 24 * HOUR_MS);

const { sandbox, client } = await startGateway((gateway) => ({ now: () => gateway.clock.now() }));

function setClock(time: Date): void {
  sandbox.clock.advance(time.getTime() - sandbox.clock.now());
}

beforeEach(() => {
  sandbox.reset();
  setClock(at('11:00:00', 1));
});

describe('what was transferred', () => {
  beforeEach(() => {
    sandbox.orders.create({ state: 'paid', outTradeNo: 'a', createdAt: at('12:00:00'), totalFee: 1_000 });
    sandbox.orders.create({
      state: 'paid',
      outTradeNo: 'b',
      createdAt: at('12:00:00'),
      totalFee: 888,
      currency: 'JPY',
    });
    const gone = sandbox.orders.create({ state: 'paid', outTradeNo: 'c', createdAt: at('12:00:00'), totalFee: 200 });
    setClock(at('13:00:00'));
    sandbox.orders.reverse(gone);
    setClock(at('11:00:00', 1));
  });

  it('comes by days and currencies, and is not signed', async () => {
    const { signature, settlements } = await querySettlement(client, { settled: true, dateStart: DAY, dateEnd: DAY });
    expect(signature).toBe('absent');
    expect(settlements).toMatchObject([
      {
        batchNumber: `${DAY}0001`,
        date: DASHED,
        dateStart: DASHED,
        dateEnd: DASHED,
        currency: 'HKD',
        payFee: 1_200,
        refundFee: -200,
        payNetFee: 1_000,
        poundageFee: 6,
        settlementFee: 994,
        unsettlementFee: 0,
      },
      { currency: 'JPY', payFee: 888, refundFee: 0, poundageFee: 5, settlementFee: 883 },
    ]);
    expect(settlements[0]!.splitSettlementFee).toBeUndefined();
    expect(settlements[0]!.raw.fbatchno).toBe(`${DAY}0001`);
  });

  it('is asked for by pages, and by days of Beijing', async () => {
    const request = { settled: true, dateStart: at('00:00:00'), dateEnd: at('23:59:59') };
    expect((await querySettlement(client, { ...request, limit: 1 })).settlements).toHaveLength(1);
    expect((await querySettlement(client, { ...request, offset: 2 })).settlements).toEqual([]);
    expect(sandbox.requests.at(-1)?.fields).toMatchObject({
      usetag: '1',
      date_start: DAY,
      date_end: DAY,
      offset: '2',
      limit: '10',
    });
    const before = { settled: true, dateStart: at('00:00:00', -3), dateEnd: at('23:59:59', -1) };
    expect((await querySettlement(client, before)).settlements).toEqual([]);
  });

  it('is not what is still to be', async () => {
    setClock(at('09:00:00', 1));
    expect((await querySettlement(client, { settled: true, dateStart: DAY, dateEnd: DAY })).settlements).toEqual([]);
    expect((await querySettlement(client, { settled: false })).settlements).toMatchObject([
      { currency: 'HKD', settlementFee: 0, unsettlementFee: 994 },
      { currency: 'JPY' },
    ]);
  });
});

describe('a request', () => {
  test.each([
    [{ settled: 1 }, 'settled'],
    [{}, 'settled'],
    [{ settled: true }, 'dateStart'],
    [{ settled: true, dateStart: '20260301' }, 'dateEnd'],
    [{ settled: true, dateStart: '20260302', dateEnd: '20260301' }, 'dateEnd'],
    [{ settled: false, dateStart: '2026' }, 'dateStart'],
    [{ settled: false, dateEnd: '20260230' }, 'dateEnd'],
    [{ settled: false, limit: 11 }, 'limit'],
    [{ settled: false, limit: 0 }, 'limit'],
    [{ settled: false, offset: -1 }, 'offset'],
    [{ settled: false, withSplit: 'true' }, 'withSplit'],
    [{ settled: false, usetag: 1 }, 'usetag'],
  ])('%j is refused', async (request, field) => {
    const error = await failure(querySettlement(client, request as unknown as QuerySettlementRequest));
    expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', field });
    expect(sandbox.requests).toHaveLength(0);
  });

  it('asks for what was split where that is wished', async () => {
    await querySettlement(client, { settled: false, withSplit: true });
    expect(sandbox.requests.at(-1)?.fields.query_split).toBe('true');
  });
});

describe('an answer', () => {
  const merchant = {
    appId: 'wx2421b1c4370ec43b',
    merchantId: '1900000109',
    apiKey: '192006250b4c09247ec02edce69f6a2d',
  };
  const request = { settled: false };
  const ask = async (body: string, status = 200): Promise<unknown> => {
    const by = new WechatPayClient({
      ...merchant,
      transport: () => Promise.resolve({ status, body: Buffer.from(body) }),
    });
    return querySettlement(by, request).finally(() => by.close());
  };
  const document = (fields: Record<string, string>, ...groups: string[]): string =>
    `${encodeXml(fields).slice(0, -'</xml>'.length)}${groups.join('')}</xml>`;
  const head = { return_code: 'SUCCESS', return_msg: 'OK', result_code: 'SUCCESS' };
  const parties = { appid: merchant.appId, mch_id: merchant.merchantId };
  const group = (index: number, fields: Record<string, string> = {}): string =>
    encodeXml({
      fbatchno: '201705290004',
      settlementfee_type: 'USD',
      pay_fee: '16',
      refund_fee: '-11',
      ...fields,
    }).replaceAll(/(<\/?)xml>/g, `$1setteinfo_${index}>`);
  const signed = (fields: Record<string, string>): Record<string, string> => ({
    ...fields,
    sign: signFields(fields, merchant.apiKey, 'HMAC-SHA256'),
  });

  it('as it was seen in 2017 is read', async () => {
    const found = await ask(document({ ...head, record_num: '2' }, group(0), group(1, { fbatchno: '201705310003' })));
    expect(found).toMatchObject({
      signature: 'absent',
      settlements: [
        { batchNumber: '201705290004', payFee: 16, refundFee: -11, currency: 'USD' },
        { batchNumber: '201705310003' },
      ],
    });
  });

  it('in another order of its numbers is read in theirs', async () => {
    const found = await ask(
      document({ ...head, record_num: '2' }, group(1, { fbatchno: '1' }), group(0, { fbatchno: '0' })),
    );
    expect(found).toMatchObject({ settlements: [{ batchNumber: '0' }, { batchNumber: '1' }] });
  });

  it('with a signature that no page explains says that it was not checked', async () => {
    const fields = { ...head, ...parties, nonce_str: 'n', record_num: '1', sign: 'A'.repeat(64) };
    expect(await ask(document(fields, group(0)))).toMatchObject({ signature: 'unchecked' });
  });

  it('that is flat is verified', async () => {
    const fields = { ...head, ...parties, nonce_str: 'n', record_num: '0' };
    expect(await ask(document(signed(fields)))).toEqual({ signature: 'verified', settlements: [] });
    const forged = failure(ask(document({ ...signed(fields), return_msg: 'changed' })));
    expect(await forged).toMatchObject({ code: 'WECHATPAY_SIGNATURE_MISMATCH' });
  });

  test.each<readonly [string, string, object]>([
    [
      'a refusal to talk',
      document({ return_code: 'FAIL', return_msg: 'busy' }),
      { code: 'WECHATPAY_GATEWAY_FAIL', returnMessage: 'busy' },
    ],
    [
      'an unsigned refusal',
      document({ ...head, result_code: 'FAIL', err_code: 'SYSTEMERROR' }),
      { code: 'WECHATPAY_GATEWAY_FAIL', returnMessage: 'SYSTEMERROR' },
    ],
    [
      'a signed refusal',
      document(signed({ ...head, ...parties, nonce_str: 'n', result_code: 'FAIL', err_code: 'SYSTEMERROR' })),
      { code: 'WECHATPAY_BUSINESS_FAIL', errorCode: 'SYSTEMERROR', advice: 'retry-later' },
    ],
    ['no result_code', document({ return_code: 'SUCCESS', record_num: '0' }), { code: 'WECHATPAY_MALFORMED_RESPONSE' }],
    ['another merchant', document({ ...head, mch_id: '1', record_num: '0' }), { code: 'WECHATPAY_MALFORMED_RESPONSE' }],
    ['fewer than it says', document({ ...head, record_num: '2' }, group(0)), { code: 'WECHATPAY_MALFORMED_RESPONSE' }],
    ['no number of them', document(head, group(0)), { code: 'WECHATPAY_MALFORMED_RESPONSE' }],
    [
      'a number twice',
      document({ ...head, record_num: '2' }, group(0), group(0)),
      { code: 'WECHATPAY_MALFORMED_RESPONSE' },
    ],
    [
      'a number left out',
      document({ ...head, record_num: '2' }, group(0), group(2)),
      { code: 'WECHATPAY_MALFORMED_RESPONSE' },
    ],
    [
      'no amount',
      document({ ...head, record_num: '1' }, group(0, { pay_fee: '1.5' })),
      { code: 'WECHATPAY_MALFORMED_RESPONSE' },
    ],
    [
      'no currency',
      document({ ...head, record_num: '1' }, group(0, { settlementfee_type: '' })),
      { code: 'WECHATPAY_MALFORMED_RESPONSE' },
    ],
    [
      'two levels',
      document({ ...head, record_num: '1' }, `<setteinfo_0>${group(1)}</setteinfo_0>`),
      { code: 'WECHATPAY_MALFORMED_RESPONSE' },
    ],
    [
      'another list',
      document({ ...head, record_num: '0' }, '<other_0><a>b</a></other_0>'),
      { code: 'WECHATPAY_MALFORMED_RESPONSE' },
    ],
    [
      'text for a list',
      document({ ...head, record_num: '1' }, '<setteinfo_0>x</setteinfo_0>'),
      { code: 'WECHATPAY_MALFORMED_RESPONSE' },
    ],
  ])('with %s is refused', async (_, body, expected) => {
    expect(await failure(ask(body))).toMatchObject({ outcome: 'unknown', ...expected });
  });

  it('with another status is refused', async () => {
    expect(await failure(ask('busy', 503))).toMatchObject({ code: 'WECHATPAY_HTTP_STATUS', status: 503 });
  });

  it('takes linear time, also where it could be read in two ways', async () => {
    const empty = Array.from({ length: 900 }, (_, index) => `<setteinfo_${index}> </setteinfo_${index}>`);
    await failure(ask(`<xml>${empty.join('')}<a>`));
    await failure(ask(`<xml>${'<setteinfo_0><a/>'.repeat(3_000)}`));
  });
});
