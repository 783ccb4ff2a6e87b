import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  call,
  reverse,
  send,
  signedRequest,
  signWith,
  toXml,
  withCertificate,
  type Fields,
} from '../../test/client.js';
import { hostileXml } from '../../test/hostile-xml.js';
import { Sandbox, type Merchant, type Order } from '../index.js';

let sandbox: Sandbox;
let other: Merchant;
let order: Order;
beforeAll(async () => {
  sandbox = await Sandbox.start();
  other = await sandbox.merchants.create();
});
beforeEach(() => {
  order = sandbox.orders.create({ state: 'paid' });
});
afterAll(() => sandbox.stop());

/** A refusal has to be one that the merchant can verify, and must leave the order alone. */
function expectRefusal(
  reply: { status: number; fields: Fields },
  errorCode: string,
  description: string,
  key?: string,
): void {
  expect(reply.status).toBe(200);
  expect(reply.fields).toMatchObject({
    return_code: 'SUCCESS',
    result_code: 'FAIL',
    err_code: errorCode,
    err_code_des: description,
    recall: 'N',
  });
  expect(reply.fields.sign).toBe(signWith(reply.fields, key ?? sandbox.merchant.apiKey));
  expect(order.state).toBe('paid');
  expect(order.history).toHaveLength(1);
}

describe('the error codes of the page, each on its cause', () => {
  it.each(['GET', 'PUT', 'DELETE', 'OPTIONS'])('REQUIRE_POST_METHOD on %s', async (method) => {
    const body = toXml(signedRequest(sandbox, { out_trade_no: order.outTradeNo }));
    const reply = await send(sandbox, body, withCertificate(sandbox.merchant, { method }));
    expectRefusal(reply, 'REQUIRE_POST_METHOD', 'Use post method');
  });

  it.each(hostileXml)('PARAM_ERROR on $name for a body', async ({ body, problem }) => {
    const reply = await send(sandbox, body, withCertificate(sandbox.merchant));
    expectRefusal(reply, 'PARAM_ERROR', `Parameter error: ${problem}`);
    expect(reply.fields).toMatchObject({ appid: sandbox.merchant.appId, mch_id: sandbox.merchant.merchantId });
  });

  it.each(['appid', 'mch_id', 'nonce_str'])('PARAM_ERROR where %s is missing', async (name) => {
    const reply = await reverse(sandbox, order.outTradeNo, { fields: { [name]: '' } });
    expectRefusal(reply, 'PARAM_ERROR', `Parameter error: ${name} is required`);
  });

  it('PARAM_ERROR where sign is missing', async () => {
    const reply = await reverse(sandbox, order.outTradeNo, { afterSigning: { sign: '' } });
    expectRefusal(reply, 'PARAM_ERROR', 'Parameter error: sign is required');
  });

  it('PARAM_ERROR where neither number is given', async () => {
    const reply = await call(sandbox, {});
    expectRefusal(reply, 'PARAM_ERROR', 'Parameter error: transaction_id or out_trade_no is required');
  });

  const limited = [
    'appid',
    'mch_id',
    'sub_appid',
    'sub_mch_id',
    'nonce_str',
    'transaction_id',
    'out_trade_no',
    'sign_type',
  ];
  it.each(limited)('PARAM_ERROR where %s has 33 characters', async (name) => {
    const reply = await reverse(sandbox, order.outTradeNo, { fields: { [name]: '中'.repeat(33) } });
    expectRefusal(reply, 'PARAM_ERROR', `Parameter error: ${name} is longer than 32`);
    expect(reply.text).not.toContain('中');
  });

  it('PARAM_ERROR where sign has 65 characters', async () => {
    const reply = await reverse(sandbox, order.outTradeNo, { afterSigning: { sign: 'F'.repeat(65) } });
    expectRefusal(reply, 'PARAM_ERROR', 'Parameter error: sign is longer than 64');
  });

  it('PARAM_ERROR where sign_type is neither algorithm', async () => {
    const reply = await reverse(sandbox, order.outTradeNo, { fields: { sign_type: 'SHA1' } });
    expectRefusal(reply, 'PARAM_ERROR', 'Parameter error: sign_type is neither MD5 nor HMAC-SHA256');
  });

  it('INVALID_REQUEST where mch_id is unknown', async () => {
    const reply = await reverse(sandbox, order.outTradeNo, { fields: { mch_id: '1000000000' } });
    expectRefusal(reply, 'INVALID_REQUEST', 'Invalid request: mch_id is unknown');
    expect(reply.fields.mch_id).toBe('1000000000');
  });

  it('INVALID_REQUEST where appid is another merchant’s', async () => {
    const reply = await reverse(sandbox, order.outTradeNo, { fields: { appid: other.appId } });
    expectRefusal(reply, 'INVALID_REQUEST', 'Invalid request: appid is not of this mch_id');
  });

  it('INVALID_REQUEST where the certificate is another merchant’s', async () => {
    const body = toXml(signedRequest(sandbox, { out_trade_no: order.outTradeNo }));
    const reply = await send(sandbox, body, withCertificate(other));
    expectRefusal(reply, 'INVALID_REQUEST', 'Invalid request: the client certificate is not of this mch_id');
  });

  it('INVALID_REQUEST where out_trade_no is unknown, or another merchant’s', async () => {
    const foreign = sandbox.orders.create({ state: 'paid', merchant: other });
    for (const outTradeNo of ['unheard-of', foreign.outTradeNo]) {
      const reply = await reverse(sandbox, outTradeNo);
      expectRefusal(reply, 'INVALID_REQUEST', 'Invalid request: out_trade_no is unknown');
    }
    expect(foreign.state).toBe('paid');
  });

  it('INVALID_TRANSACTIONID where transaction_id is unknown, or another merchant’s, whatever out_trade_no says', async () => {
    const foreign = sandbox.orders.create({ state: 'paid', merchant: other });
    for (const transactionId of ['4200000000000000000000000000', foreign.transactionId]) {
      const reply = await reverse(sandbox, order.outTradeNo, { fields: { transaction_id: transactionId } });
      expectRefusal(reply, 'INVALID_TRANSACTIONID', 'Invalid transaction_id');
    }
    expect(foreign.state).toBe('paid');
  });

  it.each([
    { name: 'a wrong value', afterSigning: { sign: '0'.repeat(32) } },
    { name: 'a field changed after signing', afterSigning: { out_trade_no: 'another' } },
    { name: 'a field added after signing', afterSigning: { unknown: '1' } },
    { name: 'the other algorithm’s signature', afterSigning: { sign_type: 'HMAC-SHA256' } },
  ])('SIGNERROR on $name', async ({ afterSigning }) => {
    const reply = await reverse(sandbox, order.outTradeNo, { afterSigning });
    const signType = 'sign_type' in afterSigning ? 'HMAC-SHA256' : 'MD5';
    expect(reply.fields).toMatchObject({ err_code: 'SIGNERROR', err_code_des: 'Signature error', recall: 'N' });
    expect(reply.fields.sign).toBe(signWith(reply.fields, sandbox.merchant.apiKey, signType));
    expect(order.state).toBe('paid');
  });

  it('SIGNERROR on a lower-case signature', async () => {
    const request = signedRequest(sandbox, { out_trade_no: order.outTradeNo });
    const reply = await call(sandbox, request, { afterSigning: { sign: request.sign!.toLowerCase() } });
    expectRefusal(reply, 'SIGNERROR', 'Signature error');
  });

  it('bears fields that it does not know, signed', async () => {
    const reply = await reverse(sandbox, order.outTradeNo, { fields: { new_field: '] ]>&<', attach: '' } });
    expect(reply.fields.result_code).toBe('SUCCESS');
  });
});

describe('a caller whom the gateway cannot know', () => {
  it('gets an unsigned return_code FAIL that names the code', async () => {
    const { cert, key } = await sandbox.authority.issueClient({ commonName: 'nobody' });
    const body = toXml(
      signedRequest(sandbox, { out_trade_no: order.outTradeNo }, { fields: { mch_id: '1000000000' } }),
    );
    const reply = await send(sandbox, body, { cert, key });
    expect(reply.fields).toEqual({
      return_code: 'FAIL',
      return_msg: 'INVALID_REQUEST: Invalid request: mch_id is unknown',
    });
    expect((await send(sandbox, 'x', { cert, key })).fields.return_msg).toMatch(/^PARAM_ERROR: /);
    expect((await send(sandbox, '', { cert, key, method: 'GET' })).fields.return_msg).toMatch(/^REQUIRE_POST_METHOD: /);
  });
});

describe('unsignedRefusals', () => {
  it('answers the page’s other way where that is asked for', async () => {
    await using strict = await Sandbox.start({ unsignedRefusals: true, authority: sandbox.authority });
    const badSignature = await call(strict, { out_trade_no: '1' }, { afterSigning: { sign: 'F' } });
    expect(badSignature.fields).toEqual({ return_code: 'FAIL', return_msg: 'Signature Failure' });
    const badForm = await call(strict, { out_trade_no: '1'.repeat(33) });
    expect(badForm.fields).toEqual({ return_code: 'FAIL', return_msg: 'Parameter format checking error' });
    expect((await call(strict, { out_trade_no: '1' })).fields.err_code).toBe('INVALID_REQUEST');
  });
});

describe('an institution', () => {
  let institution: Merchant;
  beforeAll(async () => {
    institution = await sandbox.merchants.create({
      subMerchants: [{ subMerchantId: '1900000201', subAppId: 'wx0000000000000201' }, {}],
    });
  });

  it('reverses its sub-merchant’s order, and is told whose it was', async () => {
    const [first, second] = institution.subMerchants;
    const mine = sandbox.orders.create({ state: 'paid', merchant: institution, ...pick(first!), outTradeNo: 'same' });
    const theirs = sandbox.orders.create({
      state: 'paid',
      merchant: institution,
      ...pick(second!),
      outTradeNo: 'same',
    });
    const fields = { sub_mch_id: first!.subMerchantId, sub_appid: first!.subAppId! };
    const reply = await reverse(sandbox, 'same', { merchant: institution, fields });
    expect(reply.fields).toMatchObject({ result_code: 'SUCCESS', ...fields, mch_id: institution.merchantId });
    expect(reply.fields.sign).toBe(signWith(reply.fields, institution.apiKey));
    expect([mine.state, theirs.state]).toEqual(['refunded', 'paid']);
    expect(sandbox.orders.get('same', institution)).toBe(mine);
    expect(sandbox.orders.get('same', institution, second!.subMerchantId)).toBe(theirs);

    const foreign = await call(sandbox, { transaction_id: theirs.transactionId }, { merchant: institution, fields });
    expect(foreign.fields.err_code).toBe('INVALID_TRANSACTIONID');
    expect(theirs.state).toBe('paid');
  });

  it.each([
    { fields: {}, code: 'PARAM_ERROR', reason: 'sub_mch_id is required of an institution' },
    { fields: { sub_mch_id: '1900000999' }, code: 'INVALID_REQUEST', reason: 'sub_mch_id is not of this mch_id' },
    {
      fields: { sub_mch_id: '1900000201', sub_appid: 'wx1' },
      code: 'INVALID_REQUEST',
      reason: 'sub_appid is not of this sub_mch_id',
    },
  ])('is refused with $code where $reason', async ({ fields, code, reason }) => {
    const reply = await reverse(sandbox, order.outTradeNo, { merchant: institution, fields });
    expect(reply.fields.err_code).toBe(code);
    expect(reply.fields.err_code_des).toContain(reason);
  });

  it('is the only one that may name a sub-merchant', async () => {
    const reply = await reverse(sandbox, order.outTradeNo, { fields: { sub_mch_id: '1900000201' } });
    expectRefusal(reply, 'INVALID_REQUEST', 'Invalid request: sub_mch_id and sub_appid are for institutions');
  });

  const pick = ({ subMerchantId }: { subMerchantId: string }): { subMerchantId: string } => ({ subMerchantId });
});
