import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { isWechatPayError, WechatPayTransportError } from 'wechatpay-core';
import { putEmptyDatabase } from '../test/empty-database.js';
import { failureOf } from '../test/failure.js';
import { LoggedStore } from '../test/logged-store.js';
import { scripted } from '../test/scripted-client.js';
import {
  DurableOrders,
  DurableOrdersError,
  isDurableOrdersError,
  LeaseLostError,
  type DurableOrdersErrorCode,
  type OrderStore,
} from './index.js';
import { RedisStore } from './stores/redis/redis-store.js';
import { MemoryStore } from './stores/memory.js';
import { EmbeddedStore } from './stores/embedded/embedded.js';
import { PostgresStore } from './stores/postgres/postgres.js';

const TIMEOUT = new WechatPayTransportError('WECHATPAY_TIMEOUT', 'no answer', 'unknown');
const ORDER = { outTradeNo: 'A1' };
const INTENT = { ...ORDER, orderCreatedAt: new Date(Date.UTC(2026, 10, 23)) };
const REQUEST = {
  ...ORDER,
  body: 'tea',
  totalFee: 888,
  authCode: '120061098828009406',
  spbillCreateIp: '203.0.113.7',
};

/** Every function that asks the store, and what it answers once it may. */
const CALLS: Readonly<Record<string, (orders: DurableOrders) => Promise<unknown>>> = {
  start: (orders) => orders.start(),
  stop: (orders) => orders.stop(),
  enqueue: (orders) => orders.enqueue(INTENT),
  pay: (orders) => orders.pay(REQUEST),
  hasten: (orders) => orders.hasten(ORDER),
  cancel: (orders) => orders.cancel(ORDER),
  get: (orders) => orders.get(ORDER),
  find: (orders) => orders.find({ outTradeNo: ORDER.outTradeNo }),
  list: (orders) => orders.list(),
  dead: (orders) => orders.dead(),
  redrive: (orders) => orders.redrive(ORDER),
  reverse: (orders) => orders.reverse(INTENT),
  counts: (orders) => orders.counts(),
};

/** A store whose every method does this. */
const storeThat = (act: () => unknown): OrderStore => new Proxy(new LoggedStore(), { get: () => act });

const away = new Error('the store is away');

/** A client reads its clock when it is made: it breaks later. */
function brokenClock(): { isBroken: boolean; readonly now: () => number } {
  const clock = {
    isBroken: false,
    now: () => {
      if (clock.isBroken) throw away;
      return INTENT.orderCreatedAt.getTime();
    },
  };
  return clock;
}

describe.each<[what: string, act: () => unknown]>([
  ['rejects', () => Promise.reject(away)],
  ['throws', () => { throw away; }], // prettier-ignore
])('a store that %s', (_, act) => {
  it.each(Object.entries(CALLS))('is no bare error of %s', async (_, call) => {
    const { client, calls } = scripted([TIMEOUT]);
    const error = await failureOf(() => call(new DurableOrders({ store: storeThat(act), clients: client })));
    expect(error).toBeInstanceOf(DurableOrdersError);
    expect(error).toMatchObject({ code: 'WECHATPAY_STORE_FAILED', cause: away });
    expect((error as Error).message).toContain('The store failed: the store is away.');
    expect(calls).toEqual([]);
  });
});

it.each<[what: string, thrown: Error, message: string]>([
  ['a text', 'away' as never, 'The store failed: away.'],
  ['nothing', undefined as never, 'The store failed: undefined.'],
  [
    'an error without a message',
    Object.assign(new Error(''), { code: 'ECONNREFUSED' }),
    'The store failed: ECONNREFUSED.',
  ],
  ['a mistake in it', new TypeError('is not a function'), 'The store failed: is not a function.'],
])('a store that throws %s has an error with a code', async (_, thrown, message) => {
  const store = storeThat(() => Promise.reject(thrown));
  const error = await failureOf(() => new DurableOrders({ store, clients: scripted([TIMEOUT]).client }).get(ORDER));
  expect(error).toMatchObject({ name: 'DurableOrdersError', code: 'WECHATPAY_STORE_FAILED', message });
  expect((error as Error).cause).toBe(thrown);
});

it('an error of a store that has a code is passed on as it is', async () => {
  for (const thrown of [new DurableOrdersError('WECHATPAY_FOLDER_IN_USE', 'no'), new LeaseLostError('1'), TIMEOUT]) {
    const store = storeThat(() => Promise.reject(thrown));
    const orders = new DurableOrders({ store, clients: scripted([TIMEOUT]).client });
    expect(await failureOf(() => orders.get(ORDER))).toBe(thrown);
  }
});

describe('pay says that nothing was sent', () => {
  const payWith = (store: OrderStore) => {
    const clock = brokenClock();
    const { client, calls } = scripted([TIMEOUT], { now: clock.now });
    return { clock, calls, orders: new DurableOrders({ store, clients: client }) };
  };

  it.each<[code: DurableOrdersErrorCode, store: OrderStore]>([
    ['WECHATPAY_STORE_FAILED', storeThat(() => Promise.reject(away))],
    ['WECHATPAY_NOT_STORED', storeThat(() => Promise.resolve(undefined))],
    ['WECHATPAY_STORE_NOT_OPEN', new PostgresStore({ connectionString: 'postgres://127.0.0.1:1/none' })],
    ['WECHATPAY_STORE_NOT_OPEN', new RedisStore({ connection: 'redis://127.0.0.1:1' })],
    ['WECHATPAY_CLOCK_FAILED', new LoggedStore()],
  ])('where it ends with %s', async (code, store) => {
    const { orders, calls, clock } = payWith(store);
    clock.isBroken = code === 'WECHATPAY_CLOCK_FAILED';
    const error = await failureOf(() => orders.pay(REQUEST));
    expect(error).toMatchObject({ code, outcome: 'not-sent' });
    expect((error as Error).message).toMatch(/nothing was (?:sent|done)/i);
    expect(calls).toEqual([]);
  });

  it('where the process stops', async () => {
    const { orders, calls } = payWith(new LoggedStore());
    await orders.start({ work: false });
    await orders.stop();
    const code = 'WECHATPAY_STOPPING';
    expect(await failureOf(() => orders.pay(REQUEST))).toMatchObject({ code, outcome: 'not-sent' });
    expect(calls).toEqual([]);
  });
});

it('a clock that throws has an error with a code, whoever reads it', async () => {
  const clock = brokenClock();
  const orders = new DurableOrders({
    store: new LoggedStore(),
    clients: scripted([TIMEOUT], { now: clock.now }).client,
  });
  await orders.enqueue(INTENT);
  clock.isBroken = true;
  for (const call of [CALLS.enqueue, CALLS.hasten, CALLS.reverse]) {
    const error = await failureOf(() => call!(orders));
    expect(error).toMatchObject({ code: 'WECHATPAY_CLOCK_FAILED', cause: away });
  }
});

it('a second start says that the store is in use, and leaves it open', async () => {
  const orders = new DurableOrders({ store: new LoggedStore(), clients: scripted([TIMEOUT]).client });
  await orders.start();
  expect(await failureOf(() => orders.start())).toMatchObject({ code: 'WECHATPAY_STORE_IN_USE' });
  await orders.stop();
});

it('an order that a worker does not leave is busy: to be reversed later', async () => {
  class BusyStore extends LoggedStore {
    override async get(id: string): ReturnType<LoggedStore['get']> {
      const stored = await super.get(id);
      return stored && { ...stored, status: 'active' };
    }
  }
  const orders = new DurableOrders({ store: new BusyStore(), clients: scripted([TIMEOUT]).client });
  await orders.enqueue(INTENT);
  expect(await failureOf(() => orders.reverse(INTENT))).toMatchObject({
    code: 'WECHATPAY_ORDER_BUSY',
    message: 'A worker still works on order A1: call reverse() again in a minute.',
  });
});

describe('opening a store', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'durable-errors-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each<[code: DurableOrdersErrorCode, store: () => OrderStore]>([
    ['WECHATPAY_STORE_FAILED', () => new PostgresStore({ connectionString: 'postgres://127.0.0.1:1/none' })],
    ['WECHATPAY_STORE_FAILED', () => new RedisStore({ connection: 'redis://127.0.0.1:1' })],
    ['WECHATPAY_FOLDER_UNUSABLE', () => new EmbeddedStore({ folder: '/dev/null/folder' })],
    ['WECHATPAY_FOLDER_UNUSABLE', () => new EmbeddedStore({ folder: '/dev' })],
  ])('fails with %s, by itself and by start', async (code, store) => {
    expect(await failureOf(() => store().open())).toMatchObject({ name: 'DurableOrdersError', code });
    const orders = new DurableOrders({ store: store(), clients: scripted([TIMEOUT]).client });
    expect(await failureOf(() => orders.start())).toMatchObject({ name: 'DurableOrdersError', code });
  });

  it('of another opener fails with WECHATPAY_FOLDER_IN_USE', async () => {
    const options = { folder: join(folder, 'data'), onNote: () => undefined };
    await putEmptyDatabase(options.folder);
    const store = new EmbeddedStore(options);
    await store.open();
    try {
      const code = 'WECHATPAY_FOLDER_IN_USE';
      expect(await failureOf(() => new EmbeddedStore(options).open())).toMatchObject({ code });
    } finally {
      await store.close();
    }
  });

  it.each<OrderStore>([
    new PostgresStore({ connectionString: 'postgres://127.0.0.1:1/none' }),
    new EmbeddedStore({ folder: 'memory://' }),
    new MemoryStore(),
    new RedisStore({ connection: 'redis://127.0.0.1:1' }),
  ])('was not done: %o says so of whatever is asked', async (store) => {
    for (const call of [
      () => store.get('1'),
      () => store.list({}),
      () => store.find({ outTradeNo: '1' }),
      () => store.journal('1'),
      () => store.prune(),
      () => store.counts(),
      () => store.cancel('1'),
      () => store.reschedule('1', 0),
      () => store.enqueue('1', {} as never, 0),
      () => store.amend('1', () => undefined),
      () => store.note('1', []),
      () => store.redrive('1', ['dead'], () => undefined),
      () => store.process(() => Promise.reject(away), { concurrency: 1, onProblem: () => undefined }),
    ]) {
      expect(await failureOf(call)).toMatchObject({ code: 'WECHATPAY_STORE_NOT_OPEN' });
    }
  });
});

it('an error has its code, its outcome and its cause; JSON leaves the cause out', () => {
  const error = new DurableOrdersError('WECHATPAY_STOPPING', 'no', { cause: away, outcome: 'not-sent' });
  expect(error.cause).toBe(away);
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: 'DurableOrdersError',
    code: 'WECHATPAY_STOPPING',
    outcome: 'not-sent',
    message: 'no',
  });
  const plain = new DurableOrdersError('WECHATPAY_STOPPING', 'no');
  expect('cause' in plain || 'outcome' in plain).toBe(false);
  expect(new LeaseLostError('7')).toMatchObject({ name: 'LeaseLostError', code: 'WECHATPAY_LEASE_LOST' });
});

it('isDurableOrdersError knows the errors of another copy, and nothing else', async () => {
  vi.resetModules();
  const copy = await import('./errors.js');
  expect(copy.DurableOrdersError).not.toBe(DurableOrdersError);
  expect(isDurableOrdersError(new copy.DurableOrdersError('WECHATPAY_STOPPING', 'no'))).toBe(true);
  expect(isDurableOrdersError(new copy.LeaseLostError('1'))).toBe(true);
  const hostile = new Proxy({}, { get: () => { throw away; } }); // prettier-ignore
  for (const other of [away, TIMEOUT, undefined, null, 'WECHATPAY_STOPPING', { code: 'WECHATPAY_STOPPING' }, hostile]) {
    expect(isDurableOrdersError(other)).toBe(false);
  }
  expect(isWechatPayError(new DurableOrdersError('WECHATPAY_STOPPING', 'no'))).toBe(false);
});

it('the guide says of each code what to do', () => {
  // The compiler refuses one that is missing, or unknown.
  const codes: Record<DurableOrdersErrorCode, true> = {
    WECHATPAY_STORE_NOT_OPEN: true,
    WECHATPAY_STORE_IN_USE: true,
    WECHATPAY_STORE_FAILED: true,
    WECHATPAY_STORE_FORBIDDEN: true,
    WECHATPAY_PACKAGE_MISSING: true,
    WECHATPAY_FOLDER_IN_USE: true,
    WECHATPAY_FOLDER_UNUSABLE: true,
    WECHATPAY_CLOCK_SKEW: true,
    WECHATPAY_CLOCK_FAILED: true,
    WECHATPAY_STOPPING: true,
    WECHATPAY_NOT_STORED: true,
    WECHATPAY_ORDER_BUSY: true,
    WECHATPAY_ORDER_NOT_KNOWN: true,
    WECHATPAY_ANSWER_NOT_STORED: true,
    WECHATPAY_LEASE_LOST: true,
    WECHATPAY_STEP_FAILED: true,
    WECHATPAY_LEFT_TO_ANOTHER: true,
    WECHATPAY_ON_RESOLVED_FAILED: true,
    WECHATPAY_MERCHANT_PROBLEM: true,
    WECHATPAY_MERCHANT_PAUSED: true,
    WECHATPAY_NO_SUCH_ORDER: true,
    WECHATPAY_WAIT_ABORTED: true,
    WECHATPAY_DIFFERENCES_OPEN: true,
    WECHATPAY_RECONCILING: true,
    WECHATPAY_NOT_RECONCILED: true,
  };
  const guide = readFileSync(new URL('../../../docs/guides/durable-failures.md', import.meta.url), 'utf8');
  const rows = [...guide.matchAll(/^\| `(WECHATPAY_\w+)` +\|/gm)].map(([, code]) => code);
  expect(rows).toEqual(Object.keys(codes));
});
