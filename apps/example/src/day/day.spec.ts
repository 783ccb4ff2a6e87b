import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Browser, Page } from 'playwright-core';
import { statementDay } from 'wechatpay-core';
import { MemoryStore } from 'wechatpay-durable/memory';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { executablePath, launch, openPage } from '../../test/browser.js';
import { callApi, type Answer } from '../../test/call-api.js';
import { StandingClock } from '../../test/standing-clock.js';
import { startApp, TOKEN } from '../../test/start-app.js';
import { DemoSandboxModule } from '../demo/demo-sandbox.js';
import { makeSampleDay } from '../demo/sample-day.js';
import { toCsv } from './day.csv.js';
import type { Day } from './days.js';

const clock = new StandingClock();
let app: NestExpressApplication;
let origin: string;

beforeAll(async () => {
  const sampleDay = () => makeSampleDay(Date.UTC(2026, 2, 3, 4));
  const demo = { clock, customers: [], sampleDay };
  app = await startApp(DemoSandboxModule.wechatPay(clock), { store: new MemoryStore({ now: clock.now }), demo });
  origin = await app.getUrl();
});
afterAll(async () => {
  await app.close();
});

const get = (path: string): Promise<Answer> => callApi(origin, 'GET', path, { token: '' });

describe('the sample day', () => {
  it('has each kind of difference that durable orders can have, and each state of one', async () => {
    const { body } = await get('/days/sample');
    const { date, rows, agreed, differing, differences } = body as Day;
    const told = differences.map((each) =>
      [each.outTradeNo, each.kind, each.class, each.status, each.why ?? each.matchedIn ?? ''].join(' ').trim(),
    );
    expect(told.sort()).toEqual([
      'K-7731 payment statement-only needs-person unknown-order',
      'S-04-amount payment amount-differs needs-person answer-agrees-with-order',
      'S-05-currency payment currency-differs needs-person answer-agrees-with-order',
      'S-06-number payment transaction-differs needs-person answer-agrees-with-order',
      'S-07-listed-twice payment repeated needs-person answer-agrees-with-order',
      'S-08-missing payment book-only carried',
      'S-09-reversed payment reversed-in-book needs-person answer-agrees-with-order',
      'S-10-reversed-elsewhere reversal reversed-in-statement asking',
      'S-12-again payment paid-twice needs-person paid-twice',
      'S-13-paid-late payment state-differs asking',
      'S-14-midnight payment book-only matched 20260302',
    ]);
    expect({ date, rows, agreed, differing }).toEqual({ date: '20260301', rows: 16, agreed: 8, differing: 11 });
    const now = differences.find(({ outTradeNo }) => outTradeNo === 'S-13-paid-late')?.orderNow;
    expect(now).toBe('refunded'); // by itself, as WeChat Pay's answer wanted it
  });

  it('comes as CSV as well', async () => {
    const response = await fetch(`${origin}/days/sample/differences.csv`);
    expect(response.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const bytes = Buffer.from(await response.arrayBuffer());
    const lines = bytes.toString().split('\r\n');
    expect([bytes.subarray(0, 3).toString('hex'), lines.length]).toEqual(['efbbbf', 11 + 2]);
    expect(lines.find((line) => line.includes('S-04-amount'))).toMatch(
      /^20260301,amount-differs,payment,S-04-amount,,\d{28},,13\.50,HKD,1250,1350,/,
    );
  });
});

it('CSV runs nothing in a spreadsheet, and keeps commas, quotes and lines', () => {
  const difference = {
    class: 'statement-only',
    kind: 'payment',
    outTradeNo: '=HYPERLINK("http://evil.example")',
    status: 'acknowledged',
    acknowledged: { at: 0, actor: '@till', note: 'a, "b"\nc' },
  } as const;
  const day = { merchantId: '1', date: '20260301', reconciledAt: 0, rows: 1, agreed: 0, foreign: 0, differing: 1 };
  const [, line = ''] = toCsv({ ...day, differences: [difference] }).split('\r\n');
  expect(line).toContain(`,"'=HYPERLINK(""http://evil.example"")",`);
  expect(line).toContain(`,'@till,"a, ""b""\nc"`);
});

describe('a day of the till', () => {
  it('is reconciled at a press; before that there is none', async () => {
    const { date } = statementDay(new Date(clock.now() - 2 * 24 * 60 * 60_000));
    expect((await get(`/days/${date}`)).status).toBe(404);
    expect((await get(`/days/${date}/differences.csv`)).status).toBe(404);
    const answer = await callApi(origin, 'POST', `/days/${date}/reconcile`, { body: {} });
    expect(answer).toMatchObject({ status: 200, body: { date, rows: 0, differing: 0 } });
    expect((await get(`/days/${date}`)).body).toEqual(answer.body);
    expect(await (await fetch(`${origin}/day?date=${date}`)).text()).toContain('All rows agree.');
    const which = { kind: 'payment', outTradeNo: 'demo-paid' };
    expect((await callApi(origin, 'POST', `/days/${date}/acknowledge`, { body: which })).status).toBe(404);
  });

  it.each(['20260231', '2026', 'samples', '99990101'])('%s is none', async (date) => {
    const answer = await callApi(origin, 'POST', `/days/${date}/reconcile`, { body: {} });
    expect(answer).toMatchObject({ status: 422, body: { outcome: 'not-sent' } });
  });
});

describe.skipIf(executablePath === undefined)('the page of a day, in a browser', () => {
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    browser = await launch();
    page = await openPage(browser, complaints);
    await page.goto(`${origin}/#token=${TOKEN}`); // as the start prints it
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    expect(complaints).toEqual([]);
  });

  const total = (name: string): Promise<string> => page.locator(`[data-total="${name}"] dd`).innerText();
  const difference = (outTradeNo: string): ReturnType<Page['locator']> =>
    page.locator(`li[data-order="${outTradeNo}"]`);

  it('shows totals, and of each difference what was done and what is left', async () => {
    await page.getByRole('link', { name: 'The day' }).click();
    await page.getByRole('heading', { name: 'The day' }).waitFor();
    await page.goto(`${origin}/day?date=sample`);
    expect(await Promise.all(['rows', 'agreed', 'differing', 'forPerson'].map(total))).toEqual(['16', '8', '11', '7']);
    expect(await page.locator('#differences > li').first().getAttribute('data-status')).toBe('needs-person');
    const amount = await difference('S-04-amount').innerText();
    for (const part of ['Another amount', 'HKD 12.50', 'HKD 13.50', 'Its signed answer says what the order says.']) {
      expect(amount).toContain(part);
    }
    expect(await difference('S-14-midnight').innerText()).toContain('The statement of another day has it: 2026-03-02');
    expect(await difference('S-13-paid-late').innerText()).toContain('refunded');
    for (const [name, file] of [
      ['CSV', '20260301.csv'],
      ['JSON', '20260301.json'],
    ] as const) {
      const downloading = page.waitForEvent('download');
      await page.getByRole('link', { name }).click();
      expect((await downloading).suggestedFilename()).toBe(file);
    }
  });

  it('notes what a person did, and keeps it when the day is reconciled again', async () => {
    const before = await difference('K-7731').count();
    expect(before).toBe(1);
    await difference('K-7731').getByLabel('What you did').fill('<b>Entered</b> the sale');
    await page.keyboard.press('Enter');
    await page
      .locator('li[data-order="K-7731"][data-status="acknowledged"]')
      .getByText('<b>Entered</b> the sale')
      .waitFor();
    expect(await total('forPerson')).toBe('6');
    await page.getByRole('button', { name: 'Reconcile' }).click();
    // The order that was paid too late agrees by now: its payment, and its refund in the statement of the next day.
    await page.locator('li[data-order="S-13-paid-late"][data-class="state-differs"]').waitFor({ state: 'detached' });
    expect(await difference('K-7731').getAttribute('data-status')).toBe('acknowledged');
    expect(await total('forPerson')).toBe('6');
  });

  it('says of an answer that leaves it open that it may be done', async () => {
    const broken = ['**/days/*/reconcile', '**/days/*/acknowledge'];
    for (const path of broken) await page.route(path, (route) => route.fulfill({ status: 502, json: {} }));
    await page.getByRole('button', { name: 'Reconcile' }).click();
    await page.locator('#message').getByText('It may have been done: load this page anew').waitFor();
    await difference('S-04-amount').getByLabel('What you did').fill('Corrected');
    await page.keyboard.press('Enter');
    await page.locator('#message').getByText('(HTTP status 502) It may have been done').waitFor();
    for (const path of broken) await page.unroute(path);
    expect(complaints.splice(0)).toEqual([expect.stringContaining('502'), expect.stringContaining('502')]);
  });

  it('speaks Chinese, on a telephone of 360 pixels, in the dark', async () => {
    await page.setViewportSize({ width: 360, height: 640 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.getByRole('link', { name: '简体中文' }).click();
    await page.getByRole('heading', { name: '每日对账' }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await page.getByLabel('北京时间的日期').fill('2026-01-01');
    await page.keyboard.press('Enter');
    await page.getByText('这一天尚未对账').waitFor();
  });
});
