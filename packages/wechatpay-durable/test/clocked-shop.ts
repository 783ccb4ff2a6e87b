import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, expect } from 'vitest';
import {
  decodeXml,
  encodeXml,
  signFields,
  WechatPayClient,
  type QuickPayRequest,
  type UnifiedOrderRequest,
} from 'wechatpay-core';
import {
  DurableOrders,
  DURABLE_ORDER_CHANNEL,
  type DurableOrderEvent,
  type DurableOrdersOptions,
  type ResolvedOrder,
} from '../src/index.js';
import { MemoryStore } from '../src/stores/memory.js';

// A shop whose clock stands still until a test moves it: the store's, the clients' and the gateway's are one.

const API_KEY = '192006250b4c09247ec02edce69f6a2d';
export const MERCHANT = '10000100';
export const OTHER_MERCHANT = '10000200';
export const START = Date.UTC(2026, 10, 23);
export const SECOND = 1_000;
export const DAY = 24 * 60 * 60 * SECOND;

/** Fields of a signed answer, an answer without a signature, or an error of the transport. */
export type Reply = Readonly<Record<string, string>> | { readonly unsigned: string } | Error;

interface Call {
  readonly path: string;
  readonly merchantId: string;
  readonly outTradeNo: string;
  readonly at: number;
}

export interface ClockedShop {
  readonly clock: { time: number };
  readonly store: MemoryStore;
  readonly durableOrders: DurableOrders;
  /** Another process on the same store. */
  readonly other: (options?: Partial<DurableOrdersOptions> & { works?: boolean }) => Promise<DurableOrders>;
  readonly calls: readonly Call[];
  readonly events: readonly DurableOrderEvent[];
  readonly told: readonly ResolvedOrder[];
  /** How each order stands at WeChat Pay; paid with HKD 8.88 where it is not here. Of Unified Order, NOTPAY once it was called. */
  readonly states: Map<string, string>;
  /** What the gateway answers instead, whatever the order. */
  answer: (call: Call) => Reply | undefined;
  readonly enqueue: (outTradeNo: string, more?: Partial<Parameters<DurableOrders['enqueue']>[0]>) => Promise<string>;
  readonly request: (outTradeNo: string) => QuickPayRequest;
  /** An order that is paid by a QR code. @param minutes until `timeExpire` */
  readonly codeRequest: (outTradeNo: string, minutes?: number) => UnifiedOrderRequest;
  /** What WeChat Pay posts once an order is paid. @param more other fields than those of HKD 8.88 */
  readonly notification: (outTradeNo: string, more?: Readonly<Record<string, string>>) => string;
  /** Lets time go on, and all that is due be done. */
  readonly pass: (ms: number) => Promise<void>;
}

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

export async function openClockedShop({
  works = true,
  ...options
}: Partial<DurableOrdersOptions> & { works?: boolean } = {}): Promise<ClockedShop> {
  const clock = { time: START };
  const calls: Call[] = [];
  const events: DurableOrderEvent[] = [];
  const told: ResolvedOrder[] = [];
  const states = new Map<string, string>();
  const listen = (event: unknown): void => void events.push(event as DurableOrderEvent);
  subscribe(DURABLE_ORDER_CHANNEL, listen);
  open.push(() => Promise.resolve(unsubscribe(DURABLE_ORDER_CHANNEL, listen)));

  const clientOf = (merchantId: string): WechatPayClient =>
    new WechatPayClient({
      appId: 'wx2421b1c4370ec43b',
      merchantId,
      apiKey: API_KEY,
      now: () => clock.time,
      transport: ({ path, body }) => {
        const fields = decodeXml(body);
        const call = { path, merchantId, outTradeNo: fields.out_trade_no ?? '', at: clock.time };
        calls.push(call);
        const reply = shop.answer(call) ?? truth(call);
        if (reply instanceof Error) return Promise.reject(reply);
        if ('unsigned' in reply) return Promise.resolve({ status: 200, body: Buffer.from(reply.unsigned) });
        const parties = { appid: fields.appid ?? '', mch_id: merchantId, out_trade_no: call.outTradeNo };
        const full = { return_code: 'SUCCESS', result_code: 'SUCCESS', openid: 'oUpF8', ...parties, ...reply };
        const signed = { ...full, sign: signFields(full, API_KEY, 'HMAC-SHA256') };
        return Promise.resolve({ status: 200, body: Buffer.from(encodeXml(signed)) });
      },
    });

  function truth({ path, outTradeNo }: Call): Reply {
    const state = states.get(outTradeNo) ?? 'SUCCESS';
    const paid = { transaction_id: `42${outTradeNo}`, total_fee: '888', fee_type: 'HKD' };
    if (path === '/secapi/pay/reverse') {
      states.set(outTradeNo, 'REVOKED');
      return { recall: 'N' };
    }
    if (path === '/pay/micropay') return { ...paid, cash_fee: '888' };
    if (path === '/pay/unifiedorder') {
      states.set(outTradeNo, 'NOTPAY');
      return { trade_type: 'NATIVE', prepay_id: 'wx201', code_url: `weixin://wxpay/bizpayurl?pr=${outTradeNo}` };
    }
    if (path === '/pay/closeorder') {
      if (state === 'SUCCESS') return { result_code: 'FAIL', err_code: 'ORDERPAID' };
      if (state !== 'ABSENT') states.set(outTradeNo, 'CLOSED');
    }
    if (state === 'ABSENT') return { result_code: 'FAIL', err_code: 'ORDERNOTEXIST' };
    if (path === '/pay/closeorder') return {};
    return { trade_state: state, ...(state === 'SUCCESS' && paid) };
  }

  const clients = [clientOf(MERCHANT), clientOf(OTHER_MERCHANT)];
  const start = async (store: MemoryStore, given: Partial<DurableOrdersOptions>, isWorker: boolean) => {
    const durableOrders = new DurableOrders({
      store,
      clients,
      onResolved: (resolved) => void told.push(resolved),
      ...given,
    });
    await durableOrders.start({ work: isWorker });
    open.push(() => durableOrders.stop());
    return durableOrders;
  };
  const store = new MemoryStore({ now: () => clock.time });
  const durableOrders = await start(store, options, works);

  const shop: ClockedShop = {
    clock,
    store,
    durableOrders,
    other: ({ works: isWorker = false, ...given } = {}) => start(store.share(), given, isWorker),
    calls,
    events,
    told,
    states,
    answer: () => undefined,
    enqueue: (outTradeNo, more = {}) =>
      durableOrders.enqueue({
        outTradeNo,
        merchantId: MERCHANT,
        orderCreatedAt: new Date(clock.time),
        totalFee: 888,
        currency: 'HKD',
        ...more,
      }),
    request: (outTradeNo) => ({
      outTradeNo,
      body: 'tea',
      totalFee: 888,
      currency: 'HKD',
      spbillCreateIp: '203.0.113.7',
      authCode: '134567890123456789',
    }),
    codeRequest: (outTradeNo, minutes = 10) => ({
      tradeType: 'NATIVE',
      productId: 'tea',
      outTradeNo,
      body: 'tea',
      totalFee: 888,
      currency: 'HKD',
      notifyUrl: 'https://shop.example/wechatpay/payments',
      spbillCreateIp: '203.0.113.7',
      timeExpire: new Date(clock.time + minutes * 60 * SECOND),
    }),
    notification: (outTradeNo, more = {}) => {
      const parties = { appid: 'wx2421b1c4370ec43b', mch_id: MERCHANT, nonce_str: '5d2b6c2a8db53831f7eda20af46e531c' };
      const paid = { transaction_id: `42${outTradeNo}`, total_fee: '888', fee_type: 'HKD', trade_type: 'NATIVE' };
      const result = { return_code: 'SUCCESS', result_code: 'SUCCESS', out_trade_no: outTradeNo, ...paid };
      const fields = { ...parties, ...result, ...more };
      return encodeXml({ ...fields, sign: signFields(fields, API_KEY, 'HMAC-SHA256') });
    },
    pass: async (ms) => {
      clock.time += ms;
      await expect
        .poll(
          async () => {
            const rows = await durableOrders.list({ status: ['waiting', 'active'], limit: 1000 });
            return rows.filter(({ dueAt }) => !dueAt || dueAt.getTime() <= clock.time).length;
          },
          { interval: 5, timeout: 10_000 },
        )
        .toBe(0);
    },
  };
  return shop;
}
