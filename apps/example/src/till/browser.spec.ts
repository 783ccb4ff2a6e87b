import type { NestExpressApplication } from '@nestjs/platform-express';
import { type Browser, type Page } from 'playwright-core';
import { Sandbox } from 'wechatpay-sandbox';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { executablePath, launch, openPage } from '../../test/browser.js';
import { startApp, TOKEN } from '../../test/start-app.js';
import { TickingClock } from '../../test/ticking-clock.js';
import { DEMO_CUSTOMERS, DemoSandboxModule } from '../demo/demo-sandbox.js';

describe.skipIf(executablePath === undefined)('the till, in a browser', () => {
  let app: NestExpressApplication;
  let sandbox: Sandbox;
  let browser: Browser;
  let page: Page;
  const clock = new TickingClock(10);
  /** What the browser complains about: a script error, a breach of the page's policy, an answer that failed. */
  const complaints: string[] = [];

  beforeAll(async () => {
    app = await startApp(DemoSandboxModule.wechatPay(clock), { demo: { clock, customers: DEMO_CUSTOMERS } });
    sandbox = app.get(Sandbox, { strict: false });
    browser = await launch();
    page = await openPage(browser, complaints);
    await page.goto(`${await app.getUrl()}/#token=${TOKEN}`); // as the start prints it
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await app.close();
    expect(complaints).toEqual([]);
  });

  /** Fills in the form, and returns the number of the order that appears. */
  async function charge(customer: string, { amount = '8.88', loseAnswer = false } = {}): Promise<string> {
    const known = await page.locator('#orders > li').count();
    await page.getByRole('combobox', { name: 'Customer' }).selectOption(customer);
    await page.getByLabel('Amount').fill(amount);
    if (loseAnswer) await page.getByLabel("Lose WeChat Pay's answer").check();
    await page.getByRole('button', { name: 'Charge' }).click();
    await page.locator('#orders > li').nth(known).waitFor();
    return (await page.locator('#orders > li').first().getAttribute('data-order')) ?? '';
  }

  function order(outTradeNo: string, state: string): ReturnType<Page['locator']> {
    return page.locator(`li[data-order="${outTradeNo}"][data-state="${state}"]`);
  }

  test.each([
    ['Pays at once', 'paid', 888],
    ['Types a password for 10 s', 'paid', 888],
    ['Types a password for 40 s', 'paid', 888],
    ['Pays when asked twice', 'paid', 888],
    ['Says no', 'reversed', 0],
    ['Has too little money', 'declined', 0],
    ['Walks away', 'reversed', 0],
    ['Shows an old code', 'declined', 0],
  ])('a customer who: %s', async (customer, state, kept) => {
    const outTradeNo = await charge(customer);
    await order(outTradeNo, state).waitFor();
    expect(await order(outTradeNo, state).getAttribute('data-kept')).toBe(String(kept));
    expect(sandbox.ledger.of(outTradeNo).net).toBe(kept);
  });

  it('shows each step of a customer who walks away, while it happens', async () => {
    const outTradeNo = await charge('Walks away');
    const row = page.locator(`li[data-order="${outTradeNo}"]`);
    await row.getByText('Quick Pay: USERPAYING').waitFor();
    await row.getByText('Ask the customer for the password.').waitFor();
    await row.locator('.next').getByText('Ask').waitFor();
    await row.getByText('Asked: the customer is paying').first().waitFor();
    await order(outTradeNo, 'reversed').getByText('Begin a new order.').waitFor();
  });

  it('finds out that a customer paid whose answer was lost, and reverses it at a press', async () => {
    const outTradeNo = await charge('Pays at once', { loseAnswer: true, amount: '12.50' });
    await order(outTradeNo, 'paid').getByText('The shop has: HKD 12.50').waitFor();
    expect(sandbox.ledger.of(outTradeNo).net).toBe(1250);
    await order(outTradeNo, 'paid').getByRole('button', { name: 'Refund' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Refund HKD 12.50' }).click();
    await order(outTradeNo, 'refunded').waitFor();
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 1250, returned: 1250, net: 0 });
  });

  it('asks before it refunds, and sends nothing where the answer is no', async () => {
    const outTradeNo = await charge('Pays at once');
    const refund = order(outTradeNo, 'paid').getByRole('button', { name: 'Refund' });
    await refund.waitFor();
    const before = sandbox.requests.length;
    const dialog = page.getByRole('dialog');
    for (const leave of [
      () => dialog.getByRole('button', { name: 'Cancel' }).click(),
      () => page.keyboard.press('Escape'),
      () => page.keyboard.press('Enter'),
    ]) {
      await refund.click();
      await dialog.getByText(`Refund HKD 8.88 for “Two cups of tea”, order ${outTradeNo}?`).waitFor();
      await leave();
      await dialog.waitFor({ state: 'hidden' });
    }
    expect(sandbox.requests).toHaveLength(before);
    expect(await order(outTradeNo, 'paid').count()).toBe(1);
    expect(sandbox.ledger.of(outTradeNo).net).toBe(888);
  });

  it('says that a payment failed, and asks for no password then', async () => {
    const outTradeNo = await charge('Says no');
    const row = page.locator(`li[data-order="${outTradeNo}"]`);
    await row.getByText('Asked: the payment failed').waitFor();
    expect(await row.innerText()).not.toContain('password');
    await order(outTradeNo, 'reversed').waitFor(); // what follows begins with nothing under way
  });

  it('keeps the token in its tab, out of the address, and says where to find it', async () => {
    expect(page.url()).toBe(`${await app.getUrl()}/`);
    await page.reload();
    const token = page.getByLabel("The till's token");
    expect(await token.inputValue()).toBe(TOKEN);

    await token.fill('');
    const before = sandbox.requests.length;
    await page.getByLabel("The customer's code").fill('130000000000000001');
    await page.getByRole('button', { name: 'Charge' }).click();
    await page.getByRole('alert').getByText('The token is missing').waitFor();
    expect(sandbox.requests).toHaveLength(before);
    // The browser reports the refusal, which is what this is about.
    expect(complaints.splice(0)).toEqual([expect.stringContaining('401')]);

    await token.fill(TOKEN);
    await order(await charge('Pays at once'), 'paid').waitFor();
    expect(await page.context().cookies()).toEqual([]);
  });

  it('refuses an invalid amount, and sends nothing', async () => {
    const before = sandbox.requests.length;
    await page.getByLabel('Amount').fill('8.888');
    await page.getByLabel("The customer's code").fill('130000000000000001');
    await page.getByRole('button', { name: 'Charge' }).click();
    await page.getByRole('alert').getByText('at most 2 digits').waitFor();
    expect(sandbox.requests).toHaveLength(before);
  });

  it('shows the same after it was loaded anew', async () => {
    const shown = await page.locator('#orders').innerText();
    expect(shown).toContain('The shop has: HKD 8.88');
    await page.reload();
    expect(await page.locator('#orders').innerText()).toBe(shown);
  });
});
