import type { NestExpressApplication } from '@nestjs/platform-express';
import { Sandbox, wellKnownAuthCodes, type Fault } from 'wechatpay-sandbox';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { callApi, type Answer } from '../../test/call-api.js';
import { startApp } from '../../test/start-app.js';
import { readProblem } from '../../test/problem.js';
import { TickingClock } from '../../test/ticking-clock.js';
import { DEMO_CUSTOMERS, DemoSandboxModule } from '../demo/demo-sandbox.js';
import { durableOrder } from '../orders/durable-orders.schemas.js';
import { orderAnswer, tillOrder, tillRefund } from '../orders/orders.schemas.js';
import { Till } from './till.js';
import { toAnswer, type TillOrder, type TillOrderAnswer } from './till.order.js';

const SPEED = 20;

let app: NestExpressApplication;
let sandbox: Sandbox;
let origin: string;

beforeAll(async () => {
  app = await start();
  sandbox = app.get(Sandbox, { strict: false });
  origin = await app.getUrl();
});
afterEach(() => {
  sandbox.faults.clear();
});
afterAll(async () => {
  await app.close();
});

function start(speed = SPEED): Promise<NestExpressApplication> {
  const clock = new TickingClock(speed);
  return startApp(DemoSandboxModule.wechatPay(clock), { demo: { clock, customers: DEMO_CUSTOMERS } });
}

let orders = 0;
async function pay(authCode: string, changes: Record<string, unknown> = {}, at = origin): Promise<string> {
  orders += 1;
  const outTradeNo = `T${orders}`;
  const { status, body } = await post(
    `/orders/${outTradeNo}/pay`,
    { description: 'tea', totalFee: 888, currency: 'HKD', authCode, ...changes },
    at,
  );
  expect([status, body]).toMatchObject([202, { outTradeNo, state: 'paying' }]);
  expect(() => tillOrder.parse(body)).not.toThrow();
  return outTradeNo;
}

/** A fault of the order that is paid next: a worker may still ask about those before it. */
function strikeNext(path: string, fault: Fault): void {
  const outTradeNo = `T${orders + 1}`;
  sandbox.faults.add(fault, { path, when: ({ fields }) => fields.out_trade_no === outTradeNo });
}

function post(path: string, body: unknown = {}, at = origin): Promise<Answer> {
  return callApi(at, 'POST', path, { body });
}

/** Waits, by the till's own changes, until an order is in a state that fits. */
async function until(
  outTradeNo: string,
  fits: (order: TillOrderAnswer) => boolean,
  of = app,
): Promise<TillOrderAnswer> {
  const till = of.get(Till);
  return new Promise((resolve) => {
    const look = (order: TillOrder | undefined): void => {
      if (order?.outTradeNo !== outTradeNo) return;
      const told = toAnswer(order);
      if (fits(told)) resolve(told);
    };
    till.changes.subscribe(look);
    look(till.get(outTradeNo));
  });
}

const isEnded = ({ state }: TillOrderAnswer): boolean => state !== 'paying';

describe('a payment', () => {
  test.concurrent.each([
    ['paysAtOnce', 'paid', 888],
    ['paysAfter10s', 'paid', 888],
    ['paysAfter40s', 'paid', 888],
    ['paysAfter2Queries', 'paid', 888],
    ['refuses', 'reversed', 0],
    ['balanceTooLow', 'declined', 0],
    ['walksAway', 'reversed', 0],
    ['expired', 'declined', 0],
  ] as const)('of a customer who %s ends as the ledger says', async (customer, state, kept) => {
    const outTradeNo = await pay(wellKnownAuthCodes[customer]);
    const order = await until(outTradeNo, isEnded);
    expect(order).toMatchObject({ state, kept });
    expect(sandbox.ledger.of(outTradeNo).net).toBe(kept);
    expect(order.next).toBeUndefined();
  });

  it('that was declined stays so, while a worker reverses its order', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.balanceTooLow);
    const order = await until(outTradeNo, ({ steps }) => steps.at(-1)?.text === 'Ended');
    expect(order).toMatchObject({ state: 'declined', kept: 0, remedy: expect.stringContaining('card') as string });
    expect(order.why).toBe('The balance is too low.');
    expect(order.steps.map(({ text }) => text)).toContain('Reversed');
  });

  it('asks the customer for the password, and tells what it does next', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.walksAway);
    const asking = await until(outTradeNo, ({ steps }) => steps.length === 1);
    expect(asking.steps[0]?.text).toBe('Quick Pay: USERPAYING');
    expect(asking).toMatchObject({ remedy: expect.stringContaining('password') as string, next: { text: 'Ask' } });
    expect(asking.next!.at.getTime()).toBe(asking.createdAt.getTime() + 5_000);
    const told = await until(outTradeNo, ({ steps }) => steps.length === 2);
    expect(told.steps[1]?.text).toBe('Asked: the customer is paying');
    expect(told).toMatchObject({ remedy: expect.stringContaining('password') as string, next: { text: 'Ask' } });
    expect(tillOrder.parse(JSON.parse(JSON.stringify(told)))).toHaveProperty('next');
    expect(await until(outTradeNo, isEnded)).toMatchObject({ state: 'reversed' });
  });

  it('that failed does not ask for the password any more', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.refuses);
    const failed = await until(outTradeNo, ({ steps }) => steps.at(-1)?.text === 'Asked: the payment failed');
    expect(failed.remedy).toBe('The payment failed. Wait: the order is being reversed. Do not hand over the goods.');
    const ended = await until(outTradeNo, (order) => {
      expect(order.remedy).not.toMatch(/password/);
      return isEnded(order);
    });
    expect(ended).toMatchObject({ state: 'reversed' });
  });

  it('that is being reversed does not ask for the password any more, though the customer may still type it', async () => {
    strikeNext('/secapi/pay/reverse', { kind: 'error', errorCode: 'SYSTEMERROR', recall: true });
    const outTradeNo = await pay(wellKnownAuthCodes.refuses);
    const reversing = await until(outTradeNo, ({ steps }) => steps.at(-1)?.text === 'Reverse: SYSTEMERROR');
    expect(reversing.remedy).toBe('Wait: the order is being reversed. Do not hand over the goods.');
    await until(outTradeNo, isEnded);
  });

  it('whose answer was lost is looked up, and is paid once', async () => {
    expect(await post('/demo/lose-answer')).toHaveProperty('status', 204);
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    const order = await until(outTradeNo, isEnded);
    expect(order).toMatchObject({ state: 'paid', kept: 888 });
    expect(order.steps.map(({ text }) => text)).toEqual(['Quick Pay: WECHATPAY_CONNECTION', 'Asked: paid', 'Paid']);
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 0, net: 888 });
  });

  it('is never made twice with the same number', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    const again = await post(`/orders/${outTradeNo}/pay`, {
      description: 'tea',
      totalFee: 888,
      currency: 'HKD',
      authCode: wellKnownAuthCodes.paysAtOnce,
    });
    expect(again).toMatchObject({
      status: 409,
      body: { field: 'outTradeNo', outcome: 'not-sent', advice: 'query-order' },
    });
    readProblem(again.body);
  });

  test.each<[field: string, request: Record<string, unknown>]>([
    ['totalFee', { totalFee: 8.88 }],
    ['totalFee', { totalFee: 0 }],
    ['currency', { currency: 'hkd' }],
    ['authCode', { authCode: 'x' }],
    ['description', { description: '' }],
    ['amount', { amount: 888 }],
  ])('with a wrong %s is refused before anything is sent', async (field, change) => {
    const before = sandbox.requests.length;
    const request = { description: 'tea', totalFee: 888, currency: 'HKD', authCode: '130000000000000001', ...change };
    const answer = await post('/orders/never/pay', request);
    expect(answer).toMatchObject({ status: 422, body: { field, outcome: 'not-sent' } });
    expect(sandbox.requests).toHaveLength(before);
  });

  it('that the library refuses is told as declined: nothing was sent', async () => {
    const before = sandbox.requests.length;
    const order = await until(await pay(wellKnownAuthCodes.paysAtOnce, { description: 'te\u0000a' }), isEnded);
    expect(order).toMatchObject({ state: 'declined', kept: 0, remedy: expect.stringContaining('body') as string });
    expect(sandbox.requests).toHaveLength(before);
  });
});

describe('an order', () => {
  it('is told as WeChat Pay says it now', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    await until(outTradeNo, isEnded);
    const { body } = await callApi(origin, 'GET', `/orders/${outTradeNo}`);
    expect(orderAnswer.parse(body)).toMatchObject({
      tradeState: 'SUCCESS',
      totalFee: 888,
      currency: 'HKD',
      outTradeNo,
    });
    const unknown = await callApi(origin, 'GET', '/orders/unheard-of');
    expect(unknown).toMatchObject({ status: 422, body: { errorCode: 'ORDERNOTEXIST' } });
  });

  it('is returned in parts, each once', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    await until(outTradeNo, isEnded);
    const part = { outRefundNo: `${outTradeNo}-1`, totalFee: 888, refundFee: 300, currency: 'HKD' };
    for (let time = 1; time <= 2; time += 1) {
      const { status, body } = await post(`/orders/${outTradeNo}/refund`, part);
      expect([status, tillRefund.parse(body)]).toMatchObject([202, { refundFee: 300 }]);
      expect(app.get(Till).get(outTradeNo)).toMatchObject({ state: 'paid', kept: 588 });
    }
    const tooMuch = await post(`/orders/${outTradeNo}/refund`, { ...part, outRefundNo: 'more', refundFee: 600 });
    expect(tooMuch).toMatchObject({ status: 422, body: { outcome: 'not-sent', field: 'refundFee' } });
    await post(`/orders/${outTradeNo}/refund`, { ...part, outRefundNo: `${outTradeNo}-2`, refundFee: 588 });
    expect(app.get(Till).get(outTradeNo)).toMatchObject({ state: 'refunding', kept: 0 });
    await until(outTradeNo, ({ state }) => state === 'refunded');
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 888, net: 0 });
    // Each is stored, and found by its number.
    const found = (await (await fetch(`${origin}/till/find?number=${outTradeNo}-2`)).json()) as { id: string }[];
    expect(found).toMatchObject([{ id: `order-${outTradeNo}` }]);
  });

  it('whose refund needs a person is on the page for that, is noted there, and goes on', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    await until(outTradeNo, isEnded);
    const outRefundNo = `${outTradeNo}-1`;
    sandbox.faults.add(
      { kind: 'error', errorCode: 'PARAM_ERROR' },
      { path: '/pay/refundquery', when: ({ fields }) => fields.out_refund_no === outRefundNo },
    );
    await post(`/orders/${outTradeNo}/refund`, { outRefundNo, totalFee: 888, refundFee: 888, currency: 'HKD' });
    await until(outTradeNo, ({ state }) => state === 'needs-attention');
    const page = async (): Promise<string> => (await fetch(`${origin}/attention?lang=en`)).text();
    const [shown = '', resolved] = (await page()).split('id="resolved"');
    expect(shown).toContain(`data-number="${outRefundNo}"`);
    expect(shown).toContain('is sent the same refund again where it has none: HKD 8.88 goes to the customer, once.');
    expect(resolved).toBeUndefined();
    const chinese = await (await fetch(`${origin}/attention?lang=zh`)).text();
    expect(chinese).toContain(
      '<p>微信支付已受理退款，尚未确认到账。此后可能已有变化，尚无应答证实。停止原因：PARAM_ERROR。</p>',
    );

    const path = `/durable-refunds/${outRefundNo}`;
    expect(await post(`${path}/note`, { note: 'Called the bank.', actor: 'Ann' })).toHaveProperty('status', 204);
    expect((await page()).split('id="resolved"')[1]).toContain('Noted by Ann: Resolved by hand: Called the bank.');
    expect(await post(`${path}/redrive`)).toHaveProperty('status', 204);
    await until(outTradeNo, ({ state }) => state === 'refunded');
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 888, net: 0 });
    expect(await post(`${path}/redrive`)).toMatchObject({ status: 422, body: { field: 'outRefundNo' } });
    for (const unknown of ['/durable-refunds/none/note', '/durable-orders/none/note']) {
      expect(await post(unknown, { note: 'x', actor: 'Ann' })).toHaveProperty('status', 422);
    }
  });

  it('is reversed by a worker, and told as reversed once that is proven', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    await until(outTradeNo, isEnded);
    const { status, body } = await post(`/orders/${outTradeNo}/reverse`);
    expect([status, durableOrder.parse(body)]).toMatchObject([202, { outTradeNo }]);
    expect(app.get(Till).get(outTradeNo)).toMatchObject({ state: 'paying' });
    await until(outTradeNo, ({ state, kept }) => state === 'reversed' && kept === 0);
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 888, net: 0 });
    const again = await post(`/orders/${outTradeNo}/reverse`);
    expect([again.status, again.body]).toMatchObject([202, { status: 'done', outcome: 'reversed' }]);
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 888, net: 0 });
  });

  const reversals = (outTradeNo: string): number =>
    sandbox.requests.filter(({ path, fields }) => path === '/secapi/pay/reverse' && fields.out_trade_no === outTradeNo)
      .length;

  /** A refund that WeChat Pay takes only once the balance is enough. */
  async function refundLater(outTradeNo: string): Promise<void> {
    sandbox.faults.add(
      { kind: 'error', errorCode: 'NOTENOUGH' },
      { path: '/secapi/pay/refund', times: 1000, when: ({ fields }) => fields.out_trade_no === outTradeNo },
    );
    const part = { outRefundNo: `${outTradeNo}-1`, totalFee: 888, refundFee: 300, currency: 'HKD' };
    expect(await post(`/orders/${outTradeNo}/refund`, part)).toHaveProperty('status', 202);
  }

  it('is not reversed beside a refund that has no proven end: nothing is sent', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    await until(outTradeNo, isEnded);
    await refundLater(outTradeNo);
    const answer = await post(`/orders/${outTradeNo}/reverse`);
    expect([answer.status, readProblem(answer.body)]).toMatchObject([
      503,
      { code: 'WECHATPAY_ORDER_BUSY', outcome: 'not-sent' },
    ]);
    expect(reversals(outTradeNo)).toBe(0);
    expect(app.get(Till).get(outTradeNo)).toMatchObject({ state: 'paid', kept: 588 });
  });

  const paidElsewhere = { state: 'paid', totalFee: 888, currency: 'HKD' } as const;

  it('that is not written down is not reversed beside a refund of it either', async () => {
    const { outTradeNo, createdAt } = sandbox.orders.create({ ...paidElsewhere, outTradeNo: 'E1' });
    await refundLater(outTradeNo);
    const path = `/orders/${outTradeNo}/reverse`;
    expect(await post(path)).toMatchObject({ status: 422, body: { field: 'orderCreatedAt', outcome: 'not-sent' } });
    expect(await post(path, { orderCreatedAt: createdAt.toISOString() })).toMatchObject({
      status: 503,
      body: { code: 'WECHATPAY_ORDER_BUSY', outcome: 'not-sent' },
    });
    expect(reversals(outTradeNo)).toBe(0);
  });

  it('that is not written down is not refunded while it is being reversed', async () => {
    const { outTradeNo } = sandbox.orders.create({ ...paidElsewhere, outTradeNo: 'E2' });
    let refund: Promise<Answer> | undefined;
    const part = { outRefundNo: `${outTradeNo}-1`, totalFee: 888, refundFee: 300, currency: 'HKD' };
    const during = new Promise<Answer>((resolve) => {
      sandbox.faults.add(
        { kind: 'delay', delayMs: 1000 },
        {
          path: '/secapi/pay/reverse',
          when: ({ fields }) => {
            if (fields.out_trade_no !== outTradeNo) return false;
            refund ??= post(`/orders/${outTradeNo}/refund`, part);
            void refund.then(resolve);
            return true;
          },
        },
      );
    });
    const reversing = post(`/orders/${outTradeNo}/reverse`);
    expect(await during).toMatchObject({ status: 503, body: { statusCode: 503, outcome: 'not-sent' } });
    expect(await reversing).toMatchObject({ status: 200, body: { recall: false } });
  });

  it("is not reversed where another sub-merchant's order of its number is", async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    await until(outTradeNo, isEnded);
    const { status } = await post(`/orders/${outTradeNo}/reverse`, { subMerchantId: '1900000202' });
    expect(status).not.toBe(202);
    expect(app.get(Till).get(outTradeNo)).toMatchObject({ state: 'paid', kept: 888 });
    expect(sandbox.ledger.of(outTradeNo).net).toBe(888);
  });

  it('is in the list, the newest first', async () => {
    const [first, second] = [await pay(wellKnownAuthCodes.paysAtOnce), await pay(wellKnownAuthCodes.paysAtOnce)];
    const list = (await (await fetch(`${origin}/orders`)).json()) as TillOrderAnswer[];
    expect(list.map(({ outTradeNo }) => outTradeNo).slice(0, 2)).toEqual([second, first]);
    for (const order of list) expect(() => tillOrder.parse(order)).not.toThrow();
  });
});

describe('the page', () => {
  it('runs no script but its own, and shows text as text', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce, { description: `<img src=x onerror="alert('1')">&` });
    const response = await fetch(`${origin}/`);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    const page = await response.text();
    expect(page).toContain(`data-order="${outTradeNo}"`);
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;');
    expect(page).not.toContain('<img');
    for (const name of ['till.js', 'till.css']) {
      expect(await fetch(`${origin}/${name}`)).toHaveProperty('status', 200);
    }
  });

  it('is told of each order at once, and of each change; it does not keep the server open', async () => {
    const closing = await start(1);
    const at = await closing.getUrl();
    const before = await pay(wellKnownAuthCodes.paysAtOnce, {}, at);
    await until(before, isEnded, closing);
    const events = await fetch(`${at}/events`);
    const after = await pay(wellKnownAuthCodes.walksAway, {}, at);
    await until(after, ({ steps }) => steps.length > 0, closing);
    await closing.close();
    const told = await events.text(); // to its end
    expect(told).toContain(`{"id":"order-${before}"`);
    expect(told).toContain('Quick Pay: USERPAYING');
  });
});
