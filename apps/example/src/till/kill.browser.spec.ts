import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { Sandbox, wellKnownAuthCodes } from 'wechatpay-sandbox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { executablePath, launch, openPage } from '../../test/browser.js';
import { killAll, startProcess, type Started } from '../../test/start-process.js';

const TOKEN = 'the-token-of-the-tests';

// The application is a process of its own, killed as a crash would. The gateway outlives it, as the real one does.
describe.skipIf(executablePath === undefined)('the till, killed and started again', () => {
  let sandbox: Sandbox;
  let browser: Browser;
  let page: Page;
  let folder: string;
  let app: Started;
  const complaints: string[] = [];

  beforeAll(async () => {
    sandbox = await Sandbox.start();
    folder = await mkdtemp(join(tmpdir(), 'till-'));
    browser = await launch();
    page = await openPage(browser, complaints);
    app = start();
    await open();
  });

  afterAll(async () => {
    killAll();
    await browser.close();
    await sandbox.stop();
    await rm(folder, { recursive: true });
  });

  function start(port = '0'): Started {
    const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
    return startProcess({
      DATA_DIR: folder,
      PORT: port,
      TILL_TOKEN: TOKEN,
      WECHATPAY_APP_ID: appId,
      WECHATPAY_MERCHANT_ID: merchantId,
      WECHATPAY_API_KEY: apiKey,
      WECHATPAY_PFX: certificate.pfx.toString('base64'),
      WECHATPAY_CA: ca,
      WECHATPAY_BASE_URL: baseUrl,
    });
  }

  /** As a bookmark opens it: the token, which was set, is not in the address. */
  async function open(on = page): Promise<void> {
    await on.goto(await app.url());
    await on.getByLabel("The till's token").fill(TOKEN);
  }

  /** Charges, and loses the answer. */
  async function charge(authCode: string): Promise<string> {
    const known = await page.locator('#orders > li').count();
    sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
    await page.getByLabel("The customer's code").fill(authCode);
    await page.getByRole('button', { name: 'Charge' }).click();
    await page.locator('#orders > li').nth(known).waitFor();
    return (await page.locator('#orders > li').first().getAttribute('data-order')) ?? '';
  }

  const row = (outTradeNo: string, state: string): Locator =>
    page.locator(`li[data-order="${outTradeNo}"][data-state="${state}"]`);

  it('goes on with an order whose answer was lost, and ends it as the ledger says', async () => {
    const outTradeNo = await charge(wellKnownAuthCodes.paysAfter40s);
    const paying = row(outTradeNo, 'paying');
    await paying.getByText('Asked: the customer is paying').waitFor();
    await paying.locator('.next').getByText('Ask').waitFor();
    app.child.kill('SIGKILL');
    expect(await app.ended).toEqual([null, 'SIGKILL']);
    expect(sandbox.ledger.of(outTradeNo).net).toBe(0);
    sandbox.clock.advance(35_000); // the customer has typed the password by the next time that anybody asks

    app = start();
    await open();
    const paid = row(outTradeNo, 'paid');
    await paid.getByText('The shop has: HKD 8.88').waitFor();
    await paid.getByText('Asked: paid').waitFor();
    await paid.getByText('An order from before a restart').waitFor();
    await paid.getByText('The customer may have left: check before you hand over the goods.').waitFor();
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 0, net: 888 });
    expect(sandbox.requests.filter(({ path }) => path === '/pay/micropay')).toHaveLength(1);
    // Apart from the connection to a process that was killed.
    expect(complaints.filter((text) => !text.includes('net::ERR_'))).toEqual([]);
  });

  it('redrives a dead order for who has the token, and for nobody else', async () => {
    sandbox.faults.add({ kind: 'error', errorCode: 'PARAM_ERROR' }, { path: '/pay/orderquery' });
    const outTradeNo = await charge(wellKnownAuthCodes.paysAtOnce);
    const dead = row(outTradeNo, 'needs-attention');
    await dead.getByText('PARAM_ERROR').first().waitFor();
    const redrive = dead.getByRole('button', { name: 'Redrive' });

    await page.getByLabel("The till's token").fill('somebody');
    await redrive.click();
    await page.getByRole('alert').getByText('This is not the token').waitFor();
    expect(await dead.count()).toBe(1);

    await page.getByLabel("The till's token").fill(TOKEN);
    await redrive.click();
    await row(outTradeNo, 'paid').getByText('Redriven').waitFor();
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 0, net: 888 });
  });

  it('is killed while it charges: the order was written down before', async () => {
    const answered = new Promise<string>((resolve) => {
      sandbox.faults.add(
        { kind: 'hang' },
        {
          path: '/pay/micropay',
          when: ({ fields }) => {
            resolve(fields.out_trade_no ?? '');
            return true;
          },
        },
      );
    });
    await page.getByLabel("The customer's code").fill(wellKnownAuthCodes.paysAtOnce);
    await page.getByRole('button', { name: 'Charge' }).click();
    const outTradeNo = await answered;
    app.child.kill('SIGKILL');
    await app.ended;
    app = start();
    await open();
    await row(outTradeNo, 'paid').waitFor();
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 0, net: 888 });
  });

  it('says in plain words that the server does not answer, and charges once when it is back', async () => {
    const { port } = new URL(await app.url());
    const offline = page.locator('#offline');
    expect(await offline.isVisible()).toBe(false);
    app.child.kill('SIGKILL');
    await app.ended;
    await offline.getByText('The server does not answer').waitFor();

    const charged = (): number => sandbox.requests.filter(({ path }) => path === '/pay/micropay').length;
    const before = charged();
    await page.getByLabel("The customer's code").fill(wellKnownAuthCodes.paysAtOnce);
    const press = (): Promise<void> => page.getByRole('button', { name: 'Charge' }).click();
    await press();
    await page.getByRole('alert').getByText('The server does not answer. The customer may have been charged').waitFor();
    expect(await page.locator('body').innerText()).not.toMatch(/failed to fetch|network ?error/i);

    app = start(port);
    await app.url();
    await offline.waitFor({ state: 'hidden' }); // without being loaded anew
    const known = await page.locator('#orders > li').count();
    await press();
    await page.locator('#orders > li').nth(known).waitFor();
    await page.locator('#orders > li[data-state="paid"]').first().getByText('Hand over the goods.').waitFor();
    await expect.poll(charged).toBe(before + 1);
  });

  it('says so as well of a server that hangs: it takes connections, and answers nothing', async () => {
    const other = await openPage(browser, complaints);
    await other.clock.install();
    await open(other);
    const offline = other.locator('#offline');
    await other.clock.fastForward(30_000); // a server with nothing to say is not dead
    expect(await offline.isVisible()).toBe(false);
    app.child.kill('SIGSTOP');
    await other.clock.fastForward(41_000);
    await offline.getByText('The server does not answer').waitFor();
    app.child.kill('SIGCONT');
    await other.clock.fastForward(4_000);
    await offline.waitFor({ state: 'hidden' });
    await other.close();
  });
});
