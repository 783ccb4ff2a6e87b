import { request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import { post, type Fields } from '../../test/client.js';
import { Receiver } from '../../test/receiver.js';
import { Sandbox } from '../index.js';

const start = Date.UTC(2026, 2, 1, 4, 0, 5);
const minute = 60_000;
let sandbox: Sandbox;
let receiver: Receiver;
beforeAll(async () => {
  sandbox = await Sandbox.start({ now: () => start, payerPort: 0, enforceCloseDelay: false });
  receiver = await Receiver.start();
});
beforeEach(() => {
  sandbox.reset();
  receiver.forget();
});
afterAll(async () => {
  await sandbox.stop();
  await receiver.stop();
});

/** Makes an order. @returns its `code_url`. */
async function order(more: Fields = {}): Promise<string> {
  const { fields } = await post(sandbox, '/pay/unifiedorder', {
    ...{
      body: 'a cup of tea',
      out_trade_no: 'tea',
      total_fee: '888',
      fee_type: 'HKD',
      spbill_create_ip: '203.0.113.7',
    },
    ...{ notify_url: receiver.url, trade_type: 'NATIVE', product_id: 'tea', time_expire: '20260301121005' },
    ...more,
  });
  return fields.code_url!;
}

interface Shown {
  readonly status: number;
  readonly text: string;
  readonly location: string | undefined;
}

/** A request whose headers are exactly these: `fetch` sets some by itself. */
function send(url: string, method: string, headers: Record<string, string> = {}, body = ''): Promise<Shown> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, setHost: headers.host === undefined, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text, location: response.headers.location });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };

/** Presses a button as the page's form does, and returns what is shown then. */
async function press(page: string, action: string): Promise<string> {
  const { status, location } = await send(page, 'POST', { ...form, origin: new URL(page).origin }, `action=${action}`);
  expect([status, location]).toEqual([303, page.slice(new URL(page).origin.length)]);
  return show(page);
}

async function show(page: string, headers: Record<string, string> = {}): Promise<string> {
  const { status, text } = await send(page, 'GET', headers);
  expect(status).toBe(200);
  return text;
}

const buttons = (text: string): string[] => [...text.matchAll(/value="([\w-]+)"/g)].map(([, value = '']) => value);
const heading = (text: string): string | undefined => /<h1>(.*)<\/h1>/.exec(text)?.[1];

describe('the page of a code_url', () => {
  it('is the code with another beginning, and shows what is paid to whom', async () => {
    const codeUrl = await order();
    expect(codeUrl).toMatch(/^weixin:\/\/wxpay\/bizpayurl\?pr=\w+$/);
    const page = sandbox.payerPage(codeUrl);
    expect(page).toBe(codeUrl.replace('weixin://wxpay', sandbox.payerPagesUrl!));
    expect(sandbox.payerPage('tea')).toBe(page);
    const text = await show(page);
    expect([heading(text), buttons(text)]).toEqual(['a cup of tea', ['pay', 'cancel']]);
    for (const part of ['HKD 8.88', sandbox.merchant.merchantId, '2026-03-01 12:10 UTC+8'])
      expect(text).toContain(part);
  });

  it('pays at a press, once, and the shop is told', async () => {
    const page = sandbox.payerPage(await order());
    expect(heading(await press(page, 'pay'))).toBe('Paid');
    expect(heading(await press(page, 'pay'))).toBe('Paid');
    expect(sandbox.ledger.of('tea')).toEqual({ paid: 888, returned: 0, net: 888 });
    await sandbox.notifications.idle();
    expect(receiver.received.map(({ fields }) => fields.out_trade_no)).toEqual(['tea']);
  });

  it('that is left tells nobody, and can be paid later', async () => {
    const page = sandbox.payerPage(await order());
    const left = await press(page, 'cancel');
    expect([heading(left), buttons(left)]).toEqual(['Not paid', ['pay']]);
    expect(sandbox.ledger.list()).toEqual([]);
    expect(heading(await press(page, 'pay'))).toBe('Paid');
  });

  test.each<[string, () => unknown]>([
    [
      'Expired',
      () => {
        sandbox.clock.advance(10 * minute);
      },
    ],
    ['Closed', () => post(sandbox, '/pay/closeorder', { out_trade_no: 'tea' })],
  ])('%s: nothing is paid, but too late', async (title, end) => {
    const page = sandbox.payerPage(await order());
    await end();
    for (const action of ['pay', 'cancel']) {
      const text = await press(page, action);
      expect([heading(text), buttons(text)]).toEqual([title, ['pay-late']]);
    }
    expect(sandbox.ledger.list()).toEqual([]);
    expect(heading(await press(page, 'pay-late'))).toBe('Paid');
    expect(sandbox.ledger.of('tea').net).toBe(888);
  });

  it('says what was returned', async () => {
    const page = sandbox.payerPage(await order());
    await press(page, 'pay');
    for (const [part, title] of [
      ['300', 'Refunded in part'],
      ['588', 'Refunded'],
    ] as const) {
      const fields = { out_trade_no: 'tea', out_refund_no: part, total_fee: '888', refund_fee: part };
      await post(sandbox, '/secapi/pay/refund', fields);
      expect(heading(await show(page))).toBe(title);
    }
  });

  it.each([
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN', '取消'],
    ['en-GB,zh;q=0.9', 'en', 'Cancel'],
    ['', 'en', 'Cancel'],
  ])('speaks the language of %j', async (acceptLanguage, language, cancel) => {
    const text = await show(sandbox.payerPage(await order()), { 'accept-language': acceptLanguage });
    expect(text).toContain(`<html lang="${language}">`);
    expect(text).toContain(`>${cancel}</button>`);
  });

  it.each([
    ['JPY', '888', 'JPY 888<'],
    ['KWD', '888', 'KWD 0.888<'],
    ['HKD', '5', 'HKD 0.05<'],
  ])('shows an amount of %s %s as %s', async (currency, amount, shown) => {
    const page = sandbox.payerPage(await order({ fee_type: currency, total_fee: amount }));
    expect(await show(page)).toContain(shown);
  });
});

describe('a page is safe', () => {
  it('shows text as text, and no secret', async () => {
    const body = `<script>alert(1)</script>"'&amp;`;
    const page = sandbox.payerPage(await order({ body, out_trade_no: `"><img src=x>'&` }));
    const text = await show(page);
    expect(text).toContain('<h1>&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;amp;</h1>');
    expect(text).toContain('<dd>&quot;&gt;&lt;img src=x&gt;&#39;&amp;</dd>');
    const { apiKey, appId } = sandbox.merchant;
    for (const secret of [apiKey, appId, 'prepay', 'openid']) expect(text).not.toContain(secret);
  });

  it('loads nothing, runs nothing, and is in no frame', async () => {
    const { headers } = await fetch(sandbox.payerPage(await order()));
    const { 'content-security-policy': policy = '', ...others } = Object.fromEntries(headers);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/script-src|unsafe/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("form-action 'self'");
    expect(others).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'same-origin', // with no-referrer, its own form would say Origin: null
      'cache-control': 'no-store',
    });
  });

  it.each<[string, Record<string, string>, number]>([
    ['a foreign Origin', { origin: 'https://evil.example' }, 403],
    ['an Origin of another port', { origin: 'http://localhost:1' }, 403],
    ['an Origin of null', { origin: 'null' }, 403],
    ['an Origin over HTTPS', { origin: 'https://HOST' }, 403],
    ['a site beside it', { 'sec-fetch-site': 'same-site' }, 403],
    [
      'another site',
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
      403,
    ],
    ['a name that leads here', { host: 'evil.example:PORT' }, 421],
    ['a name like ours', { host: 'localhost.evil.example' }, 421],
    ['a user in the Host', { host: 'evil@localhost:PORT' }, 421],
    ['no Host', { host: '' }, 421],
    ['JSON', { 'content-type': 'application/json' }, 415],
    ['text', { 'content-type': 'text/plain' }, 415],
    ['no content type', { 'content-type': '' }, 415],
    ['two types', { 'content-type': 'text/plain; application/x-www-form-urlencoded' }, 415],
  ])('does nothing for %s', async (_, given, status) => {
    const page = sandbox.payerPage(await order());
    const { host, port } = new URL(page);
    const headers = Object.fromEntries(
      Object.entries({ ...form, ...given }).map(([name, value]) => [
        name,
        value.replace('PORT', port).replace('HOST', host),
      ]),
    );
    expect((await send(page, 'POST', headers, 'action=pay')).status).toBe(status);
    expect(sandbox.ledger.list()).toEqual([]);
  });

  it.each(['localhost:PORT', 'LOCALHOST:PORT', '127.0.0.1:PORT', '[::1]:PORT', '192.168.1.7:8080', 'localhost'])(
    'is at home at %s',
    async (name) => {
      const page = sandbox.payerPage(await order());
      const host = name.replace('PORT', new URL(page).port);
      const headers = { ...form, host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
      expect((await send(page, 'POST', headers, 'action=pay')).status).toBe(303);
      expect(sandbox.ledger.of('tea').net).toBe(888);
    },
  );

  it.each([
    ['document', 200],
    ['iframe', 403],
    ['image', 403],
  ])('is opened by a link of another page, as %s: %d', async (dest, status) => {
    const page = sandbox.payerPage(await order());
    const mode = dest === 'image' ? 'no-cors' : 'navigate';
    const headers = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': mode, 'sec-fetch-dest': dest };
    expect((await send(page, 'GET', headers)).status).toBe(status);
  });

  it.each(['/', '/bizpayurl', '/bizpayurl?pr=', '/bizpayurl?pr=unheard-of', '//evil.example/bizpayurl', '/tea'])(
    'tells nothing at %s',
    async (path) => {
      await order();
      for (const method of ['GET', 'POST']) {
        const { status, text } = await send(
          `${sandbox.payerPagesUrl!}${path}`,
          method,
          form,
          method === 'GET' ? '' : 'action=pay',
        );
        expect([status, heading(text)]).toEqual([404, 'No such order']);
      }
      expect(sandbox.ledger.list()).toEqual([]);
    },
  );

  it.each(['', 'action=', 'action=toString', 'action=pay-late', 'pay', `action=pay&more=${'x'.repeat(2000)}`])(
    'does nothing for %j',
    async (body) => {
      const page = sandbox.payerPage(await order());
      expect((await send(page, 'POST', form, body)).status).toBe(303);
      expect(sandbox.ledger.list()).toEqual([]);
    },
  );
});

describe('the pages', () => {
  it('are there only where they are asked for', async () => {
    const without = await Sandbox.create({ authority: sandbox.authority });
    expect(without.payerPagesUrl).toBeUndefined();
    expect(() => without.payerPage('tea')).toThrow('start it with payerPort');
    expect(() => sandbox.payerPage('tea')).toThrow('no order of Unified Order is tea');
  });

  it('end with the sandbox, and a sandbox that lacks their port does not start', async () => {
    const payerPort = Number(new URL(sandbox.payerPagesUrl!).port);
    await expect(Sandbox.start({ payerPort, authority: sandbox.authority })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    const other = await Sandbox.start({ payerPort: 0, authority: sandbox.authority });
    await other.stop();
    await expect(fetch(other.payerPagesUrl!)).rejects.toThrow();
  });
});
