import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach } from 'vitest';
import { decodeXml, WechatPayClient, WechatPayTransportError } from 'wechatpay-core';
import { Sandbox, type DirectRequest } from 'wechatpay-sandbox';
import {
  DurableOrders,
  type DurableOrdersOptions,
  type DurableRow,
  type RefundIntent,
  type ResolvedRefund,
} from '../src/index.js';
import { requestOf } from '../src/refunds/refund-rows.js';
import { MemoryStore } from '../src/stores/memory.js';
import { signed, type Mishap } from './mishaps.js';

// A shop that refunds, before the whole gateway with its ledger. One clock, which stands still until a test moves it, is the store's, the
// clients' and the gateway's.

// Today, because the sandbox's certificates are of today.
export const START = new Date().setUTCHours(0, 0, 0, 0);
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const TOTAL_FEE = 888;

interface GatewayCall {
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly at: number;
  /** Which process makes it: 0 for the first. */
  readonly process: number;
}

export interface RefundShop {
  readonly clock: { time: number };
  readonly sandbox: Sandbox;
  readonly store: MemoryStore;
  readonly durableOrders: DurableOrders;
  readonly client: WechatPayClient;
  /** Every call that a process has made, in turn. */
  readonly calls: readonly GatewayCall[];
  readonly told: readonly ResolvedRefund[];
  /** What becomes of a call. */
  mishap: (call: GatewayCall) => Mishap | undefined;
  /** Another process on the same store. */
  readonly other: (options?: Partial<DurableOrdersOptions> & { works?: boolean }) => Promise<DurableOrders>;
  /** A paid order at WeChat Pay. @returns its transaction. */
  readonly pay: (outTradeNo: string, totalFee?: number) => string;
  readonly intent: (outRefundNo: string, refundFee: number, more?: Partial<RefundIntent>) => RefundIntent;
  /** Does all that is due now. */
  readonly work: () => Promise<void>;
  /** Lets time go on, to each time at which something is due, and does that. */
  readonly pass: (ms: number) => Promise<void>;
  /** The Submit Refunds that have left. */
  readonly submissions: () => GatewayCall[];
}

const open: (() => Promise<unknown>)[] = [];
afterEach(() => closeRefundShops());

/** For a test that opens many. */
export async function closeRefundShops(): Promise<void> {
  for (const close of open.splice(0).reverse()) await close();
}

const sandboxes = new Map<string, Promise<Sandbox>>();
/** Its certificates take a while, and one is enough for a file: it begins anew with each shop. */
const clocks = { time: START };

export async function openRefundShop({
  works = true,
  refundDelayMs = MINUTE,
  // Whoever is alive says so by real timers, every third of it: longer than any test.
  leaseMs = 10 * MINUTE,
  ...options
}: Partial<DurableOrdersOptions> & {
  works?: boolean;
  refundDelayMs?: number;
  leaseMs?: number;
} = {}): Promise<RefundShop> {
  const clock = clocks;
  clock.time = START;
  const key = String(refundDelayMs);
  const made = sandboxes.get(key) ?? Sandbox.create({ now: () => clock.time, refundDelayMs, keepRequests: 1 });
  sandboxes.set(key, made);
  const sandbox = await made;
  sandbox.reset();
  const calls: GatewayCall[] = [];
  const told: ResolvedRefund[] = [];
  const late: { at: number; request: DirectRequest }[] = [];
  const hung: (() => void)[] = [];
  /** When a process was gone with a refund, by its number. */
  const goneAt = new Map<string, number>();
  /** The lease that a worker has of each refund, and those of which nothing more is heard. */
  const leases = new Map<string, object>();
  const gone = new Set<object | undefined>();
  let processes = 0;

  const handle = ({ path, body }: { path: string; body: string | Uint8Array }) => {
    for (const { at, request } of late.splice(0)) {
      if (at <= clock.time) sandbox.handle(request);
      else late.push({ at, request });
    }
    const { merchantId } = sandbox.merchant;
    const request = { path, body, ...(path.startsWith('/secapi/') && { clientCertificate: merchantId }) };
    return { request, send: () => sandbox.handle(request) };
  };
  const connect = (): WechatPayClient => {
    const process = processes;
    processes += 1;
    return new WechatPayClient({
      ...sandbox.merchant,
      now: () => clock.time,
      timeoutMs: 30_000,
      transport: ({ path, body }) => {
        const fields = decodeXml(body);
        const call = { path, fields, at: clock.time, process };
        const mishap = shop.mishap(call);
        if (mishap && 'kind' in mishap && mishap.kind === 'unsent') {
          return Promise.reject(new WechatPayTransportError('WECHATPAY_CONNECTION', 'refused.', 'not-sent'));
        }
        calls.push(call);
        const { request, send } = handle({ path, body });
        if (mishap && 'fields' in mishap)
          return Promise.resolve(signed(fields, mishap.fields, sandbox.merchant.apiKey));
        if (mishap && 'fault' in mishap) {
          sandbox.faults.add(mishap.fault);
        } else if (mishap?.kind === 'late') {
          late.push({ at: clock.time + mishap.ms, request });
          return Promise.reject(new Error('no answer'));
        } else if (mishap?.kind === 'dies') {
          const number = fields.out_refund_no ?? '';
          if (mishap.isDelivered) send();
          goneAt.set(number, clock.time);
          gone.add(leases.get(number));
          return Promise.reject(new Error('the process is gone'));
        }
        if (mishap && 'kind' in mishap && mishap.kind === 'twice') send();
        const reply = send();
        sandbox.faults.clear();
        const isLost = mishap !== undefined && 'kind' in mishap && mishap.kind === 'lost';
        if (isLost || reply.kind !== 'reply' || reply.delayMs !== undefined)
          return Promise.reject(new Error('no answer'));
        return Promise.resolve(reply);
      },
    });
  };

  /** Whatever a process that is gone would have stored, it has not. */
  const mayDie = (store: MemoryStore): void => {
    const work = store.process.bind(store);
    const unlessGone = async (lease: object): Promise<void> => {
      if (gone.has(lease)) await new Promise<void>((end) => hung.push(end));
    };
    store.process = (handler, options) =>
      work(async (lease) => {
        if (lease.data.kind === 'refund') leases.set(requestOf(lease.data).outRefundNo ?? '', lease);
        const save: typeof lease.save = async (...args) => {
          await unlessGone(lease);
          await lease.save(...args);
        };
        const verdict = await handler({ ...lease, save });
        await unlessGone(lease);
        return verdict;
      }, options);
  };

  const start = async (
    store: MemoryStore,
    client: WechatPayClient,
    { works: isWorker = true, ...given }: Partial<DurableOrdersOptions> & { works?: boolean },
  ): Promise<DurableOrders> => {
    mayDie(store);
    const durableOrders = new DurableOrders({
      store,
      clients: client,
      onRefundResolved: (resolved) => void told.push(resolved),
      ...given,
    });
    await durableOrders.start({ work: isWorker });
    open.push(async () => {
      const stopped = durableOrders.stop();
      for (const end of hung.splice(0)) end();
      await stopped;
    });
    return durableOrders;
  };

  const store = new MemoryStore({ now: () => clock.time, leaseMs });
  const client = connect();
  const durableOrders = await start(store, client, { works, ...options });
  const openRows = () => store.list({ status: ['waiting', 'active'], limit: 1000 });
  const isDue = ({ dueAt }: DurableRow): boolean => dueAt !== undefined && dueAt.getTime() <= clock.time;
  /** A process that is gone has its refund until its lease lapses. */
  const isHeld = (row: DurableRow): boolean => {
    const since = row.kind === 'refund' ? goneAt.get(requestOf(row).outRefundNo ?? '') : undefined;
    return row.status === 'active' && since !== undefined && clock.time <= since + leaseMs;
  };
  const work = async (): Promise<void> => {
    for (let turn = 0; ; turn += 1) {
      const rows = await openRows();
      const due = rows.filter(isDue);
      if (due.length === 0 && rows.every((row) => row.status === 'waiting' || isHeld(row))) return;
      if (turn % 50 === 0) for (const { id } of due) await store.reschedule(id, 0); // wakes the workers at once
      if (turn > 100_000) throw new Error(`It does not come to rest: ${JSON.stringify(rows).slice(0, 2_000)}`);
      await nextTurn();
    }
  };

  const shop: RefundShop = {
    clock,
    sandbox,
    store,
    durableOrders,
    client,
    calls,
    told,
    mishap: () => undefined,
    other: (given = {}) => start(store.share(), connect(), { works: false, ...given }),
    pay: (outTradeNo, totalFee = TOTAL_FEE) => {
      const order = sandbox.orders.create({ state: 'paid', outTradeNo, totalFee, currency: 'HKD' });
      return order.transactionId;
    },
    intent: (outRefundNo, refundFee, more = {}) => ({
      ...{ outTradeNo: 'A1', outRefundNo, totalFee: TOTAL_FEE, refundFee, refundCurrency: 'HKD' },
      ...more,
    }),
    work,
    pass: async (ms) => {
      const until = clock.time + ms;
      for (;;) {
        await work();
        const rows = await openRows();
        const times = rows.flatMap(({ dueAt }) => (dueAt ? [dueAt.getTime()] : []));
        // What a process that is gone has, another takes over once its lease has lapsed.
        const lapse = rows.some(({ status }) => status === 'active') ? [clock.time + leaseMs + 1] : [];
        const next = Math.min(...times, ...lapse);
        if (next > until) break;
        clock.time = Math.max(clock.time, next);
      }
      clock.time = until;
    },
    submissions: () => calls.filter(({ path }) => path === '/secapi/pay/refund'),
  };
  return shop;
}
