import 'reflect-metadata';
import { Injectable, Module, type DynamicModule, type Type } from '@nestjs/common';
import { DurableOrders, type DurableOrdersErrorCode, type ReconciliationSummary } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { afterEach, describe, expect, it } from 'vitest';
import { openShop, settingsOf } from '../test/shop.js';
import {
  ReconciliationHealthIndicator,
  StatementService,
  WechatPayDurableModule,
  WechatPayReconciliationModule,
  type WechatPayReconciliationOptions,
  type WechatPayReconciliationOptionsFactory,
} from './durable.js';
import { getWechatPayToken, WechatPayModule } from './index.js';

const DAY_MS = 24 * 60 * 60_000;
const NOON = Math.floor(Date.now() / DAY_MS) * DAY_MS + 4 * 60 * 60_000; // in Beijing
const dateOf = (time: number): string =>
  new Date(time + 8 * 60 * 60_000).toISOString().slice(0, 10).replaceAll('-', '');
const TODAY = dateOf(NOON);

// A clock that stands still, at noon, until a test sets it.
let time = NOON;
const now = (): number => time;
const { sandbox, settings: given, start, purchase } = await openShop({ now });
const settings = { ...given, now };
afterEach(() => {
  sandbox.reset();
  time = NOON;
});

const told: ReconciliationSummary[] = [];
const problems: DurableOrdersErrorCode[] = [];
afterEach(() => {
  told.length = 0;
  problems.length = 0;
});

@Injectable()
class OptionsFactory implements WechatPayReconciliationOptionsFactory {
  createWechatPayReconciliationOptions(): WechatPayReconciliationOptions {
    return {
      daily: { since: TODAY },
      onReconciled: (day) => void told.push(day),
      onProblem: ({ code }) => void problems.push(code as DurableOrdersErrorCode),
    };
  }
}

@Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
class SettingsModule {}

const options = new OptionsFactory().createWechatPayReconciliationOptions();
const forRootAsync = WechatPayReconciliationModule.forRootAsync.bind(WechatPayReconciliationModule);
const registrations: [string, () => (DynamicModule | Type)[]][] = [
  ['forRoot', () => [WechatPayReconciliationModule.forRoot(options)]],
  ['forRootAsync', () => [forRootAsync({ useFactory: () => options })]],
  ['forRootAsync with useExisting', () => [SettingsModule, forRootAsync({ imports: [SettingsModule], useExisting: OptionsFactory })]], // prettier-ignore
];

function durable(store = new MemoryStore({ now })): DynamicModule[] {
  return [
    WechatPayModule.forRoot({ ...settings, isGlobal: true }),
    WechatPayDurableModule.forRoot({ store, isGlobal: true }),
  ];
}

/** Sells tea, and lets the night pass. */
async function sell(store: MemoryStore): Promise<string> {
  const app = await start(...durable(store));
  const durableOrders = app.get(DurableOrders);
  const order = { ...purchase(), currency: 'HKD' };
  await durableOrders.pay(order);
  await expect.poll(async () => (await durableOrders.get({ outTradeNo: order.outTradeNo }))?.status).toBe('done');
  await app.close();
  time = NOON + DAY_MS;
  return order.outTradeNo;
}

describe.each(registrations)('%s', (_, register) => {
  it('reconciles yesterday, and tells of it', async () => {
    const store = new MemoryStore({ now });
    await sell(store);
    const app = await start(...durable(store.share()), ...register());
    await expect.poll(() => told).toMatchObject([{ date: TODAY, rows: 1, agreed: 1, forPerson: 0 }]);
    const statements = app.get(StatementService);
    expect(await statements.reconciliations()).toEqual(told);
    const health = await app.get(ReconciliationHealthIndicator).isReconciled();
    expect(health).toMatchObject({ reconciliation: { status: 'up', lastDay: TODAY, lateDays: [], forPerson: 0 } });
    expect(problems).toEqual([]);
  });
});

it('downloads, reconciles and asks for a person, until one has looked', async () => {
  const store = new MemoryStore({ now });
  const outTradeNo = await sell(store);
  sandbox.orders.create({ state: 'paid', outTradeNo: 'stranger', createdAt: NOON });
  const app = await start(...durable(store.share()), WechatPayReconciliationModule.forRoot({ daily: false }));
  const statements = app.get(StatementService);
  const rows: string[] = [];
  for await (const row of await statements.download({ date: TODAY })) rows.push(row.outTradeNo);
  expect(rows.sort()).toEqual([outTradeNo, 'stranger'].sort());
  const day = await statements.reconcile({ date: TODAY });
  expect(day.differences).toMatchObject([{ outTradeNo: 'stranger', why: 'unknown-order' }]);
  expect(await statements.reconciliation({ date: TODAY })).toEqual(day);
  const indicator = app.get(ReconciliationHealthIndicator);
  expect(await indicator.isReconciled('day')).toMatchObject({ day: { status: 'down', forPerson: 1 } });
  const stranger = { kind: 'payment', outTradeNo: 'stranger' } as const;
  expect(await statements.acknowledge({ date: TODAY, ...stranger }, { actor: 'accounts-2' })).toBe(true);
  expect(await indicator.isReconciled('day')).toMatchObject({ day: { status: 'up', forPerson: 0 } });
});

it('has services of each merchant, by its name', async () => {
  const branch = await sandbox.merchants.create();
  const merchants = [undefined, 'hk-branch'];
  const app = await start(
    WechatPayModule.forRoot({ ...settings, isGlobal: true }),
    WechatPayModule.forRoot({ ...settingsOf(branch), now, name: 'hk-branch', isGlobal: true }),
    WechatPayDurableModule.forRoot({ store: new MemoryStore({ now }), merchants, isGlobal: true }),
    WechatPayReconciliationModule.forRoot({ daily: false, merchants }),
  );
  for (const [name, merchant] of [[undefined, sandbox.merchant] as const, ['hk-branch', branch] as const]) {
    const statements = app.get<StatementService>(getWechatPayToken(StatementService, name));
    expect(await statements.health()).toMatchObject({ merchantId: merchant.merchantId, lateDays: [] });
  }
});

describe('does not boot', () => {
  it.each([
    ['a schedule that is neither on nor off', { daily: 1 }, /daily: must be true, false or/],
    ['an invalid first day', { daily: { since: 'May' } }, /reconcileDaily\.since: must be a day of Beijing/],
    ['a typing error', { onProblems: () => undefined }, /onProblems: is unknown.*onProblem\?/],
    ['a merchant whose orders are not durable', { merchants: ['hk-branch'] }, /has no client here/],
  ])('with %s', async (_, changes, message) => {
    const branch = WechatPayModule.forRoot({
      ...settingsOf(await sandbox.merchants.create()),
      name: 'hk-branch',
      isGlobal: true,
    });
    const register = async (): Promise<unknown> =>
      start(...durable(), branch, WechatPayReconciliationModule.forRoot(changes as WechatPayReconciliationOptions));
    await expect(register()).rejects.toThrow(message);
  });

  it('where the durable orders are reconciled daily already', async () => {
    const store = new MemoryStore({ now });
    const modules = [
      WechatPayModule.forRoot({ ...settings, isGlobal: true }),
      WechatPayDurableModule.forRoot({ store, isGlobal: true, reconcileDaily: true }),
      WechatPayReconciliationModule.forRoot({}),
    ];
    await expect(start(...modules)).rejects.toThrow(/reconcileDaily: is on already/);
  });
});
