import { afterAll, beforeAll, expect, it } from 'vitest';
import { post, signWith, type RawReply } from '../../test/client.js';
import { Sandbox, type Merchant, type RotationOptions } from '../index.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start();
});
afterAll(() => sandbox.stop());

const reverse = (merchant: Merchant, apiKey = merchant.apiKey): Promise<RawReply> => {
  const { outTradeNo } = sandbox.orders.create({ state: 'paid', merchant });
  return post(
    sandbox,
    '/secapi/pay/reverse',
    { out_trade_no: outTradeNo },
    { merchant: { ...merchant, apiKey, subMerchants: [] } },
  );
};

/** With which of some merchants' keys a reply is signed. */
function signerOf({ fields }: RawReply, merchants: readonly Merchant[]): number {
  return merchants.findIndex(({ apiKey }) => signWith(fields, apiKey) === fields.sign);
}

it('takes the keys and certificates of before and after a change, until the former retire', async () => {
  const old = await sandbox.merchants.create();
  const ways: [NonNullable<RotationOptions['signsWith']>, number[]][] = [
    ['new', [1, 1]],
    ['previous', [0, 0]],
    ['by-turns', [0, 1]],
  ];
  const known = [old];
  for (const [signsWith, signers] of ways) {
    const before = known.at(-1)!;
    const after = await sandbox.merchants.rotate(old.merchantId, { signsWith });
    expect(sandbox.merchants.get(old.merchantId)).toBe(after);
    const seen: number[] = [];
    for (const merchant of [before, after]) {
      const reply = await reverse(merchant);
      expect(reply.fields.result_code).toBe('SUCCESS');
      seen.push(signerOf(reply, [before, after]));
    }
    expect(seen).toEqual(signers);
    known.push(after);
  }
  sandbox.merchants.retire(old.merchantId);
  const newest = known.at(-1)!;
  for (const merchant of known.slice(0, -1)) {
    expect(await reverse(merchant)).toMatchObject({
      status: 400,
      text: expect.stringContaining('The SSL certificate error') as string,
    });
    expect((await reverse(newest, merchant.apiKey)).fields.err_code).toBe('SIGNERROR');
  }
  expect((await reverse(newest)).fields.result_code).toBe('SUCCESS');
});

it('signs notifications with the key that it signs with', async () => {
  const old = await sandbox.merchants.create();
  const { apiKey } = await sandbox.merchants.rotate(old.merchantId, { apiKey: 'k'.repeat(32) });
  expect(apiKey).toBe('k'.repeat(32));
  const text = sandbox.notification({ merchant: sandbox.merchants.get(old.merchantId)! }).body.toString();
  const fields = Object.fromEntries(
    [...text.matchAll(/<(\w+)><!\[CDATA\[(.*?)\]\]>/g)].map(([, name = '', value = '']) => [name, value]),
  );
  expect(signWith(fields, apiKey)).toBe(fields.sign);
});

it('refuses to change what there is not', async () => {
  await expect(sandbox.merchants.rotate('1')).rejects.toThrow('no merchant has the merchantId 1');
  expect(() => {
    sandbox.merchants.retire('1');
  }).toThrow('no merchant has the merchantId 1');
  const { merchantId } = sandbox.merchant;
  await expect(sandbox.merchants.rotate(merchantId, { apiKey: 'short' })).rejects.toThrow('not 5');
});
