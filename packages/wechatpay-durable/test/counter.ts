import { afterEach, vi } from 'vitest';
import { WechatPayTransportError, type QuickPayRequest, type WechatPayConfig } from 'wechatpay-core';
import { DurableOrders, type DurableOrder, type DurableOrdersOptions } from '../src/index.js';
import { LoggedStore } from './logged-store.js';
import { scripted, type Answer, type Scripted } from './scripted-client.js';

// What stands between the cashier and the charge, step by step: a store that notes what is asked of it, a gateway that says what it is told.

export const CREATED = Date.UTC(2026, 10, 23);
export const DAY_MS = 24 * 60 * 60 * 1000;
export const REQUEST: QuickPayRequest = {
  outTradeNo: '1415717424',
  body: 'tea',
  totalFee: 888,
  currency: 'HKD',
  authCode: '120061098828009406',
  spbillCreateIp: '203.0.113.7',
};
export const PAID = { transaction_id: '42', total_fee: '888', fee_type: 'HKD' };
export const PAYMENT = { transactionId: '42', totalFee: 888, currency: 'HKD' };
export const REFUSED = { result_code: 'FAIL', err_code: 'NOTENOUGH' };
export const TIMEOUT = new WechatPayTransportError('WECHATPAY_TIMEOUT', 'no answer', 'unknown');
export const NOT_SENT = new WechatPayTransportError('WECHATPAY_CONNECTION', 'no connection', 'not-sent');

/** What the end of a test stops. */
export const open: DurableOrders[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const durableOrders of open.splice(0)) await durableOrders.stop();
});

export interface Counter extends Scripted {
  readonly store: LoggedStore;
  readonly durableOrders: DurableOrders;
  /** The first of what is stored. */
  readonly stored: () => (DurableOrder & { delayMs: number }) | undefined;
}

export async function openCounter(
  answers: [Answer, ...Answer[]],
  {
    store = new LoggedStore(),
    speed = 1,
    onCall = () => undefined,
    ...config
  }: Partial<WechatPayConfig> & { store?: LoggedStore; onCall?: () => void } & Pick<DurableOrdersOptions, 'speed'> = {},
): Promise<Counter> {
  const { client, calls, clock } = scripted(answers, {
    ...config,
    onCall: () => {
      store.log.push('call');
      onCall();
    },
  });
  const durableOrders = new DurableOrders({ store, clients: client, speed });
  await durableOrders.start({ work: false });
  open.push(durableOrders);
  const stored = () => [...store.stored.values()][0];
  return { store, client, calls, clock, durableOrders, stored };
}
