import { gunzipSync } from 'node:zlib';
import { refundOrder, WechatPayClient, type ResolutionOutcome, type ResolutionState } from 'wechatpay-core';
import { refundNumberOf, startResolution } from 'wechatpay-core/resolution';
import { Sandbox } from 'wechatpay-sandbox';
import { enter, type World } from '../../../../wechatpay-core/test/truth/time.js';
import { DurableOrders, durableOrderId, type DurableOrder } from '../../../src/index.js';
import { MemoryStore } from '../../../src/stores/memory.js';
import type { DurableOrderData } from '../../../src/stores/store.js';
import type { Sale, Story } from './story.js';

/** The day that is played. */
export const DAY_BEGINS = Date.parse('2026-03-01T00:00:00+08:00');
const HOUR_MS = 60 * 60 * 1_000;
export const DAY_MS = 24 * HOUR_MS;

/** A sale, with its numbers. */
export interface Order extends Sale {
  readonly outTradeNo: string;
  readonly transactionId: string;
  readonly paidAt: number;
}

/** A shop at WeChat Pay's side and its own, in a world in which nothing takes time. */
export class DayShop {
  static #sandbox: Promise<Sandbox> | undefined;
  static #clock = (): number => DAY_BEGINS;
  readonly #store: MemoryStore;
  #durableOrders: DurableOrders | undefined;
  /** Whether nobody answers a query. */
  isSilent = false;
  /** Why no statement can be had. */
  failure: Story['failure'] = null;
  /** Called at each query. */
  onQuery: () => void = () => undefined;
  /** By how much the clock was set forward. */
  #aheadMs = 0;
  readonly client: WechatPayClient;

  private constructor(
    readonly sandbox: Sandbox,
    readonly world: World,
  ) {
    DayShop.#clock = () => this.now();
    const { appId, merchantId, apiKey } = sandbox.merchant;
    this.client = new WechatPayClient({
      ...{ appId, merchantId, apiKey },
      now: () => this.now(),
      transport: ({ path, body }) => {
        if (path === '/pay/orderquery' || path === '/pay/refundquery') this.onQuery();
        if (this.isSilent && path.endsWith('query')) return Promise.reject(new Error('nobody answers'));
        if (path === '/pay/downloadbill' && this.failure !== null) {
          if (this.failure === 'no-answer') return Promise.reject(new Error('nobody answers'));
          if (this.failure === 'being-made') return Promise.resolve({ status: 200, body: Buffer.from(BEING_MADE) });
          sandbox.statements.addFault({ kind: 'truncated' });
        }
        const reply = sandbox.handle({ path, body, clientCertificate: merchantId });
        if (reply.kind !== 'reply') return Promise.reject(new Error(reply.kind));
        // A thread would inflate it, in time of the machine.
        return Promise.resolve({ ...reply, body: isGzip(reply.body) ? gunzipSync(reply.body) : reply.body });
      },
    });
    this.#store = new MemoryStore({ now: () => this.now() });
  }

  static async open(world: World): Promise<DayShop> {
    this.#sandbox ??= Sandbox.create({ now: () => this.#clock() }); // its certificate is of today
    const sandbox = await this.#sandbox;
    const shop = new DayShop(sandbox, world);
    sandbox.reset();
    sandbox.statements.style.emptyDay = 'zeros';
    enter(world);
    await shop.#store.open();
    return shop;
  }

  now(): number {
    return this.world.now + this.#aheadMs;
  }

  setClock(time: number): void {
    this.#aheadMs += time - this.now();
  }

  get durableOrders(): DurableOrders {
    if (!this.#durableOrders) throw new Error('It is not started.');
    return this.#durableOrders;
  }

  async start(): Promise<void> {
    this.#durableOrders = new DurableOrders({ store: this.#store.share(), clients: this.client });
    await this.#durableOrders.start();
  }

  async stop(): Promise<void> {
    await this.world.until(this.#durableOrders?.stop() ?? Promise.resolve());
    this.#durableOrders = undefined;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.world.until(this.#store.close());
    enter(undefined);
  }

  /** What happens at WeChat Pay, and what the durable orders say of it. */
  async play({ sales, edition }: Story): Promise<readonly Order[]> {
    this.sandbox.statements.style.edition = edition;
    const orders = sales.map((sale, index): Order => {
      const transactionId = `420000999920260301000000${String(index).padStart(4, '0')}`;
      return { ...sale, outTradeNo: `A${index}`, transactionId, paidAt: DAY_BEGINS + sale.second * 1_000 };
    });
    const inTime = orders.toSorted((one, other) => one.paidAt - other.paidAt);
    for (const order of inTime) await this.#happen(order);
    await this.#storeAll(inTime.filter(({ storedAfterDays }) => storedAfterDays === 0));
    return orders;
  }

  /** What the shop stores of a day only when that was compared, and what it says of it. */
  async storeLate(orders: readonly Order[], days: number): Promise<void> {
    const late = orders.filter(({ storedAfterDays }) => storedAfterDays === days);
    if (late.length === 0) return;
    await this.stop();
    await this.#storeAll(late);
    await this.start();
  }

  /** Stores orders, each when it was paid, or now where that is over; then their ends. */
  async #storeAll(orders: readonly Order[]): Promise<void> {
    const writer = this.#store.share();
    await writer.open();
    const verdicts = new Map<string, DurableOrderData>();
    for (const order of orders) {
      if (order.book === 'none') continue;
      if (order.storedAfterDays === 0) this.setClock(order.paidAt);
      const { id, data, isCancelled } = this.#bookOf(order);
      const { outcome: _, end: __, endAt: ___, ...open } = data;
      await writer.enqueue(id, { ...open, state: startOf(order) }, isCancelled ? DAY_MS : 0);
      if (isCancelled) await writer.cancel(id);
      else verdicts.set(id, data);
    }
    if (orders.some(({ storedAfterDays }) => storedAfterDays === 0)) this.setClock(DAY_BEGINS + 23.5 * HOUR_MS);
    await writer.process(
      (lease) => {
        const data = verdicts.get(lease.id);
        if (!data) return Promise.resolve({ kind: 'again', data: lease.data, delayMs: 60_000 });
        const isDead = ['unresolved', 'needs-attention', 'refund-required'].includes(data.outcome?.kind ?? '');
        return Promise.resolve({ kind: isDead ? 'dead' : 'done', data });
      },
      { concurrency: 8, onProblem: (error) => { throw error; } }, // prettier-ignore
    );
    await this.world.pass(1_000);
    await this.world.until(writer.close());
  }

  async #happen({ truth, outTradeNo, transactionId, amount: totalFee, currency, paidAt }: Order): Promise<void> {
    if (truth === 'absent') return;
    const { sandbox, client } = this;
    this.setClock(paidAt);
    sandbox.orders.create({ state: 'paid', outTradeNo, transactionId, totalFee, currency, createdAt: paidAt });
    this.setClock(paidAt + 60_000);
    if (truth === 'reversed') sandbox.orders.reverse(sandbox.orders.get(outTradeNo)!);
    if (truth !== 'refunded' && truth !== 'partly-refunded') return;
    const isWhole = truth === 'refunded';
    const refund = { outRefundNo: numberOfRefund(outTradeNo), totalFee, refundFee: isWhole ? totalFee : 1 };
    await refundOrder(client, { outTradeNo, ...refund, refundCurrency: currency });
  }

  #bookOf(order: Order): { id: string; data: DurableOrderData; isCancelled: boolean } {
    const { book, outTradeNo, transactionId, amount, currency, paidAt } = order;
    const { merchantId } = this.client;
    const id = durableOrderId({ merchantId, outTradeNo });
    const { version, order: names, orderCreatedAt, totalFee, policy, deadline } = startOf(order);
    const payment = { transactionId, totalFee: totalFee ?? amount, currency };
    const error = { code: 'WECHATPAY_TIMEOUT', outcome: 'unknown', message: 'no answer' } as const;
    const sent = {
      reverse: book === 'reversed',
      ...(book === 'refunded' && { refundFee: amount }),
    };
    const outcomes: Readonly<Record<Exclude<Sale['book'], 'none' | 'cancelled'>, ResolutionOutcome>> = {
      paid: { kind: 'paid', payment },
      'paid-otherwise': { kind: 'paid', payment },
      reversed: { kind: 'reversed' },
      closed: { kind: 'closed', found: true },
      unresolved: { kind: 'unresolved', error },
      'needs-attention': { kind: 'needs-attention', error },
      'refund-required': { kind: 'refund-required', payment },
      refunded: { kind: 'refunded', outRefundNo: numberOfRefund(outTradeNo) },
    };
    if (book === 'none' || book === 'cancelled') {
      return { id, data: { merchantId, state: startOf(order) }, isCancelled: true };
    }
    const outcome = outcomes[book];
    const facts = { version, order: names, orderCreatedAt, currency, policy, deadline, sent };
    const state: ResolutionState = { ...facts, ...(totalFee !== undefined && { totalFee }), kind: 'ended', outcome };
    const endAt = order.storedAfterDays === 0 ? paidAt + 90_000 : this.now();
    return { id, data: { merchantId, state, outcome, end: 1, endAt }, isCancelled: false };
  }

  /** Waits for what takes the time of this world. */
  async wait<Value>(promise: Promise<Value>): Promise<Value> {
    const done = await this.world.until(promise, MOST_EVENTS);
    if (done?.status === 'rejected') throw done.reason;
    if (done) return done.value;
    throw new Error('It waits for ever.');
  }

  /** Lets the workers do what is due, and what is due then: the store looks every 50 ms, and nobody waits for that. */
  async act(): Promise<void> {
    for (let time = 0; time < MOST_STEPS; time += 1) {
      await this.world.pass(200);
      const open = await this.durableOrders.list({ status: ['waiting', 'active'] });
      if (open.length === 0) return;
      this.setClock(Math.max(this.now(), Math.min(...open.map(({ dueAt }) => dueAt?.getTime() ?? 0))));
    }
  }

  get(outTradeNo: string): Promise<DurableOrder | undefined> {
    return this.durableOrders.get({ outTradeNo });
  }
}

function isGzip(body: Uint8Array): boolean {
  return body[0] === 0x1f && body[1] === 0x8b;
}

const BEING_MADE = '<xml><return_code>FAIL</return_code><return_msg>Bill Creating</return_msg></xml>';
const MOST_EVENTS = 1_000_000;
const MOST_STEPS = 100;

/** As it was stored first. */
function startOf({ book, outTradeNo, paidAt, amount, currency, ifPaid }: Order): ResolutionState {
  const totalFee = book === 'paid-otherwise' ? amount + 1 : amount;
  const isKept = book === 'paid' || book === 'paid-otherwise' || book === 'cancelled';
  const policy = { ifPaid: isKept ? ('keep' as const) : ifPaid };
  return startResolution(
    { outTradeNo, orderCreatedAt: new Date(paidAt), totalFee, currency },
    paidAt + 7 * DAY_MS,
    policy,
  );
}

function numberOfRefund(outTradeNo: string): string {
  return refundNumberOf({ outTradeNo });
}
