import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { MerchantRegistry, WechatPayClient, type WechatPayConfig } from 'wechatpay-core';
import { Sandbox } from 'wechatpay-sandbox';
import {
  DurableOrders,
  DURABLE_ORDER_CHANNEL,
  type DurableOrderEvent,
  type ReconciliationKey,
  type ReconciliationStore,
} from '../index.js';
import { MemoryStore } from '../stores/memory.js';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const at = (time: string, days = 0): number => Date.parse(`2026-03-01T${time}+08:00`) + days * DAY_MS;

let sandbox: Sandbox;
let config: WechatPayConfig;
let client: WechatPayClient;
let store: MemoryStore;
let shops: DurableOrders[];
let events: DurableOrderEvent[];
/** Whether no statement is there yet, and how often it was asked for then. */
let isBeingMade = false;
let tries = 0;
/** How many days are being worked on: the clock stands still meanwhile, for a day that is held lapses by it. */
let working = 0;
const listen = (event: unknown): void => void events.push(event as DurableOrderEvent);

beforeAll(async () => {
  sandbox = await Sandbox.create({ now: () => at('12:00:00') });
  const { appId, merchantId, apiKey } = sandbox.merchant; // its certificate is of today
  config = {
    ...{ appId, merchantId, apiKey },
    now: () => sandbox.clock.now(),
    transport: ({ path, body }) => {
      if (path === '/pay/downloadbill' && isBeingMade) {
        tries += 1;
        const xml = '<xml><return_code>FAIL</return_code><return_msg>Bill Creating</return_msg></xml>';
        return Promise.resolve({ status: 200, body: Buffer.from(xml) });
      }
      const reply = sandbox.handle({ path, body, clientCertificate: sandbox.merchant.merchantId });
      return reply.kind === 'reply' ? Promise.resolve(reply) : Promise.reject(new Error(reply.kind));
    },
  };
  client = new WechatPayClient(config);
});

beforeEach(() => {
  sandbox.reset();
  isBeingMade = false;
  tries = 0;
  working = 0;
  sandbox.statements.style.emptyDay = 'zeros';
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  store = new MemoryStore({ now: () => sandbox.clock.now() });
  shops = [];
  events = [];
  subscribe(DURABLE_ORDER_CHANNEL, listen);
});

afterEach(async () => {
  unsubscribe(DURABLE_ORDER_CHANNEL, listen);
  for (const shop of shops) await shop.stop();
  vi.useRealTimers();
});

/** A store that says how many days are being worked on. */
function countingStore(): MemoryStore {
  const shared = store.share();
  const kept = shared.reconciliations;
  const isDay = ({ date }: ReconciliationKey): boolean => /^\d{8}$/.test(date);
  const reconciliations: ReconciliationStore = {
    ...{ orderDays: kept.orderDays, put: kept.put.bind(kept), get: kept.get.bind(kept), list: kept.list.bind(kept) },
    renew: kept.renew.bind(kept),
    claim: async (key, ...rest) => {
      const isClaimed = await kept.claim(key, ...rest);
      if (isClaimed && isDay(key)) working += 1;
      return isClaimed;
    },
    release: async (key, owner) => {
      await kept.release(key, owner);
      if (isDay(key)) working -= 1;
    },
  };
  return Object.assign(shared, { reconciliations });
}

/** A worker at a time of Beijing. */
async function open(time: number, since?: string): Promise<void> {
  sandbox.clock.advance(time - sandbox.clock.now());
  const shop = new DurableOrders({
    store: countingStore(),
    clients: client,
    reconcileDaily: since === undefined ? true : { since },
  });
  shops.push(shop);
  await shop.start();
}

/** Lets time go on by minutes, with what is done in each. */
async function pass(minutes: number): Promise<void> {
  for (let minute = 0; minute < minutes; minute += 1) {
    sandbox.clock.advance(MINUTE_MS);
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    await idle();
  }
}

const idle = async (): Promise<void> => {
  for (let turn = 0; turn < 50 || working > 0; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

const days = (): string[] => events.flatMap((event) => (event.kind === 'reconciled' ? [event.date] : []));
const downloads = (): number => sandbox.requests.filter(({ path }) => path === '/pay/downloadbill').length;

it('reconciles yesterday at 10:15 in Beijing, once, whichever worker comes first', async () => {
  await open(at('10:13:00', 1));
  await open(at('10:13:00', 1));
  // Nothing was reconciled before: only the last day whose statement is there.
  await expect.poll(days).toEqual(['20260228']);
  await pass(4);
  await expect.poll(days).toEqual(['20260228', '20260301']);
  await pass(120);
  expect(downloads()).toBe(2);
});

it('catches up the days that were missed, the earliest first', async () => {
  await open(at('10:20:00', 3), '20260227');
  await expect.poll(days).toEqual(['20260227', '20260228', '20260301', '20260302', '20260303']);
});

it('tries each half hour until the statement is there, and tells where it is late', async () => {
  isBeingMade = true;
  await open(at('10:15:00', 1));
  await idle();
  expect(tries).toBe(1);
  await pass(29);
  expect(tries).toBe(1);
  await pass(212);
  expect(tries).toBe(9);
  const problems = events.flatMap((event) => (event.kind === 'problem' ? [event.error.code] : []));
  expect(problems).toEqual(['WECHATPAY_NOT_RECONCILED']);
  isBeingMade = false;
  await pass(30);
  await expect.poll(days).toEqual(['20260301']);
});

it('tells once of differences that need a person, past 14:00, whichever worker comes first', async () => {
  sandbox.orders.create({ state: 'paid', outTradeNo: 'stranger', createdAt: at('12:00:00') });
  await open(at('10:15:00', 1));
  await open(at('10:15:00', 1));
  await expect.poll(days).toEqual(['20260301']);
  const problems = (): string[] => events.flatMap((event) => (event.kind === 'problem' ? [event.error.message] : []));
  await pass(210);
  expect(problems()).toEqual([]);
  await pass(130);
  const told = expect.stringMatching(/^The statement of 20260301 .*: 1 differences need a person/) as string;
  expect(problems()).toEqual([told]);
});

it('tells again of differences that need a person once a day, and at once where others do', async () => {
  sandbox.orders.create({ state: 'paid', outTradeNo: 'stranger', createdAt: at('12:00:00') });
  sandbox.clock.advance(at('14:00:00', 1) - sandbox.clock.now());
  const shop = new DurableOrders({ store: store.share(), clients: client });
  shops.push(shop);
  await shop.start();
  const problems = async (): Promise<number> => {
    events = [];
    await shop.reconcileDue({ since: '20260301' });
    return events.filter(({ kind }) => kind === 'problem').length;
  };
  expect(await problems()).toBe(1);
  expect(days()).toEqual(['20260301']);
  expect(await problems()).toBe(0);
  expect(await shop.acknowledge({ date: '20260301', kind: 'payment', outTradeNo: 'stranger' })).toBe(true);
  sandbox.orders.create({ state: 'paid', outTradeNo: 'another', createdAt: at('13:00:00') });
  await shop.reconcile({ date: '20260301' });
  expect(await problems()).toBe(1); // as many as before
  expect(await problems()).toBe(0);
  sandbox.clock.advance(23 * 60 * MINUTE_MS);
  expect(await problems()).toBe(0);
  sandbox.clock.advance(61 * MINUTE_MS);
  expect(await problems()).toBe(1);
});

it('tells nothing anew where a part of the differences was acknowledged, and at once where another is among the rest', async () => {
  const names = ['first', 'second', 'third'];
  for (const outTradeNo of names) sandbox.orders.create({ state: 'paid', outTradeNo, createdAt: at('12:00:00') });
  sandbox.clock.advance(at('14:00:00', 1) - sandbox.clock.now());
  // Each call is a worker's that knows nothing of the others.
  const shop = new DurableOrders({ store: store.share(), clients: client });
  shops.push(shop);
  await shop.start();
  await shop.reconcile({ date: '20260301' });
  const problems = async (): Promise<string[]> => {
    events = [];
    await shop.reconcileDue({ since: '20260301' });
    return events.flatMap((event) => (event.kind === 'problem' ? [event.error.message] : []));
  };
  expect(await problems()).toEqual([expect.stringContaining('3 differences need a person')]);
  expect(await shop.acknowledge({ date: '20260301', kind: 'payment', outTradeNo: 'second' })).toBe(true);
  expect(await problems()).toEqual([]);
  await shop.reconcile({ date: '20260301' }); // what was acknowledged stays so
  expect(await problems()).toEqual([]);
  expect(await shop.acknowledge({ date: '20260301', kind: 'payment', outTradeNo: 'first' })).toBe(true);
  expect(await problems()).toEqual([]);
  sandbox.orders.create({ state: 'paid', outTradeNo: 'fourth', createdAt: at('13:00:00') });
  await shop.reconcile({ date: '20260301' });
  expect(await problems()).toEqual([expect.stringContaining('2 differences need a person')]);
  sandbox.clock.advance(25 * 60 * MINUTE_MS);
  expect(await problems()).toEqual([expect.stringContaining('2 differences need a person')]);
});

it('tells of no day as late that is caught up', async () => {
  await open(at('16:00:00', 3), '20260301');
  await expect.poll(days).toEqual(['20260301', '20260302', '20260303']);
  await pass(1);
  expect(events.filter(({ kind }) => kind === 'problem')).toEqual([]);
});

/** A shop that keeps orders as briefly as it may. */
async function openBrief(): Promise<DurableOrders> {
  store = new MemoryStore({ now: () => sandbox.clock.now(), keepDays: 8 });
  const shop = new DurableOrders({ store, clients: client });
  shops.push(shop);
  await shop.start({ work: false });
  return shop;
}

it('tells of a day that failed until its orders were gone, until a person has dealt with it', async () => {
  const shop = await openBrief();
  const problems = async (): Promise<string[]> => {
    events = [];
    await shop.reconcileDue({ since: '20260301' });
    return events.flatMap((event) => (event.kind === 'problem' ? [event.error.message] : []));
  };
  isBeingMade = true;
  sandbox.clock.advance(at('15:00:00', 1) - sandbox.clock.now());
  expect(await problems()).toEqual([expect.stringContaining('It is tried again each half hour')]);
  expect(await shop.acknowledgeDay({ date: '20260302' })).toBe(false); // it is not late yet
  sandbox.clock.advance(12 * DAY_MS);
  isBeingMade = false;
  expect(await problems()).toEqual([
    expect.stringMatching(/^The statement of 20260301 .* its orders are gone, .*acknowledgeDay/) as string,
  ]);
  expect(await shop.reconciliationHealth()).toMatchObject({ lateDays: ['20260301'] });
  sandbox.clock.advance(100 * DAY_MS);
  isBeingMade = true;
  expect((await shop.reconciliationHealth()).lateDays).toContain('20260301');
  const said = { actor: 'accounts-2', note: 'compared by hand' };
  expect(await shop.acknowledgeDay({ date: '20260301' }, said)).toBe(true);
  expect(await shop.acknowledgeDay({ date: '20260301' }, said)).toBe(false);
  expect((await shop.reconciliationHealth()).lateDays).not.toContain('20260301');
  expect(await problems()).not.toContainEqual(expect.stringContaining('20260301'));
  await expect(shop.acknowledgeDay({ date: '20260301' }, { actor: '' })).rejects.toThrow(/actor/);
});

it('tries a late day on that a person has dealt with, as long as its orders are kept, and tells of it no more', async () => {
  const shop = await openBrief();
  isBeingMade = true;
  sandbox.clock.advance(at('15:00:00', 1) - sandbox.clock.now());
  await shop.reconcileDue({ since: '20260301' });
  expect(await shop.acknowledgeDay({ date: '20260301' })).toBe(true);
  events = [];
  sandbox.clock.advance(25 * 60 * MINUTE_MS - 60 * MINUTE_MS);
  await shop.reconcileDue({ since: '20260301' });
  expect(events.filter(({ kind }) => kind === 'problem')).toMatchObject([
    { error: { message: expect.stringContaining('20260302') as string } },
  ]);
  isBeingMade = false;
  sandbox.clock.advance(31 * MINUTE_MS);
  await shop.reconcileDue({ since: '20260301' });
  expect(days()).toEqual(['20260301', '20260302']);
});

it('knows a day as late that was left out between others, also when its orders are gone', async () => {
  const shop = await openBrief();
  sandbox.clock.advance(at('15:00:00', 3) - sandbox.clock.now());
  for (const date of ['20260301', '20260303']) await shop.reconcile({ date });
  sandbox.clock.advance(12 * DAY_MS);
  const { lateDays } = await shop.reconciliationHealth();
  expect(lateDays[0]).toBe('20260302');
  expect(lateDays).not.toContain('20260228'); // nobody expected it
  expect(await shop.acknowledgeDay({ date: '20260302' })).toBe(true);
  expect((await shop.reconciliationHealth()).lateDays[0]).toBe('20260304');
});

it('does what is due for a schedule of somebody else, and gives the days', async () => {
  const shop = new DurableOrders({ store: store.share(), clients: client });
  shops.push(shop);
  await shop.start();
  sandbox.clock.advance(at('10:20:00', 1) - sandbox.clock.now());
  expect((await shop.reconcileDue({ since: '20260228' })).map(({ date }) => date)).toEqual(['20260228', '20260301']);
  expect(await shop.reconcileDue()).toEqual([]);
  shop.reconcileDaily();
  expect(() => {
    shop.reconcileDaily();
  }).toThrow(/reconcileDaily: is on already/);
});

it('asks a registry for the merchants that it is given, and goes on where one cannot be had', async () => {
  const { merchantId } = sandbox.merchant;
  const now = (): number => sandbox.clock.now();
  let isAway = true;
  const load = (asked: string): WechatPayConfig | undefined => {
    if (asked !== merchantId) return undefined;
    if (isAway) throw new Error('the vault is away');
    return config;
  };
  const shop = new DurableOrders({ store: store.share(), clients: new MerchantRegistry({ load, now }) });
  shops.push(shop);
  await shop.start();
  sandbox.clock.advance(at('10:20:00', 1) - sandbox.clock.now());
  const due = { since: '20260301', merchantIds: ['1900009999', merchantId] };
  expect(await shop.reconcileDue(due)).toEqual([]);
  isAway = false;
  sandbox.clock.advance(5 * MINUTE_MS); // a registry asks for what it could not have after a while
  expect(await shop.reconcileDue({ since: '20260301' })).toEqual([]); // nobody has asked for any by then
  expect(await shop.reconcileDue(due)).toMatchObject([{ merchantId, date: '20260301' }]);
  expect(await shop.reconciliationHealth({ merchantId })).toMatchObject({ lastDay: '20260301', lateDays: [] });
  await expect(shop.reconcileDue({ merchantIds: [] })).rejects.toThrow(/merchantIds: must be a list/);
});

it('remembers the days that failed from the beginning on, and asks on for as long as orders are kept', async () => {
  const shop = new DurableOrders({ store: store.share(), clients: client });
  shops.push(shop);
  await shop.start({ work: false });
  const order = { outTradeNo: 'first', orderCreatedAt: new Date(at('12:00:00')), totalFee: 888, currency: 'HKD' };
  await shop.enqueue(order);
  isBeingMade = true;
  for (const day of [1, 2]) {
    sandbox.clock.advance(at('11:00:00', day) - sandbox.clock.now());
    expect(await shop.reconcileDue()).toEqual([]);
  }
  const problems = events.flatMap((event) => (event.kind === 'problem' ? [event.error.message] : []));
  expect(problems).toEqual([expect.stringContaining('The statement of 20260301')]); // the other day is not late yet
  isBeingMade = false;
  sandbox.clock.advance(31 * MINUTE_MS);
  expect((await shop.reconcileDue()).map(({ date }) => date)).toEqual(['20260301', '20260302']);
});

it('begins with the day on which the oldest order was made, also where it was stored later', async () => {
  const shop = new DurableOrders({ store: store.share(), clients: client });
  shops.push(shop);
  await shop.start({ work: false });
  const made = { orderCreatedAt: new Date(at('12:00:00', -1)), notBefore: new Date(at('12:00:00', 30)) };
  const order = {
    outTradeNo: 'first',
    totalFee: 888,
    currency: 'HKD',
    ...made,
    deadline: new Date(at('12:00:00', 60)),
  };
  await shop.enqueue(order);
  sandbox.clock.advance(at('10:20:00', 1) - sandbox.clock.now());
  expect((await shop.reconcileDue()).map(({ date }) => date)).toEqual(['20260228', '20260301']);
});

it('tells of no day at once that another worker catches up', async () => {
  const { merchantId } = sandbox.merchant;
  const its = store.share();
  await its.open();
  sandbox.clock.advance(at('16:00:00', 3) - sandbox.clock.now());
  const key = { merchantId, subMerchantId: '', date: 'daily-20260301' };
  expect(await its.reconciliations.claim(key, 'another', DAY_MS)).toBe(true);
  await open(at('16:00:00', 3), '20260301');
  await expect.poll(days).toEqual(['20260302', '20260303']);
  await pass(58);
  expect(events.filter(({ kind }) => kind === 'problem')).toEqual([]);
  await pass(3);
  expect(events.filter(({ kind }) => kind === 'problem')).toHaveLength(1);
  await its.close();
});

it('tries days that failed from the beginning for longer than a week, until they are there', async () => {
  const shop = new DurableOrders({ store: store.share(), clients: client });
  shops.push(shop);
  await shop.start({ work: false });
  const order = { outTradeNo: 'first', orderCreatedAt: new Date(at('12:00:00')), totalFee: 888, currency: 'HKD' };
  await shop.enqueue(order);
  isBeingMade = true;
  for (let day = 1; day <= 12; day += 1) {
    sandbox.clock.advance(at('15:00:00', day) - sandbox.clock.now());
    expect(await shop.reconcileDue()).toEqual([]);
  }
  expect((await shop.reconciliationHealth()).lateDays).toHaveLength(12);
  isBeingMade = false;
  sandbox.clock.advance(31 * MINUTE_MS);
  expect((await shop.reconcileDue()).map(({ date }) => date)).toEqual([
    ...Array.from({ length: 12 }, (_, day) => `202603${String(day + 1).padStart(2, '0')}`),
  ]);
  expect((await shop.reconciliationHealth()).lateDays).toEqual([]);
});

it('tells that a day is late where whoever tried it has died', async () => {
  await open(at('10:00:00', 1), '20260301');
  // Another has the day, and comes to no end.
  const { merchantId } = sandbox.merchant;
  const its = store.share();
  await its.open();
  for (const date of ['daily-20260301', '20260301']) {
    expect(await its.reconciliations.claim({ merchantId, subMerchantId: '', date }, 'who died', DAY_MS)).toBe(true);
  }
  await its.close();
  const problems = (): string[] => events.flatMap((event) => (event.kind === 'problem' ? [event.error.message] : []));
  await pass(4 * 60 + 30);
  expect(problems()).toEqual([]);
  await pass(60);
  expect(problems()).toEqual([expect.stringContaining('has not come to an end of it')]);
});
