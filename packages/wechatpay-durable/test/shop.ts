import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach } from 'vitest';
import { WechatPayClient, type QuickPayRequest, type TransportRequest, type WechatPayConfig } from 'wechatpay-core';
import { Sandbox, type Behaviour } from 'wechatpay-sandbox';
import {
  DurableOrders,
  DURABLE_ORDER_CHANNEL,
  type DurableOrdersOptions,
  type DurableOrderEvent,
  type ResolvedOrder,
} from '../src/index.js';
import { MemoryStore } from '../src/stores/memory.js';

// A real store, and the whole gateway, on a clock that goes thirty times as fast: 45 s are one and a half.
export const SPEED = 30;
export const TOTAL_FEE = 888;
/** A code is good for a minute: on this clock, less than a machine may be busy with something else. */
export const HOUR_MS = 3_600_000;

/** Making its keys takes most of a second of a processor: the next shop takes the gateway of one that is closed, and it begins anew. */
interface Gateway {
  readonly sandbox: Sandbox;
  now: () => number;
}
const vacant: Gateway[] = [];

async function takeGateway(now: () => number): Promise<Gateway> {
  const gateway = vacant.pop() ?? (await makeGateway());
  gateway.now = now;
  gateway.sandbox.reset();
  return gateway;
}

async function makeGateway(): Promise<Gateway> {
  const clock = { now: Date.now };
  return Object.assign(clock, { sandbox: await Sandbox.create({ now: () => clock.now() }) });
}

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
}: Partial<DurableOrdersOptions> & {
  hold?: Hold;
  isWorker?: boolean;
  settings?: Partial<WechatPayConfig>;
} = {}): Promise<Shop> {
  const start = Date.now();
  const now = (): number => start + (Date.now() - start) * SPEED;
  const gateway = await takeGateway(now);
  const { sandbox } = gateway;
  let isOpen = true;
  const { merchantId } = sandbox.merchant;
  const client = new WechatPayClient({
    ...sandbox.merchant,
    now,
    ...settings,
    transport: async (request) => {
      await hold?.(request, { now });
      if (!isOpen) throw new Error('The shop is closed.');
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
  const ends = new Map<string, (resolved: ResolvedOrder) => void>();
  const events: DurableOrderEvent[] = [];
  const listen = (event: unknown): void => void events.push(event as DurableOrderEvent);
  subscribe(DURABLE_ORDER_CHANNEL, listen);
  const durableOrders = new DurableOrders({
    store: new MemoryStore(),
    clients: client,
    speed: SPEED,
    onResolved: (resolved) => ends.get(resolved.order.outTradeNo)?.(resolved),
    ...options,
  });
  await durableOrders.start({ work: isWorker });
  open.push(async () => {
    await durableOrders.stop();
    unsubscribe(DURABLE_ORDER_CHANNEL, listen);
    isOpen = false;
    vacant.push(gateway);
  });
  return {
    sandbox,
    client,
    durableOrders,
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
  durableOrders: DurableOrders;
  now: () => number;
  events: DurableOrderEvent[];
  end: (outTradeNo: string) => Promise<ResolvedOrder>;
  request: (outTradeNo: string, behaviour?: Behaviour) => QuickPayRequest & { currency: string };
}

export const pathsOf = ({ sandbox }: Shop): string[] => sandbox.requests.map(({ path }) => path);
