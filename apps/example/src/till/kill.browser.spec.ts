import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { Sandbox, wellKnownAuthCodes } from 'wechatpay-sandbox';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putEmptyDatabase } from '../../../../packages/wechatpay-durable/test/empty-database.js';
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
    await putEmptyDatabase(folder);
    browser = await launch();
    page = await openPage(browser, complaints);
    app = start();
    await open();
  });

  afterAll(async () => {
    await killAll();
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
    await on.goto(`${await app.url()}/?lang=en`);
    await on.getByLabel("The till's token").fill(TOKEN);
  }

  async function press(authCode: string): Promise<void> {
    await page.getByLabel('Amount', { exact: true }).fill('8.88');
    await page.getByLabel("The customer's code").fill(authCode);
    await page.getByRole('button', { name: 'Charge', exact: true }).click();
  }

  const stage = (answer: string): Locator => page.locator(`#stage[data-answer="${answer}"]`);

  it('goes on with an order whose answer was lost, and ends it as the ledger says', async () => {
    sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
    await press(wellKnownAuthCodes.paysAfter40s);
    await stage('wait').getByText('Ask the customer for the password.').waitFor();
    app.child.kill('SIGKILL');
    expect(await app.ended).toEqual([null, 'SIGKILL']);
    const { outTradeNo } = sandbox.orders.list()[0]!;
    expect(sandbox.ledger.of(outTradeNo).net).toBe(0);
    sandbox.clock.advance(35_000); // the customer has typed the password by the next time that anybody asks
    await page.locator('#offline').getByText('Do not ask anybody to pay twice').waitFor();

    app = start();
    await open();
    await page.locator(`li[data-order="${outTradeNo}"][data-state="paid"]`).waitFor();
    const row = page.locator(`li[data-order="${outTradeNo}"]`);
    await row.locator('summary').click();
    for (const text of ['Asked: paid', 'HKD 8.88', 'An order from before a restart', 'The customer may have left']) {
      await row.getByText(text).first().waitFor();
    }
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 0, net: 888 });
    expect(sandbox.requests.filter(({ path }) => path === '/pay/micropay')).toHaveLength(1);
    // Apart from the connection to a process that was killed.
    expect(complaints.filter((text) => !text.includes('net::ERR_'))).toEqual([]);
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
    await press(wellKnownAuthCodes.paysAtOnce);
    const outTradeNo = await answered;
    const { port } = new URL(await app.url());
    app.child.kill('SIGKILL');
    await app.ended;
    await page.locator('#offline').waitFor();
    app = start(port);
    await stage('paid').waitFor(); // without being loaded anew
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 0, net: 888 });
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
