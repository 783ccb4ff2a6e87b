// Over 250 lines, as one idea: each state of the till, reached in a browser one after the other, with one application for all.
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Browser, Locator, Page } from 'playwright-core';
import { MemoryStore } from 'wechatpay-durable/memory';
import { Sandbox, wellKnownAuthCodes } from 'wechatpay-sandbox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callApi } from '../../test/call-api.js';
import { executablePath, launch, openPage } from '../../test/browser.js';
import { hasPictures, look, prepare } from '../../test/look.js';
import { StandingClock } from '../../test/standing-clock.js';
import { startApp, TOKEN } from '../../test/start-app.js';
import { DEMO_CUSTOMERS, DemoSandboxModule } from '../demo/demo-sandbox.js';

const ANSWER = ['#stage .word', '#stage .amount', '#stage .remedy'];

describe.skipIf(executablePath === undefined)('the till, in a browser', () => {
  const clock = new StandingClock();
  let app: NestExpressApplication;
  let sandbox: Sandbox;
  let browser: Browser;
  let page: Page;
  let origin: string;
  /** What the browser complains about: a script error, a breach of the page's policy, an answer that failed. */
  const complaints: string[] = [];

  beforeAll(async () => {
    const store = new MemoryStore({ now: clock.now });
    app = await startApp(DemoSandboxModule.wechatPay(clock), { store, demo: { clock, customers: DEMO_CUSTOMERS } });
    sandbox = app.get(Sandbox, { strict: false });
    origin = await app.getUrl();
    browser = await launch();
    page = await openPage(browser, complaints);
    await prepare(page);
    await page.goto(`${origin}/?lang=en#token=${TOKEN}`); // as the start prints it
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await app.close();
    expect(complaints).toEqual([]);
  });

  const stage = (answer: string): Locator => page.locator(`#stage[data-answer="${answer}"]`);
  const rows = (): Locator => page.locator('#orders > li');
  const charges = (): number => sandbox.requests.filter(({ path }) => path === '/pay/micropay').length;

  /** Fills in the form, and returns the number of the order that appears. */
  async function charge(customer: string, { amount = '8.88', loseAnswer = false } = {}): Promise<string> {
    const known = await rows().count();
    await page.getByRole('combobox', { name: 'Customer' }).selectOption(customer);
    await page.getByLabel('Amount', { exact: true }).fill(amount);
    if (loseAnswer) await page.getByLabel("Lose WeChat Pay's answer").check();
    await page.getByRole('button', { name: 'Charge', exact: true }).click();
    await rows().nth(known).waitFor();
    return (await rows().first().getAttribute('data-order')) ?? '';
  }

  /** Lets time go on a second at a time, until the stage shows it. */
  async function passUntil(answer: string): Promise<void> {
    const shown = (): Promise<string | null> => {
      clock.advance(1_000);
      return page.locator('#stage').getAttribute('data-answer');
    };
    await expect.poll(shown, { timeout: 60_000 }).toBe(answer);
  }

  /** With pictures, in each language as well; in the end, in English. */
  async function lookAt(name: string, above: readonly string[] = ANSWER): Promise<void> {
    await look(page, `till-${name}`, above);
    if (!hasPictures) return;
    for (const language of ['zh', 'zh-Hant', 'en']) {
      await page.goto(`${origin}/?lang=${language}`);
      await page.locator('#offline').waitFor({ state: 'hidden' });
      if (language !== 'en') await look(page, `till-${name}-${language}`, above);
    }
  }

  it('is ready: what has to be filled in has the focus, and the token is in the tab and nowhere else', async () => {
    expect(page.url()).toBe(`${origin}/?lang=en`);
    expect(await page.getByLabel("The till's token").inputValue()).toBe(TOKEN);
    expect(await page.context().cookies()).toEqual([]);
    await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('authCode');
    await lookAt('ready', ['#stage .word', '#pay > button']);
  });

  it('is paid: the answer and the amount, and to hand over the goods', async () => {
    const outTradeNo = await charge('Pays at once', { amount: '128.00' });
    await stage('paid').getByText('Hand over the goods.').waitFor();
    expect(await stage('paid').locator('.amount').innerText()).toBe('HKD 128.00');
    expect(sandbox.ledger.of(outTradeNo).net).toBe(12_800);
    await lookAt('paid');
    // The same after it was loaded anew.
    const shown = await page.locator('#stage').innerText();
    await page.reload();
    await stage('paid').waitFor();
    expect(await page.locator('#stage').innerText()).toBe(shown);
  });

  it('is declined: why, as one would say it to the customer', async () => {
    await charge('Has too little money');
    await stage('unpaid').getByText('The balance is too low.').waitFor();
    await stage('unpaid').getByText('Ask the customer for another card.').waitFor();
    await lookAt('declined');
  });

  it('is not known: wait, and until when; then it is, whatever the customer did', async () => {
    const outTradeNo = await charge('Walks away');
    await stage('wait').getByText('Ask the customer for the password.').waitFor();
    await expect.poll(() => page.getByRole('timer').first().innerText()).toMatch(/^0:[0-4]\d$/);
    await lookAt('wait');

    // No second payment before the first is known, unless somebody says so.
    const before = charges();
    await page.getByRole('combobox', { name: 'Customer' }).selectOption('Pays at once');
    await page.getByLabel('Amount', { exact: true }).fill('8.88');
    await page.getByRole('button', { name: 'Charge', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('The last order is not known yet: HKD 8.88').waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect(charges()).toBe(before);

    for (const [language, code, word] of [
      ['zh', 'zh-CN', '请稍候'],
      ['zh-Hant', 'zh-HK', '請稍候'],
    ] as const) {
      await page.goto(`${origin}/?lang=${language}`);
      expect(await page.locator('html').getAttribute('lang')).toBe(code);
      await stage('wait').getByText(word).first().waitFor();
      await look(page, `till-wait-${language}`, ANSWER);
    }
    await page.goto(`${origin}/?lang=en`);

    await passUntil('unpaid');
    await stage('unpaid').getByText('The payment was not confirmed in time.').waitFor();
    expect(sandbox.ledger.of(outTradeNo).paid).toBe(0);
    await lookAt('reversed');
  });

  it('finds out that a customer paid whose answer was lost, and shows each step', async () => {
    const outTradeNo = await charge('Pays at once', { loseAnswer: true, amount: '12.50' });
    await stage('wait').getByText('it is not known yet').waitFor();
    await passUntil('paid');
    const row = page.locator(`li[data-order="${outTradeNo}"]`);
    await row.locator('summary').press('Enter'); // unfolds
    for (const text of ['Quick Pay: WECHATPAY_CONNECTION', 'Asked: paid', 'HKD 12.50', outTradeNo]) {
      await row.locator('details').getByText(text).first().waitFor();
    }
    expect(sandbox.ledger.of(outTradeNo).net).toBe(1250);
    await lookAt('unfolded', []);
  });

  it('refunds by amount, once somebody has said so twice; found by any number on the receipt', async () => {
    const outTradeNo = await charge('Pays at once');
    await stage('paid').waitFor();
    const { transactionId } = sandbox.orders.get(outTradeNo)!;
    const row = page.locator(`li[data-order="${outTradeNo}"]`);
    const find = async (number: string): Promise<void> => {
      await page.getByLabel('Find an order').fill(number);
      await page.getByLabel('Find an order').press('Enter');
      await expect.poll(() => page.getByLabel('Find an order').inputValue()).toBe(''); // it was found
      await row.getByRole('button', { name: 'Refund' }).waitFor();
    };
    await find(transactionId);
    const before = sandbox.requests.length;
    const dialog = page.getByRole('dialog');
    const yes = dialog.locator('[data-answer="yes"]');
    const fee = dialog.getByLabel('Amount to return');
    for (const no of [
      () => dialog.getByRole('button', { name: 'Cancel' }).press('Enter'),
      () => fee.press('Escape'),
      () => dialog.getByRole('button', { name: 'Cancel' }).click(),
    ]) {
      await row.getByRole('button', { name: 'Refund' }).click();
      await dialog.getByText(`Refund HKD 8.88 of HKD 8.88 for “Two cups of tea”, order ${outTradeNo}?`).waitFor();
      await no();
      await dialog.waitFor({ state: 'hidden' });
    }
    expect(sandbox.requests).toHaveLength(before);

    await row.getByRole('button', { name: 'Refund' }).click();
    for (const wrong of ['8.89', '0', 'all', '1.001']) {
      await fee.fill(wrong);
      expect(await yes.isDisabled(), wrong).toBe(true);
    }
    await fee.fill('3');
    await dialog.getByText('Refund HKD 3.00 of HKD 8.88').waitFor();
    await look(page, 'till-refund-dialog');
    await yes.click();
    await stage('paid').getByText('A part was returned.').waitFor();
    expect(await row.getAttribute('data-kept')).toBe('588');
    await expect.poll(() => (clock.advance(1_000), sandbox.ledger.of(outTradeNo).returned)).toBe(300);

    const { outRefundNo } = sandbox.orders.get(outTradeNo)!.refunds[0]!;
    await find(outRefundNo);
    await row.getByRole('button', { name: 'Refund' }).click();
    await dialog.getByText('Refund HKD 5.88 of HKD 8.88').waitFor();
    await yes.click();
    await stage('refunding').waitFor();
    await lookAt('refunding');
    await passUntil('refunded');
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 888, net: 0 });
    await lookAt('refunded');
    await page.locator('#totals').getByText('HKD 8.88 returned').waitFor();

    await page.getByLabel('Find an order').fill('unheard-of');
    await page.getByRole('button', { name: 'Find' }).click();
    await page.getByText('No order here has this number.').waitFor();
  });

  it('takes what a scanner types, wherever the focus is, and charges it once', async () => {
    const code = wellKnownAuthCodes.paysAtOnce;
    const before = charges();
    const field = page.getByLabel('Amount', { exact: true });
    await field.fill('');
    await field.pressSequentially(`12${code}`);
    await field.press('Enter');
    await stage('paid').getByText('HKD 12.00').waitFor();
    expect(charges()).toBe(before + 1);

    // Scanned once more, there is no amount, and nothing is charged.
    await expect.poll(() => page.evaluate('document.activeElement.name')).toBe('amount');
    await field.pressSequentially(code);
    await field.press('Enter');
    await field.fill('5');
    const button = page.getByRole('button', { name: 'Find' });
    await page.getByLabel("The customer's code").fill('');
    await button.focus();
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('Find');
    await page.keyboard.type(code);
    await expect.poll(() => page.getByLabel("The customer's code").inputValue()).toBe(code);
    expect(charges()).toBe(before + 1);
    await page.getByLabel("The customer's code").press('Enter');
    await stage('paid').getByText('HKD 5.00').waitFor();
    expect(charges()).toBe(before + 2);
  });

  it('refuses an invalid amount, and what has no token: nothing is sent', async () => {
    const before = sandbox.requests.length;
    const field = page.getByLabel('Amount', { exact: true });
    await field.fill('8.888');
    await page.getByLabel("The customer's code").fill(wellKnownAuthCodes.paysAtOnce);
    await page.getByRole('button', { name: 'Charge', exact: true }).click();
    await page.locator('#message').getByText('at most 2 digits').waitFor();
    await field.fill('8.88');
    await page.getByLabel("The till's token").fill('');
    await page.getByRole('button', { name: 'Charge', exact: true }).click();
    await page.locator('#message').getByText('The token is missing').waitFor();
    await page.getByLabel("The till's token").fill(TOKEN);
    expect(sandbox.requests).toHaveLength(before);
    // The browser reports the refusal, which is what this is about.
    expect(complaints.splice(0)).toEqual([expect.stringContaining('401')]);
  });

  it('loses its network while a payment is under way: it asks nobody to pay twice, and knows by itself', async () => {
    const before = charges();
    await page.route('**/orders/*/pay', async (route) => {
      await page.context().setOffline(true);
      await page.locator('#offline').waitFor();
      // It arrives all the same, and its answer does not.
      const { pathname } = new URL(route.request().url());
      expect(await callApi(origin, 'POST', pathname, { body: route.request().postData() })).toHaveProperty(
        'status',
        202,
      );
      await route.abort('internetdisconnected');
    });
    await page.getByLabel('Amount', { exact: true }).fill('66.00');
    await page.getByLabel("The customer's code").fill(wellKnownAuthCodes.paysAtOnce);
    await page.getByRole('button', { name: 'Charge', exact: true }).click();
    await stage('wait').getByText('The customer may have been charged. Do not ask for another payment').waitFor();
    await stage('wait').getByText('HKD 66.00').waitFor();
    await page.locator('#offline').getByText('The server does not answer').waitFor();
    await look(page, 'till-lost', ANSWER);
    await page.unroute('**/orders/*/pay');
    // Nothing is sent before the server is back.
    await page.getByRole('button', { name: 'Charge', exact: true }).click();
    await page.locator('#message').getByText('Nothing was sent').waitFor();

    await page.context().setOffline(false);
    await page.locator('#offline').waitFor({ state: 'hidden' });
    await stage('paid').getByText('HKD 66.00').waitFor();
    expect(charges()).toBe(before + 1);
    expect(complaints.splice(0).filter((text) => !text.includes('net::ERR_'))).toEqual([]);
  });

  it('needs a person: the till says so, and the manager says what becomes of the money, or that it is seen to', async () => {
    const dead = async (): Promise<string> => {
      sandbox.faults.add({ kind: 'error', errorCode: 'PARAM_ERROR' }, { path: '/pay/orderquery' });
      const outTradeNo = await charge('Pays at once', { loseAnswer: true });
      await passUntil('attention');
      return outTradeNo;
    };
    const kept = await dead();
    await stage('attention').getByText('do not charge again').waitFor();
    await lookAt('attention');
    const returned = await dead();

    await page.getByRole('navigation').getByRole('link', { name: 'Attention' }).click();
    const item = (outTradeNo: string): Locator => page.locator(`#dead [data-number="${outTradeNo}"]`);
    await item(kept).getByText('PARAM_ERROR').first().waitFor();
    await item(kept).getByText('Where the customer has paid, the shop keeps the money').waitFor();
    await item(returned).getByText('The money goes back to the customer: HKD 8.88').waitFor();
    await look(page, 'attention');
    if (hasPictures) {
      for (const language of ['zh', 'zh-Hant']) {
        await page.goto(`${origin}/attention?lang=${language}`);
        await look(page, `attention-${language}`);
      }
      await page.goto(`${origin}/attention?lang=en`);
    }

    await page.getByLabel("The till's token").fill('somebody');
    await item(kept).getByRole('button', { name: 'Ask again' }).click();
    await page.locator('#message').getByText('This is not the token').waitFor();
    expect(complaints.splice(0)).toEqual([expect.stringContaining('401')]);
    await page.getByLabel("The till's token").fill(TOKEN);

    await page.route('**/redrive', (route) => route.fulfill({ status: 502, json: {} }), { times: 1 });
    await item(kept).getByRole('button', { name: 'Ask again' }).click();
    await page.locator('#message').getByText('It may have been done: load this page anew').waitFor();
    expect(complaints.splice(0)).toEqual([expect.stringContaining('502')]);

    await item(returned).getByRole('button', { name: 'Return the money' }).click();
    await page.getByRole('dialog').getByText('The money goes back to the customer: HKD 8.88').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Return the money' }).click();
    await item(returned).waitFor({ state: 'detached' });
    await expect.poll(() => (clock.advance(1_000), sandbox.ledger.of(returned).net), { timeout: 60_000 }).toBe(0);

    await item(kept).getByLabel('Note').fill('The customer showed the receipt.');
    await item(kept).getByLabel('Your name').fill('Ann');
    await item(kept).getByRole('button', { name: 'Mark as resolved' }).click();
    await page.getByText('Nothing needs a person.').waitFor();
    await page.locator('#resolved > summary').press('Enter');
    const resolved = page.locator(`#resolved [data-number="${kept}"]`);
    await resolved.locator('details > summary').press('Enter');
    await resolved.getByText('Noted by Ann: Resolved by hand: The customer showed the receipt.').waitFor();

    await resolved.getByRole('button', { name: 'Ask again' }).click();
    await resolved.waitFor({ state: 'detached' });
    await page.getByRole('navigation').getByRole('link', { name: 'Till' }).click();
    await page.locator(`li[data-order="${kept}"][data-state="paid"]`).waitFor();
    expect(sandbox.ledger.of(kept)).toEqual({ paid: 888, returned: 0, net: 888 });
  });
});
