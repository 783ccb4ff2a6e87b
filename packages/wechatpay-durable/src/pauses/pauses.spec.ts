import { describe, expect, it } from 'vitest';
import {
  DAY,
  MERCHANT,
  openClockedShop,
  OTHER_MERCHANT,
  SECOND,
  START,
  type ClockedShop,
  type Reply,
} from '../../test/clocked-shop.js';

const MINUTE = 60 * SECOND;
const FAIL = (code: string): Reply => ({ result_code: 'FAIL', err_code: code, err_code_des: 'no' });
const UNSIGNED: Reply = {
  unsigned: '<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>',
};
const ORDERS = 20;
const NUMBERS = Array.from({ length: ORDERS }, (_, index) => `A${index + 1}`);

/** Breaks a merchant, whatever the order. */
function broken(shop: ClockedShop, reply: Reply, paths: readonly string[] = []): void {
  shop.answer = ({ path, merchantId }) =>
    merchantId === MERCHANT && (paths.length === 0 || paths.includes(path)) ? reply : undefined;
}

const repair = (shop: ClockedShop): void => {
  shop.answer = () => undefined;
};
const countOf = (shop: ClockedShop, merchantId: string): number =>
  shop.calls.filter((call) => call.merchantId === merchantId).length;
const kindsOf = ({ events }: ClockedShop, ...kinds: string[]): string[] =>
  events.map(({ kind }) => kind as string).filter((kind) => kinds.includes(kind));

/** Until nothing of it waits any more, or `minutes` are over. */
async function drain(shop: ClockedShop, minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    const { waiting, active } = await shop.durableOrders.counts();
    if (waiting + active === 0) return;
    await shop.pass(MINUTE);
  }
}

describe('the same failure of many orders of one merchant', () => {
  it.each([
    ['SIGNERROR', FAIL('SIGNERROR'), 'SIGNERROR'],
    ['NOAUTH', FAIL('NOAUTH'), 'NOAUTH'],
    ['APPID_MCHID_NOT_MATCH', FAIL('APPID_MCHID_NOT_MATCH'), 'APPID_MCHID_NOT_MATCH'],
    ['an unsigned refusal', UNSIGNED, 'WECHATPAY_GATEWAY_FAIL'],
  ])('%s pauses the merchant: one event, no dead order, one probe at a time', async (_, reply, code) => {
    const shop = await openClockedShop();
    broken(shop, reply);
    for (const outTradeNo of NUMBERS) await shop.enqueue(outTradeNo);
    for (const outTradeNo of NUMBERS) await shop.enqueue(`B${outTradeNo}`, { merchantId: OTHER_MERCHANT });
    await shop.pass(15 * SECOND);
    // None of another merchant waits.
    expect(shop.told.filter(({ merchantId }) => merchantId === OTHER_MERCHANT)).toHaveLength(ORDERS);
    expect(shop.durableOrders.merchantPauses()).toMatchObject([
      { merchantId: MERCHANT, code, operation: 'Query Order' },
    ]);

    const before = countOf(shop, MERCHANT);
    for (let minute = 0; minute < 30; minute += 1) await shop.pass(MINUTE);
    expect(countOf(shop, MERCHANT) - before).toBeGreaterThanOrEqual(4);
    expect(countOf(shop, MERCHANT) - before).toBeLessThanOrEqual(12);
    expect(kindsOf(shop, 'merchant-paused', 'merchant-resumed')).toEqual(['merchant-paused']);
    expect(await shop.durableOrders.dead()).toEqual([]);

    repair(shop);
    await drain(shop, 30);
    expect(kindsOf(shop, 'merchant-paused', 'merchant-resumed')).toEqual(['merchant-paused', 'merchant-resumed']);
    expect(shop.events.find(({ kind }) => kind === 'merchant-resumed')).toMatchObject({ by: 'probe' });
    expect(await shop.durableOrders.counts()).toMatchObject({ done: 2 * ORDERS, dead: 0, waiting: 0 });
    expect(new Set(shop.told.map(({ outcome }) => outcome.kind))).toEqual(new Set(['paid']));
  });

  it('says what to look at, and which order is held is in its journal, once', async () => {
    const shop = await openClockedShop();
    broken(shop, FAIL('SIGNERROR'));
    for (const outTradeNo of NUMBERS) await shop.enqueue(outTradeNo);
    await shop.pass(15 * SECOND);
    const paused = shop.events.find(({ kind }) => kind === 'merchant-paused');
    expect(paused?.kind === 'merchant-paused' && paused.error).toMatchObject({ code: 'WECHATPAY_MERCHANT_PAUSED' });
    expect(paused?.kind === 'merchant-paused' && paused.error.message).toMatch(/SIGNERROR.*apiKey/);
    for (let minute = 0; minute < 10; minute += 1) await shop.pass(MINUTE);
    const held = await shop.durableOrders.explain({ outTradeNo: 'A20', merchantId: MERCHANT });
    const texts = held?.timeline.flatMap(({ kind, text }) => (kind === 'held' ? [text] : [])) ?? [];
    expect([1, 2]).toContain(texts.length);
    expect(texts[0]).toMatch(/as of the merchant and not of this order/);
  });

  it('goes on at once where a person says so', async () => {
    const shop = await openClockedShop();
    broken(shop, FAIL('NOAUTH'));
    for (const outTradeNo of NUMBERS) await shop.enqueue(outTradeNo);
    await shop.pass(15 * SECOND);
    repair(shop);
    expect(shop.durableOrders.resume(OTHER_MERCHANT)).toBe(false);
    expect(shop.durableOrders.resume(MERCHANT, { actor: 'Ann' })).toBe(true);
    expect(shop.durableOrders.resume(MERCHANT)).toBe(false);
    await shop.pass(SECOND);
    expect(await shop.durableOrders.counts()).toMatchObject({ done: ORDERS, dead: 0 });
    expect(shop.events.find(({ kind }) => kind === 'merchant-resumed')).toMatchObject({ by: 'person', actor: 'Ann' });
  });

  it('of a certificate is tried by the operation that needs it; what needs none goes on meanwhile', async () => {
    const shop = await openClockedShop();
    broken(shop, FAIL('NOAUTH'), ['/secapi/pay/reverse']);
    for (const outTradeNo of NUMBERS) await shop.enqueue(outTradeNo, { policy: { ifPaid: 'reverse' } });
    await shop.pass(15 * SECOND);
    expect(shop.durableOrders.merchantPauses()).toMatchObject([{ operation: 'Revoke Order', code: 'NOAUTH' }]);
    for (const outTradeNo of NUMBERS) await shop.enqueue(`K${outTradeNo}`);
    const before = shop.calls.length;
    for (let minute = 0; minute < 30; minute += 1) await shop.pass(MINUTE);
    expect(shop.calls.length - before).toBeLessThanOrEqual(ORDERS + 2 * 12); // each once; a probe queries first
    expect(shop.told.filter(({ outcome }) => outcome.kind === 'paid')).toHaveLength(ORDERS);
    expect(await shop.durableOrders.dead()).toEqual([]);
    // Somebody else reversed half of them: those that are tried say nothing about the permission, and the next are.
    for (const outTradeNo of NUMBERS.slice(0, ORDERS / 2)) shop.states.set(outTradeNo, 'REVOKED');
    for (let minute = 0; minute < 60; minute += 1) await shop.pass(MINUTE);
    repair(shop);
    await drain(shop, 60);
    expect(await shop.durableOrders.counts()).toMatchObject({ done: 2 * ORDERS, dead: 0 });
  });

  it('of a key ends by no answer to a call that works: one event, as long as it lasts', async () => {
    const shop = await openClockedShop();
    broken(shop, FAIL('SIGNERROR'), ['/secapi/pay/reverse']);
    for (const outTradeNo of NUMBERS) await shop.enqueue(outTradeNo, { policy: { ifPaid: 'reverse' } });
    await shop.pass(15 * SECOND);
    for (let minute = 0; minute < 20; minute += 1) await shop.pass(MINUTE);
    expect(kindsOf(shop, 'merchant-paused', 'merchant-resumed')).toEqual(['merchant-paused']);
  });

  it.each(['SYSTEMERROR', 'PARAM_ERROR'])(
    'does not end by %s, signed: that says nothing about a permission',
    async (code) => {
      const shop = await openClockedShop();
      broken(shop, FAIL('NOAUTH'));
      for (const outTradeNo of NUMBERS) await shop.enqueue(outTradeNo);
      await shop.pass(15 * SECOND);
      let calls = 0;
      shop.answer = ({ merchantId }) => {
        if (merchantId !== MERCHANT) return undefined;
        calls += 1;
        return FAIL(calls % 2 === 0 ? 'NOAUTH' : code);
      };
      for (let minute = 0; minute < 10; minute += 1) await shop.pass(MINUTE);
      expect(kindsOf(shop, 'merchant-paused', 'merchant-resumed')).toEqual(['merchant-paused']);
      expect(calls).toBeLessThanOrEqual(2 * 10 + 2);
      // A refusal that is about the order, signed, ends it.
      shop.answer = ({ merchantId }) => (merchantId === MERCHANT ? FAIL('ORDERNOTEXIST') : undefined);
      for (let minute = 0; minute < 6; minute += 1) await shop.pass(MINUTE);
      expect(kindsOf(shop, 'merchant-resumed')).toHaveLength(1);
    },
  );

  it('does not forget that a reversal has left: what turns out paid is not kept then', async () => {
    const shop = await openClockedShop();
    shop.states.set('A1', 'USERPAYING');
    broken(shop, FAIL('SIGNERROR'), ['/secapi/pay/reverse']);
    await shop.enqueue('A1');
    await shop.pass(15 * SECOND);
    for (let time = 0; time < 6; time += 1) await shop.pass(5 * SECOND); // at 45 s it is to be reversed
    expect(shop.calls.at(-1)).toMatchObject({ path: '/secapi/pay/reverse' });
    shop.states.set('A1', 'SUCCESS');
    repair(shop);
    await drain(shop, 10);
    expect(shop.told).toMatchObject([{ outcome: { kind: 'reversed' } }]);
  });

  it('uses up no deadline, however long it lasts', async () => {
    const shop = await openClockedShop();
    broken(shop, FAIL('SIGNERROR'));
    for (const outTradeNo of NUMBERS) {
      await shop.enqueue(outTradeNo, { deadline: new Date(START + 10 * MINUTE) });
    }
    await shop.pass(15 * SECOND);
    for (let minute = 0; minute < 60; minute += 1) await shop.pass(MINUTE);
    expect(await shop.durableOrders.dead()).toEqual([]);
    shop.clock.time += 2 * DAY;
    await shop.pass(0);
    expect(await shop.durableOrders.dead()).toEqual([]);
    repair(shop);
    await drain(shop, 30);
    expect(await shop.durableOrders.counts()).toMatchObject({ done: ORDERS, dead: 0 });
  });

  it('is one of a sub-merchant alone, where its permission is missing', async () => {
    const shop = await openClockedShop();
    shop.answer = ({ outTradeNo }) => (outTradeNo.startsWith('S') ? FAIL('NOAUTH') : undefined);
    for (const number of NUMBERS.slice(0, 5)) {
      await shop.enqueue(`S${number}`, { subMerchantId: '1900000109' });
      await shop.enqueue(`T${number}`, { subMerchantId: '1900000110' });
    }
    await shop.pass(15 * SECOND);
    expect(shop.durableOrders.merchantPauses()).toMatchObject([{ merchantId: MERCHANT, subMerchantId: '1900000109' }]);
    expect(shop.told.filter(({ order }) => order.outTradeNo.startsWith('T'))).toHaveLength(5);
  });
});

describe('a failure of few orders', () => {
  it('is believed of an order where it comes three times, and others are answered meanwhile', async () => {
    const shop = await openClockedShop();
    shop.answer = ({ outTradeNo }) => (outTradeNo === 'A1' ? FAIL('NOAUTH') : undefined);
    await shop.enqueue('A1');
    await shop.pass(15 * SECOND);
    await shop.enqueue('A2');
    await shop.pass(16 * SECOND);
    expect(await shop.durableOrders.dead()).toEqual([]);
    await drain(shop, 3);
    expect(shop.calls.filter(({ outTradeNo }) => outTradeNo === 'A1')).toHaveLength(3);
    expect(await shop.durableOrders.dead()).toMatchObject([
      { outcome: { kind: 'needs-attention', error: { errorCode: 'NOAUTH' } } },
    ]);
    expect(shop.durableOrders.merchantPauses()).toEqual([]);
  });

  it('is the merchant’s where nobody is answered meanwhile: one order alone is held, and goes on', async () => {
    const shop = await openClockedShop();
    broken(shop, FAIL('NOAUTH'));
    await shop.enqueue('A1');
    await shop.pass(15 * SECOND);
    for (let minute = 0; minute < 30; minute += 1) await shop.pass(MINUTE);
    expect(shop.durableOrders.merchantPauses()).toMatchObject([{ code: 'NOAUTH', held: 1 }]);
    repair(shop);
    await drain(shop, 10);
    expect(await shop.durableOrders.counts()).toMatchObject({ done: 1, dead: 0 });
  });

  it('is the merchant’s, too, where a refund alone is refused: the query before each is answered', async () => {
    const shop = await openClockedShop();
    broken(shop, FAIL('NOAUTH'), ['/secapi/pay/refund']);
    const policy = { ifPaid: 'reverse', refundWhenExpired: true } as const;
    await shop.enqueue('A1', { policy, orderCreatedAt: new Date(START - 8 * DAY) });
    await shop.pass(15 * SECOND);
    for (let minute = 0; minute < 30; minute += 1) await shop.pass(MINUTE);
    expect(shop.durableOrders.merchantPauses()).toMatchObject([
      { code: 'NOAUTH', operation: 'Submit Refund', held: 1 },
    ]);
    expect(kindsOf(shop, 'merchant-paused')).toHaveLength(1);
    expect(shop.calls.filter(({ path }) => path === '/secapi/pay/refund').length).toBeLessThanOrEqual(12);
  });

  it('is forgotten where the next answer is good', async () => {
    const shop = await openClockedShop();
    broken(shop, FAIL('SIGNERROR'));
    await shop.enqueue('A1');
    await shop.pass(15 * SECOND);
    repair(shop);
    await drain(shop, 2);
    expect(await shop.durableOrders.counts()).toMatchObject({ done: 1, dead: 0 });
  });
});
