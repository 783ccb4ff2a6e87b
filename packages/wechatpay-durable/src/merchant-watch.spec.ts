import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queryOrder, refundOrder, WechatPayClient, type TransportResponse } from 'wechatpay-core';
import { Sandbox } from 'wechatpay-sandbox';
import { MemoryStore } from './stores/memory.js';
import { DurableOrders, DURABLE_ORDER_CHANNEL, type DurableOrderEvent } from './index.js';

let now: number;
let answer: (path: string, body: string) => TransportResponse | Error;
let client: WechatPayClient;
let durableOrders: DurableOrders;
let sandbox: Sandbox;
const events: DurableOrderEvent[] = [];
const listen = (event: unknown): void => void events.push(event as DurableOrderEvent);

beforeEach(async () => {
  now = Date.now(); // the certificate is valid today
  sandbox = await Sandbox.create({ now: () => now });
  sandbox.orders.create({ outTradeNo: 'A1', state: 'paid', totalFee: 888 });
  answer = works;
  client = new WechatPayClient({
    ...sandbox.merchant,
    now: () => now,
    transport: ({ path, body }) => {
      const reply = answer(path, body);
      return reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply);
    },
  });
  durableOrders = new DurableOrders({ store: new MemoryStore(), clients: client });
  await durableOrders.start({ work: false });
  subscribe(DURABLE_ORDER_CHANNEL, listen);
});
afterEach(async () => {
  unsubscribe(DURABLE_ORDER_CHANNEL, listen);
  events.length = 0;
  await durableOrders.stop();
});

function works(path: string, body: string): TransportResponse {
  const reply = sandbox.handle({ path, body, clientCertificate: client.merchantId });
  if (reply.kind !== 'reply') throw new Error(reply.kind);
  return reply;
}

/** What the gateway says where the API key was reset. */
function refusesSignature(): TransportResponse {
  const text = '<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>';
  return { status: 200, body: Buffer.from(text) };
}

/** Asks for an order, and again every `everyMs`. */
async function ask(times: number, everyMs: number, outTradeNo = 'A1'): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    await queryOrder(client, { outTradeNo }).catch(() => undefined);
    now += everyMs;
  }
}

const kinds = (): string[] => events.map(({ kind }) => kind);

describe('the same failure of a merchant’s calls', () => {
  it('is a problem within minutes, told once, and told again when it ends', async () => {
    answer = refusesSignature;
    const since = new Date(now);
    await ask(5, 14_000); // the fifth at 56 s
    expect(kinds()).toEqual([]);
    expect(durableOrders.merchantProblems()).toEqual([]);
    now += 10_000;
    await ask(9, 60_000);
    const problem = {
      merchantId: client.merchantId,
      code: 'WECHATPAY_GATEWAY_FAIL',
      operations: ['Query Order'],
      since,
    };
    expect(events).toMatchObject([{ kind: 'merchant-problem', problem: { ...problem, failures: 6 } }]);
    const [told] = events;
    expect(told?.kind === 'merchant-problem' && told.error.message).toMatch(/apiKey.*certificate/);
    expect(durableOrders.merchantProblems()).toEqual([{ ...problem, failures: 14 }]);

    answer = works;
    await ask(2, 1000);
    expect(kinds()).toEqual(['merchant-problem', 'merchant-recovered']);
    expect(durableOrders.merchantProblems()).toEqual([]);
  });

  it('is not one where the others succeed, or where too few failed', async () => {
    for (let time = 0; time < 10; time += 1) {
      answer = refusesSignature;
      await ask(4, 30_000);
      answer = works;
      await ask(1, 30_000);
    }
    expect(kinds()).toEqual([]);
  });

  it('is not one where the gateway answers of the orders that it was asked for', async () => {
    await ask(20, 30_000, 'UNKNOWN'); // ORDERNOTEXIST, signed
    expect(kinds()).toEqual([]);
  });

  it('is one where another operation succeeds: the certificate is needed for some only', async () => {
    const refused = Buffer.from('<html>400 The SSL certificate error</html>');
    answer = (path, body) => (path.startsWith('/secapi/') ? { status: 400, body: refused } : works(path, body));
    for (let time = 0; time < 6; time += 1) {
      await ask(1, 15_000);
      await refundOrder(client, { outTradeNo: 'A1', outRefundNo: 'R1', totalFee: 888, refundFee: 888 }).catch(
        () => undefined,
      );
    }
    expect(events).toMatchObject([{ kind: 'merchant-problem', problem: { operations: ['Submit Refund'] } }]);
  });

  it('is said by a payment of the merchant, too', async () => {
    answer = refusesSignature;
    await ask(6, 20_000);
    const request = { body: 'tea', totalFee: 888, spbillCreateIp: '203.0.113.7', authCode: '134567890123456789' };
    const { outcome } = await durableOrders.pay({ outTradeNo: 'A2', ...request });
    expect(outcome).toMatchObject({ kind: 'pending', merchantProblem: { code: 'WECHATPAY_GATEWAY_FAIL' } });
  });

  it('of a caller who stops waiting says nothing', async () => {
    for (let time = 0; time < 6; time += 1) {
      await queryOrder(client, { outTradeNo: 'A1' }, { signal: AbortSignal.abort() }).catch(() => undefined);
      now += 60_000;
    }
    expect(kinds()).toEqual([]);
  });
});
