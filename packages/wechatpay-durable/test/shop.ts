import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach } from 'vitest';
import { WechatPayClient, type QuickPayRequest, type TransportRequest, type WechatPayConfig } from 'wechatpay-core';
import { Sandbox, type Behaviour } from 'wechatpay-sandbox';
import {
  DurableReversals,
  REVERSAL_CHANNEL,
  type DurableReversalsOptions,
  type ReversalEvent,
  type SettledReversal,
} from '../src/index.js';
import { SharedEngine } from './shared-engine.js';

// A real store, and the whole gateway, on a clock that goes thirty times as fast: 45 s are one and a half.
export const SPEED = 30;
export const TOTAL_FEE = 888;
/** A code is good for a minute: on this clock, less than a machine may be busy with something else. */
export const HOUR_MS = 3_600_000;

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

type Hold = (request: TransportRequest, shop: { now: () => number }) => Promise<unknown> | undefined;

/** A shop with a worker. `hold` may keep a request back, as a slow network would. */
export async function openShop({
  hold,
  isWorker = true,
  settings = {},
  ...options
}: Partial<DurableReversalsOptions> & {
  hold?: Hold;
  isWorker?: boolean;
  settings?: Partial<WechatPayConfig>;
} = {}): Promise<Shop> {
  const start = Date.now();
  const now = (): number => start + (Date.now() - start) * SPEED;
  const sandbox = await Sandbox.create({ now });
  const { merchantId } = sandbox.merchant;
  const client = new WechatPayClient({
    ...sandbox.merchant,
    now,
    ...settings,
    transport: async (request) => {
      await hold?.(request, { now });
      const { path, body } = request;
      const reply = sandbox.handle({
        path,
        body,
        ...(path.startsWith('/secapi/') && { clientCertificate: merchantId }),
      });
      if (reply.kind !== 'reply') throw new Error(reply.kind);
      return reply;
    },
  });
  const ends = new Map<string, (settled: SettledReversal) => void>();
  const events: ReversalEvent[] = [];
  const listen = (event: unknown): void => void events.push(event as ReversalEvent);
  subscribe(REVERSAL_CHANNEL, listen);
  const reversals = new DurableReversals({
    engine: new SharedEngine(),
    clients: client,
    speed: SPEED,
    onSettled: (settled) => ends.get(settled.order.outTradeNo)?.(settled),
    ...options,
  });
  await reversals.start({ work: isWorker });
  open.push(async () => {
    await reversals.stop();
    unsubscribe(REVERSAL_CHANNEL, listen);
  });
  return {
    sandbox,
    client,
    reversals,
    now,
    events,
    end: (outTradeNo) => new Promise((resolve) => ends.set(outTradeNo, resolve)),
    request: (outTradeNo, behaviour = { behaviour: 'pays-at-once' }) => ({
      outTradeNo,
      body: 'tea',
      totalFee: TOTAL_FEE,
      currency: 'HKD',
      spbillCreateIp: '203.0.113.7',
      authCode: sandbox.customers.create({ ...behaviour, validForMs: HOUR_MS }).authCode,
    }),
  };
}

export interface Shop {
  sandbox: Sandbox;
  client: WechatPayClient;
  reversals: DurableReversals;
  now: () => number;
  events: ReversalEvent[];
  end: (outTradeNo: string) => Promise<SettledReversal>;
  request: (outTradeNo: string, behaviour?: Behaviour) => QuickPayRequest & { currency: string };
}

export const pathsOf = ({ sandbox }: Shop): string[] => sandbox.requests.map(({ path }) => path);
