import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { Body, Catch, Controller, HttpException, Inject, Param, Post, type ArgumentsHost } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import {
  closeOrder,
  MerchantRegistry,
  readPaymentNotification,
  WechatPayClient,
  WechatPayConfigError,
  WechatPayMerchantError,
  WechatPayOverloadedError,
  WechatPayStatementError,
} from 'wechatpay-core';
import { DurableOrders, DurableOrdersError } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import type { Fault } from 'wechatpay-sandbox';
import { describe, expect, it } from 'vitest';
import { ADAPTERS, openNotifiedShop } from '../test/notified-shop.js';
import { settingsOf } from '../test/shop.js';
import { WechatPayDurableModule } from './durable.js';
import {
  InjectWechatPay,
  PaymentService,
  ReverseService,
  toWechatPayProblem,
  type WechatPayProblem,
  WECHATPAY_PROBLEM_SCHEMA,
  WechatPayExceptionFilter,
  WechatPayModule,
  wechatPayProblemResponses,
} from './index.js';
import { PROBLEM_TABLE } from './problem-table.js';

const { sandbox, start } = await openNotifiedShop();
const settings = settingsOf(sandbox.merchant);
const DAY_MS = 24 * 60 * 60 * 1000;
const TIMEOUT_MS = 500;

/** What an application's routes do with the services. */
@Controller()
class ShopController {
  constructor(
    @Inject(WechatPayClient) private readonly client: WechatPayClient,
    @Inject(ReverseService) private readonly reversals: ReverseService,
    @InjectWechatPay(ReverseService, 'cut-off') private readonly cutOff: ReverseService,
    @InjectWechatPay(PaymentService, 'impatient') private readonly impatient: PaymentService,
    @Inject(DurableOrders) private readonly durableOrders: DurableOrders,
  ) {}

  @Post('reverse/:outTradeNo')
  reverse(@Param('outTradeNo') outTradeNo: string): Promise<unknown> {
    return this.reversals.reverse({ outTradeNo });
  }

  @Post('cut-off/:outTradeNo')
  reverseCutOff(@Param('outTradeNo') outTradeNo: string): Promise<unknown> {
    return this.cutOff.reverse({ outTradeNo });
  }

  @Post('close/:outTradeNo')
  close(@Param('outTradeNo') outTradeNo: string): Promise<unknown> {
    return closeOrder(this.client, { outTradeNo });
  }

  @Post('query/:outTradeNo')
  query(@Param('outTradeNo') outTradeNo: string): Promise<unknown> {
    return this.impatient.query({ outTradeNo });
  }

  @Post('pay/:outTradeNo')
  async pay(@Param('outTradeNo') outTradeNo: string): Promise<unknown> {
    const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
    const request = { outTradeNo, body: 'tea', totalFee: 888, spbillCreateIp: '203.0.113.7', authCode };
    return (await this.durableOrders.pay(request)).outcome;
  }

  @Post('wait/:outTradeNo')
  wait(@Param('outTradeNo') outTradeNo: string): Promise<unknown> {
    return this.durableOrders.wait({ outTradeNo });
  }

  @Post('notified')
  notified(@Body() body: { xml: string }): unknown {
    return readPaymentNotification(this.client, body.xml).id;
  }

  @Post('settings')
  connect(): unknown {
    return new WechatPayClient({ ...settings, apiKey: 'short' }).merchantId;
  }

  @Post('merchants/:merchantId')
  async merchant(@Param('merchantId') merchantId: string): Promise<unknown> {
    return (await new MerchantRegistry({ load: () => null }).get(merchantId)).appId;
  }

  @Post('others/:status')
  fail(@Param('status') status: string): never {
    throw status === '500' ? new Error('a secret') : new HttpException('no tea', Number(status));
  }
}

@Catch(HttpException)
class OwnFilter {
  catch(error: HttpException, host: ArgumentsHost): void {
    const response = host
      .switchToHttp()
      .getResponse<{ status: (status: number) => { send: (body: string) => void } }>();
    response.status(error.getStatus()).send(`our own: ${error.message}`);
  }
}

interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly retryAfter: string | null;
  readonly text: string;
}

async function post(url: string, body: unknown = {}): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    retryAfter: response.headers.get('retry-after'),
    // What the application's settings decide stands in the examples as with the defaults.
    text: (await response.text())
      .replaceAll(sandbox.baseUrl, 'https://apihk.mch.weixin.qq.com')
      .replaceAll('https://127.0.0.1:9', 'https://apihk.mch.weixin.qq.com')
      .replaceAll(`${TIMEOUT_MS} ms`, '15000 ms'),
  };
}

const error = (errorCode: string): Fault => ({ kind: 'error', errorCode });
const outTradeNo = 'A-0001';

/** How each example comes about. */
const PROVOKED: Readonly<Record<string, (url: string) => Promise<Answer> | Answer>> = {
  'number-used': async (url) => {
    await post(`${url}/pay/A-0002`);
    return post(`${url}/pay/A-0002`);
  },
  'invalid-request': (url) => post(`${url}/reverse/${'1234567890'.repeat(3)}123`),
  'no-such-order': (url) => post(`${url}/wait/${outTradeNo}`),
  'invalid-notification': (url) => post(`${url}/notified`, { xml: '<xml></xml>' }),
  'refused-for-now': (url) => {
    sandbox.orders.create({ outTradeNo, state: 'user-paying' });
    return post(`${url}/reverse/${outTradeNo}`);
  },
  'too-late-to-reverse': (url) => {
    sandbox.orders.create({ outTradeNo, state: 'paid', createdAt: sandbox.clock.now() - 8 * DAY_MS });
    return post(`${url}/reverse/${outTradeNo}`);
  },
  'order-state': (url) => {
    sandbox.faults.add(error('ORDERPAID'), { path: '/pay/closeorder' });
    return post(`${url}/close/${outTradeNo}`);
  },
  refused: (url) => {
    sandbox.faults.add(error('PARAM_ERROR'));
    return post(`${url}/reverse/${outTradeNo}`);
  },
  'server-settings': (url) => post(`${url}/settings`),
  'no-merchant': (url) => post(`${url}/merchants/1900000109`),
  'not-sent': (url) => post(`${url}/cut-off/${outTradeNo}`),
  'no-answer': async (url) => {
    sandbox.orders.create({ outTradeNo, state: 'paid' });
    await post(`${url}/query/${outTradeNo}`); // its connection is there by then
    sandbox.faults.add({ kind: 'hang' });
    return post(`${url}/query/${outTradeNo}`);
  },
  'check-request': (url) => post(`${url}/reverse/${outTradeNo}`),
  'outcome-unknown': (url) => {
    sandbox.faults.add({ kind: 'cut' });
    return post(`${url}/reverse/${outTradeNo}`);
  },
};

const examples = wechatPayProblemResponses().flatMap(({ content }) =>
  Object.entries(content['application/problem+json'].examples),
);

describe.each(ADAPTERS)('on %s', (adapter) => {
  const open = (): Promise<string> =>
    start(adapter, {
      imports: [
        WechatPayModule.forRoot({ ...settings, isGlobal: true }),
        WechatPayModule.forRoot({ ...settings, baseUrl: 'https://127.0.0.1:9', name: 'cut-off' }),
        WechatPayModule.forRoot({ ...settings, timeoutMs: TIMEOUT_MS, name: 'impatient' }),
        WechatPayDurableModule.forRoot({ store: new MemoryStore(), work: false }),
      ],
      controllers: [ShopController],
      providers: [
        { provide: APP_FILTER, useClass: WechatPayExceptionFilter },
        { provide: APP_FILTER, useClass: OwnFilter },
      ],
    });

  it('each example is what is answered, with its status, its type and when to come again', async () => {
    const url = await open();
    for (const [name, provoke] of Object.entries(PROVOKED)) {
      sandbox.reset();
      const { status, contentType, retryAfter, text } = await provoke(url);
      const body = JSON.parse(text) as WechatPayProblem;
      const { value } = examples.find(([of]) => of === name)?.[1] ?? {};
      expect(body, name).toEqual(value);
      expect([status, contentType], name).toEqual([
        body.status,
        expect.stringMatching(/^application\/problem\+json(?:; charset=utf-8)?$/),
      ]);
      expect(retryAfter, name).toBe(body.retryAfterSeconds === undefined ? null : String(body.retryAfterSeconds));
      expect(text, name).not.toContain(settings.apiKey);
    }
  });

  it('every other error stays with the filters of the application, and with Nest', async () => {
    const url = await open();
    expect(await post(`${url}/others/418`)).toMatchObject({ status: 418, text: 'our own: no tea' });
    const { status, text } = await post(`${url}/others/500`);
    expect([status, text]).toEqual([500, expect.not.stringContaining('secret')]);
  });
});

it('each status has an example, each example a test, and all fit the schema', () => {
  expect(examples.map(([name]) => name).sort()).toEqual(Object.keys(PROVOKED).sort());
  const { properties, required } = WECHATPAY_PROBLEM_SCHEMA;
  for (const { status, content } of wechatPayProblemResponses()) {
    const values = Object.values(content['application/problem+json'].examples).map(({ value }) => value);
    expect(values.map((value) => value.status)).toEqual(values.map(() => status));
    expect(values, String(status)).not.toEqual([]);
    for (const value of values) {
      expect(Object.keys(properties)).toEqual(expect.arrayContaining(Object.keys(value)));
      expect(Object.keys(value)).toEqual(expect.arrayContaining(required));
    }
  }
  const $ref = '#/components/schemas/Problem';
  expect(wechatPayProblemResponses({ statuses: [502, 409], schema: { $ref } })).toMatchObject([
    { status: 409, content: { 'application/problem+json': { schema: { $ref } } } },
    { status: 502, headers: {} },
  ]);
});

describe('the status tells about the money', () => {
  const statement = { reason: 'not-ready', advice: 'retry-later' } as const;
  it.each<[string, unknown, object]>([
    [
      'a queue that is full says when to come again',
      new WechatPayOverloadedError('…', { reason: 'queue-full', retryAfterMs: 12_345 }),
      { status: 503, outcome: 'not-sent', retryAfterSeconds: 13 },
    ],
    [
      'a store that failed before the charge',
      new DurableOrdersError('WECHATPAY_STORE_FAILED', '…', { outcome: 'not-sent' }),
      { status: 503, outcome: 'not-sent', advice: 'retry-later' },
    ],
    [
      'a store that failed otherwise',
      new DurableOrdersError('WECHATPAY_STORE_FAILED', 'no 10.0.0.5'),
      {
        status: 500,
        outcome: 'unknown',
        advice: 'retry-later',
        detail: 'The store failed. The log of this server says more.',
      },
    ],
    [
      'an order that a worker has',
      new DurableOrdersError('WECHATPAY_ORDER_BUSY', '…'),
      { status: 503, outcome: 'not-sent', retryAfterSeconds: 60 },
    ],
    [
      'an order that is not resolved yet',
      new DurableOrdersError('WECHATPAY_WAIT_ABORTED', '…'),
      { status: 504, outcome: 'unknown', advice: 'query-order' },
    ],
    [
      'a code that no row is for',
      new DurableOrdersError('WECHATPAY_STEP_FAILED', '…'),
      { status: 502, outcome: 'unknown' },
    ],
    [
      'no statement',
      new WechatPayStatementError('…', statement),
      { status: 502, advice: 'retry-later', retryAfterSeconds: 5 },
    ],
    [
      'waiting for an order where this server stops',
      new DurableOrdersError('WECHATPAY_STOPPING', 'Nobody waits for order T here.'),
      { outcome: 'unknown', advice: 'query-order' },
    ],
    [
      'a payment where this server stops',
      new DurableOrdersError('WECHATPAY_STOPPING', 'Nothing was sent.', { outcome: 'not-sent' }),
      { status: 503, outcome: 'not-sent' },
    ],
    [
      'a merchant that cannot be asked for, of which nothing is told but to the log',
      new WechatPayMerchantError('unavailable', '1900000109', 'vault-7 is away.'),
      { status: 503, outcome: 'not-sent', detail: expect.not.stringMatching(/vault|1900000109/) as string },
    ],
    [
      'a wrong setting',
      new WechatPayConfigError('apiKey', 'is missing.'),
      { status: 500, outcome: 'not-sent', detail: expect.not.stringContaining('apiKey') as string },
    ],
  ])('%s', (_, thrown, expected) => {
    expect(toWechatPayProblem(thrown)).toMatchObject(expected);
  });

  it('and nothing is said of what is no error of ours', () => {
    for (const other of [new Error('…'), undefined, { code: 'WECHATPAY_TIMEOUT' }]) {
      expect(toWechatPayProblem(other)).toBeUndefined();
    }
  });

  it('4xx and 503 only where this call moved nothing', () => {
    for (const { of, status } of PROBLEM_TABLE) {
      if (of.outcome === 'unknown') expect([500, 502, 504]).toContain(status);
      if (of.outcome === 'rejected') expect(status).toBeLessThan(500);
    }
  });

  it('the guide has each row', () => {
    const guide = readFileSync(new URL('../../../docs/guides/errors.md', import.meta.url), 'utf8').replace(/ +/g, ' ');
    for (const { status, name, when } of PROBLEM_TABLE)
      expect(guide).toContain(`| ${status} | \`${name}\` | ${when} |`);
  });
});
