import { readFile } from 'node:fs/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Browser, Page } from 'playwright-core';
import { MemoryStore } from 'wechatpay-durable/memory';
import { Sandbox } from 'wechatpay-sandbox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { executablePath, launch, openPage } from '../../test/browser.js';
import { callApi } from '../../test/call-api.js';
import { StandingClock } from '../../test/standing-clock.js';
import { startApp, TOKEN } from '../../test/start-app.js';
import { DemoSandboxModule } from '../demo/demo-sandbox.js';

const MINUTE = 60_000;

describe.skipIf(executablePath === undefined)('the checkout, in a browser', () => {
  const clock = new StandingClock();
  let app: NestExpressApplication;
  let sandbox: Sandbox;
  let browser: Browser;
  let page: Page;
  let origin: string;
  const complaints: string[] = [];
  /** What pages ask for by themselves, but for their one stream of events. */
  const asked: string[] = [];

  beforeAll(async () => {
    const store = new MemoryStore({ now: clock.now });
    app = await startApp(DemoSandboxModule.wechatPay(clock), { store, demo: { clock, customers: [] } });
    sandbox = app.get(Sandbox, { strict: false });
    browser = await launch();
    page = await openPage(browser, complaints);
    page.on('request', (request) => {
      if (['fetch', 'xhr'].includes(request.resourceType())) asked.push(request.url());
    });
    origin = await app.getUrl();
    await page.goto(`${origin}/#token=${TOKEN}`); // as the start prints it
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await app.close();
    expect(complaints).toEqual([]);
  });

  /** Makes an order by the form, and returns its number. */
  async function checkOut(language = 'en'): Promise<string> {
    await page.goto(`${origin}/checkout?lang=${language}`);
    await page.locator('input[name="amount"]:focus').waitFor(); // the first field has the focus
    await page.keyboard.press('Enter');
    await shows('waiting');
    asked.length = 0;
    return (await page.locator('#order').getAttribute('data-order')) ?? '';
  }

  const shows = (state: string): Promise<void> => page.locator(`#order[data-state="${state}"]`).waitFor();

  /** Lets time go on a second at a time, until the page shows it. */
  async function passUntil(state: string): Promise<void> {
    await expect
      .poll(
        () => {
          clock.advance(1_000);
          return page.locator('#order').getAttribute('data-state');
        },
        { timeout: 60_000 },
      )
      .toBe(state);
  }

  async function openPhone(link = "Open the customer's phone"): Promise<Page> {
    const opened = page.waitForEvent('popup');
    await page.getByRole('link', { name: link }).click();
    const phone = await opened;
    phone.on('pageerror', ({ message }) => complaints.push(message));
    await phone.waitForLoadState();
    return phone;
  }

  it('a customer scans, pays on the telephone, and the page says so by itself', async () => {
    await page.getByRole('link', { name: 'Checkout' }).click();
    await page.getByLabel('Amount').fill('12.50');
    await page.getByLabel('What').fill('<b>Tea</b> & "cake"');
    await page.getByRole('button', { name: 'Show the QR code' }).click();
    await page.getByRole('img', { name: 'QR code' }).waitFor();
    expect(await page.locator('#order').innerText()).toContain('<b>Tea</b> & "cake"');
    await expect.poll(() => page.getByRole('timer').innerText()).toMatch(/^(5:00|4:\d\d)$/);
    asked.length = 0;

    const phone = await openPhone();
    expect(await phone.locator('h1').innerText()).toBe('<b>Tea</b> & "cake"');
    expect(await phone.locator('.amount').innerText()).toBe('HKD 12.50');
    await phone.getByRole('button', { name: 'Pay' }).click();
    await phone.getByRole('heading', { name: 'Paid' }).waitFor();
    await phone.close();

    await shows('paid');
    await page.getByText('Thank you.').waitFor();
    expect(await page.getByRole('img', { name: 'QR code' }).count()).toBe(0);
    const outTradeNo = (await page.locator('#order').getAttribute('data-order')) ?? '';
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 1250, returned: 0, net: 1250 });
    expect(asked).toEqual([]);
  });

  it('is closed where nobody pays; what is paid too late is returned by itself', async () => {
    const outTradeNo = await checkOut();
    const phone = await openPhone();
    await phone.getByRole('button', { name: 'Cancel' }).click();
    await phone.getByRole('heading', { name: 'Not paid' }).waitFor();
    await page.bringToFront();
    await shows('waiting');

    clock.advance(5 * MINUTE);
    await shows('closing');
    expect(await page.getByRole('img', { name: 'QR code' }).count()).toBe(0);
    await passUntil('closed');
    expect(sandbox.ledger.of(outTradeNo).paid).toBe(0);

    await phone.reload();
    await phone.getByRole('heading', { name: 'Closed' }).waitFor();
    await phone.getByRole('button', { name: 'Pay too late' }).click();
    await phone.getByRole('heading', { name: 'Paid' }).waitFor();
    await passUntil('refunded');
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 888, net: 0 });
    await phone.reload();
    await phone.getByRole('heading', { name: 'Refunded' }).waitFor();
    await phone.close();
    await page.getByText('The money was returned to the customer.').waitFor();
    expect(asked).toEqual([]);
  });

  it('hears who presses Enter before all of its scripts are there, and makes one order', async () => {
    const held: (() => void)[] = [];
    await page.route('**/calls.js', async (route) => {
      await new Promise<void>((release) => held.push(release));
      await route.continue();
    });
    asked.length = 0;
    await page.goto(`${origin}/checkout`);
    await page.locator('input[name="amount"]:focus').waitFor();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    for (const release of held) release();
    await shows('waiting');
    await page.unroute('**/calls.js');
    expect(asked.filter((url) => url.includes('/checkout/orders/')).length).toBe(1);
  });

  it('a proxy answers for the server: the same sale is the same order, and another sale another order', async () => {
    const made = (): (string | undefined)[] =>
      sandbox.requests.filter(({ path }) => path === '/pay/unifiedorder').map(({ fields }) => fields.out_trade_no);
    const before = made().length;
    let passedOn = 0;
    await page.route(
      '**/checkout/orders/*',
      async (route) => {
        const { pathname } = new URL(route.request().url());
        const { status } = await callApi(origin, 'POST', pathname, { body: route.request().postData() });
        expect(status).toBe(201);
        passedOn += 1;
        await route.fulfill({ status: 502, json: { message: 'upstream error' } });
      },
      { times: 2 },
    );
    await page.goto(`${origin}/checkout?lang=en`);
    const show = page.getByRole('button', { name: 'Show the QR code' });
    for (const amount of ['3.00', '3.00', '4.00']) {
      await page.getByLabel('Amount').fill(amount);
      await show.click();
      if (amount === '4.00') break;
      await page.locator('#message').getByText('Press again: it is the same order.').waitFor();
      await expect.poll(() => show.isEnabled()).toBe(true);
    }
    await shows('waiting');
    await page.locator('#order').getByText('HKD 4.00').waitFor();
    expect(passedOn).toBe(2);
    const numbers = made().slice(before);
    expect(numbers).toHaveLength(2); // the first two presses were one order
    expect(await page.locator('#order').getAttribute('data-order')).toBe(numbers[1]);
    expect(complaints.splice(0)).toEqual([expect.stringContaining('502'), expect.stringContaining('502')]);
  });

  it('needs no path that a proxy is not told to publish', async () => {
    const outTradeNo = await checkOut();
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const published = new RegExp(/location ~ (\S+) \{/.exec(readme)?.[1] ?? 'nothing');
    const paths: string[] = [];
    const customer = await openPage(browser, complaints);
    await customer.route('**/*', async (route) => {
      const { pathname } = new URL(route.request().url());
      paths.push(pathname);
      await (published.test(pathname) ? route.continue() : route.abort());
    });
    await customer.goto(`${origin}/checkout/${outTradeNo}`);
    await customer.getByRole('img', { name: 'QR code' }).waitFor();
    await expect.poll(() => paths).toContain(`/checkout/${outTradeNo}/events`);
    expect(paths.filter((path) => !published.test(path))).toEqual([]);
    await customer.close();
  });

  it('speaks Chinese, by the keyboard alone, on a telephone of 360 pixels, in the dark', async () => {
    await page.setViewportSize({ width: 360, height: 640 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await checkOut('zh');
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    await page.getByRole('heading', { name: '请用微信扫码支付' }).waitFor();
    const looks = await page.evaluate(
      "({ width: document.documentElement.scrollWidth, background: getComputedStyle(document.querySelector('figure')).backgroundColor })",
    );
    expect(looks).toEqual({ width: 360, background: 'rgb(255, 255, 255)' }); // telephones find no dark code
    await page.getByRole('link', { name: '打开顾客的手机' }).focus();
    const opened = page.waitForEvent('popup');
    await page.keyboard.press('Enter');
    const phone = await opened;
    await phone.locator('button').first().focus();
    await phone.keyboard.press('Enter');
    await shows('paid');
    await page.getByRole('link', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Paid' }).waitFor();
  });
});
