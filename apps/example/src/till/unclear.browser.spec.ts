// Over 250 lines, as one idea: each way in which an answer leaves open what was done, and what the next press does then.
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Browser, Locator, Page, Route } from 'playwright-core';
import { MemoryStore } from 'wechatpay-durable/memory';
import { Sandbox, wellKnownAuthCodes } from 'wechatpay-sandbox';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { executablePath, launch, openPage } from '../../test/browser.js';
import { callApi } from '../../test/call-api.js';
import { look, prepare } from '../../test/look.js';
import { StandingClock } from '../../test/standing-clock.js';
import { startApp, TOKEN } from '../../test/start-app.js';
import { DemoSandboxModule } from '../demo/demo-sandbox.js';

/** A database whose connection breaks once it has stored something, or that cannot be asked. */
class FailingStore extends MemoryStore {
  failsOnceStored = false;
  cannotBeAsked = false;

  override async enqueue(...args: Parameters<MemoryStore['enqueue']>): ReturnType<MemoryStore['enqueue']> {
    const result = await super.enqueue(...args);
    if (!this.failsOnceStored) return result;
    this.failsOnceStored = false;
    throw new Error('the connection is closed');
  }

  override async get(id: string): ReturnType<MemoryStore['get']> {
    if (this.cannotBeAsked) throw new Error('no connection');
    return super.get(id);
  }
}

const { paysAtOnce, paysAfter10s, balanceTooLow } = wellKnownAuthCodes;
const PAY = '**/orders/*/pay';
const REFUND = '**/orders/*/refund';
const FIND = '**/till/find?*';

describe.skipIf(executablePath === undefined)('an answer that leaves open what was done', () => {
  const clock = new StandingClock();
  const store = new FailingStore({ now: clock.now });
  let app: NestExpressApplication;
  let sandbox: Sandbox;
  let browser: Browser;
  let page: Page;
  let origin: string;
  const complaints: string[] = [];
  /** The paths of what the page posted. */
  let posted: string[] = [];

  beforeAll(async () => {
    app = await startApp(DemoSandboxModule.wechatPay(clock), { store });
    sandbox = app.get(Sandbox, { strict: false });
    origin = await app.getUrl();
    browser = await launch();
  }, 60_000);
  beforeEach(async () => {
    page = await openPage(browser, complaints);
    await prepare(page);
    posted = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') posted.push(new URL(request.url()).pathname);
    });
    await page.goto(`${origin}/?lang=en#token=${TOKEN}`);
    await page.locator('#offline').waitFor({ state: 'hidden' });
  });
  afterEach(async () => {
    await page.close();
    // The browser reports each answer that failed, which is what this is about.
    expect(complaints.splice(0).filter((text) => !/status of (401|408|50[0234])/.test(text))).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await app.close();
  });

  const stage = (answer: string): Locator => page.locator(`#stage[data-answer="${answer}"]`);
  const message = (text: string): Promise<void> => page.locator('#message').getByText(text).waitFor();
  const charges = (): number => sandbox.requests.filter(({ path }) => path === '/pay/micropay').length;
  const token = (): Locator => page.getByLabel("The till's token");

  async function press(amount: string, code: string): Promise<void> {
    await page.getByLabel('Amount', { exact: true }).fill(amount);
    await page.getByLabel("The customer's code").fill(code);
    await page.getByRole('button', { name: 'Charge', exact: true }).click();
  }

  /** What a proxy answers, in JSON: it heard nothing from the server. */
  const answer = (status: number) => async (route: Route) =>
    route.fulfill({ status, json: { message: 'upstream error', request_id: 'f00' } });

  /** A proxy that answers by itself, once. @param isPassedOn whether the server has the call all the same. */
  async function breakOnce(path: string, { status = 502, isPassedOn = false } = {}): Promise<void> {
    const handler = async (route: Route): Promise<void> => {
      if (isPassedOn) await passOn(route);
      await answer(status)(route);
    };
    await page.route(path, handler, { times: 1 });
  }

  async function passOn(route: Route): Promise<void> {
    const { pathname } = new URL(route.request().url());
    expect((await callApi(origin, 'POST', pathname, { body: route.request().postData() })).status).toBe(202);
  }

  describe('to a charge', () => {
    test.each([500, 502, 503, 504, 408])("is a proxy's %i in JSON: the same sale keeps its number", async (status) => {
      const before = charges();
      await breakOnce(PAY, { status });
      await press('8.88', paysAtOnce);
      await stage('wait').getByText('The customer may have been charged').waitFor();
      await message('it is the same order, and is charged once');
      expect(charges()).toBe(before);
      await page.reload(); // it is kept across that, too
      await press('8.88', paysAtOnce);
      await stage('paid').getByText('HKD 8.88').waitFor();
      expect(posted).toHaveLength(2);
      expect(posted[0]).toBe(posted[1]);
      expect(charges()).toBe(before + 1);
    });

    it('is a 502 though the server has it: it is charged once, however often it is pressed', async () => {
      const before = charges();
      await breakOnce(PAY, { isPassedOn: true });
      await press('7.10', paysAtOnce);
      await stage('paid').getByText('HKD 7.10').waitFor();
      expect(charges()).toBe(before + 1);
      expect(await page.getByLabel('Amount', { exact: true }).inputValue()).toBe('');
    });

    it('is not made up for by a refusal of the next call, which tells of that call alone', async () => {
      await breakOnce(PAY);
      await press('8.88', paysAtOnce);
      await message('it is the same order');
      await token().fill('wrong');
      await press('8.88', paysAtOnce);
      await message('This is not the token');
      await stage('wait').getByText('The customer may have been charged').waitFor();
      await token().fill(TOKEN);
      store.cannotBeAsked = true;
      await press('8.88', paysAtOnce);
      await message('cannot be written down');
      store.cannotBeAsked = false;
      await press('8.88', paysAtOnce);
      await stage('paid').getByText('HKD 8.88').waitFor();
      expect(new Set(posted).size).toBe(1);
    });

    it('is none where the server says that nothing was sent: the next one has a number of its own', async () => {
      store.cannotBeAsked = true;
      await press('8.88', paysAtOnce);
      await message('nothing was sent');
      await stage('ready').waitFor();
      store.cannotBeAsked = false;
      await press('8.88', paysAtOnce);
      await stage('paid').waitFor();
      expect(new Set(posted).size).toBe(2);
    });
  });

  describe('to a charge, and then another sale is charged', () => {
    test.each([
      ['amount', '5.50', paysAtOnce],
      ['code', '6.60', balanceTooLow],
    ])(
      'of another %s: the one before never came, which is said; nothing is charged by that',
      async (_, otherAmount, otherCode) => {
        const before = charges();
        await breakOnce(PAY);
        await press('6.60', paysAtOnce);
        await stage('wait').waitFor();
        await press(otherAmount, otherCode);
        await message('The sale before, HKD 6.60, did not reach the server');
        await stage('ready').waitFor();
        await look(page, 'till-sale-before');
        expect([posted.length, charges()]).toEqual([1, before]);
        // What was typed is there: it is charged by the next press, under a number of its own.
        await page.getByRole('button', { name: 'Charge', exact: true }).click();
        await page.locator('#stage:is([data-answer="paid"], [data-answer="unpaid"])').waitFor();
        expect(new Set(posted).size).toBe(2);
        expect(charges()).toBe(before + 1);
      },
    );

    test.each([
      ['another amount', '5.50', paysAtOnce],
      ['the same amount, with another code', '6.60', paysAfter10s],
    ])('of %s: the one before is there, and is not taken for this one', async (_, otherAmount, otherCode) => {
      const before = charges();
      let first: Route | undefined;
      // The proxy says 502, and passes it on all the same: it arrives when the page asks for it.
      await page.route(
        PAY,
        async (route) => {
          first = route;
          await answer(502)(route);
        },
        { times: 1 },
      );
      await page.route(FIND, async (route) => {
        await passOn(first!);
        await route.continue();
      });
      await press('6.60', paysAtOnce);
      await stage('wait').waitFor();
      await press(otherAmount, otherCode);
      await message('This is the sale before, HKD 6.60. Nothing was charged for the new one');
      await stage('paid').getByText('HKD 6.60').waitFor();
      expect([posted.length, charges()]).toEqual([1, before + 1]);
      // What was typed for the next customer is still there.
      expect(await page.getByLabel('Amount', { exact: true }).inputValue()).toBe(otherAmount);
      expect(await page.getByLabel("The customer's code").inputValue()).toBe(otherCode);
      await page.getByRole('button', { name: 'Charge', exact: true }).click();
      await expect.poll(charges).toBe(before + 2);
      expect(new Set(posted).size).toBe(2);
    });

    it('while nobody can say what became of the one before: nothing is charged', async () => {
      const before = charges();
      await breakOnce(PAY);
      await press('6.60', paysAtOnce);
      await stage('wait').waitFor();
      await breakOnce(FIND, { status: 504 });
      await press('5.50', paysAtOnce);
      await message('What became of the sale before, HKD 6.60, is not known yet');
      await stage('wait').getByText('HKD 6.60').waitFor();
      expect([posted.length, charges()]).toEqual([1, before]);
      // It is still the first one's number.
      await press('6.60', paysAtOnce);
      await stage('paid').getByText('HKD 6.60').waitFor();
      expect(new Set(posted).size).toBe(1);
    });
  });

  describe('to a refund', () => {
    const dialog = (): Locator => page.getByRole('dialog');
    const refunds = (outTradeNo: string): number[] =>
      sandbox.orders.get(outTradeNo)!.refunds.map(({ amount }) => amount);

    async function paid(): Promise<{ outTradeNo: string; row: Locator }> {
      await press('8.88', paysAtOnce);
      await stage('paid').waitFor();
      await expect.poll(() => page.locator('#orders > li').first().getAttribute('data-state')).toBe('paid');
      const outTradeNo = posted[0]!.split('/')[2]!;
      posted = [];
      const row = page.locator(`li[data-order="${outTradeNo}"]`);
      await row.locator('summary').click();
      return { outTradeNo, row };
    }

    async function refund(row: Locator, amount: string): Promise<void> {
      await row.getByRole('button', { name: 'Refund' }).click();
      await dialog().getByLabel('Amount to return').fill(amount);
      await dialog().locator('[data-answer="yes"]').click();
    }

    it('is 500 of a store that failed once it had stored it: pressed again, it is found, and nothing more is sent', async () => {
      const { outTradeNo, row } = await paid();
      store.failsOnceStored = true;
      await refund(row, '3.00');
      await message('It may have been refunded. Press Refund again');
      await row.getByRole('button', { name: 'Refund' }).click();
      await message('The refund that got no answer has arrived');
      expect(await dialog().isVisible()).toBe(false);
      expect(posted).toHaveLength(1);
      await expect.poll(() => (clock.advance(1_000), refunds(outTradeNo))).toEqual([300]);
      await expect.poll(() => row.getAttribute('data-kept')).toBe('588');

      // A second part of the same amount is another refund, since somebody means it.
      await refund(row, '3.00');
      await expect.poll(() => row.getAttribute('data-kept')).toBe('288');
      await expect.poll(() => (clock.advance(10_000), refunds(outTradeNo))).toEqual([300, 300]);
    });

    it("is a proxy's 502, of one that never came: it has its number again, whatever the amount", async () => {
      const { outTradeNo, row } = await paid();
      const numbers: string[] = [];
      page.on('request', (request) => {
        if (request.method() === 'POST') numbers.push((request.postDataJSON() as { outRefundNo: string }).outRefundNo);
      });
      await breakOnce(REFUND);
      await refund(row, '3.00');
      await message('It may have been refunded');
      await token().fill('wrong');
      await row.getByRole('button', { name: 'Refund' }).click();
      await dialog().getByText('The refund before got no answer, and the server does not have it.').waitFor();
      await dialog().getByLabel('Amount to return').fill('3.00');
      await dialog().locator('[data-answer="yes"]').click();
      await message('This is not the token'); // which tells of this call alone
      await token().fill(TOKEN);
      await refund(row, '4.00');
      await expect.poll(() => (clock.advance(1_000), refunds(outTradeNo))).toEqual([400]);
      expect(numbers).toHaveLength(3);
      expect(new Set(numbers).size).toBe(1);
    });

    it('is one of which the server cannot say yet what became of it: nothing more is sent', async () => {
      const { row } = await paid();
      await breakOnce(REFUND, { isPassedOn: true });
      await refund(row, '3.00');
      await message('It may have been refunded');
      await breakOnce(FIND);
      await row.getByRole('button', { name: 'Refund' }).click();
      await message('The server does not answer. (HTTP status 502)');
      expect(await dialog().isVisible()).toBe(false);
      expect(posted).toHaveLength(1);
    });
  });
});
