import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger, Module, type DynamicModule, type OnModuleInit, type Type } from '@nestjs/common';
import { WechatPayClient } from 'wechatpay-core';
import { DurableOrders, type ResolvedOrder, type DurableOrder } from 'wechatpay-durable';
import { EmbeddedStore } from 'wechatpay-durable/embedded';
import { MemoryStore } from 'wechatpay-durable/memory';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openShop, settingsOf } from '../test/shop.js';
import {
  WechatPayDurableModule,
  type WechatPayDurableOptions,
  type WechatPayDurableOptionsFactory,
} from './durable.js';
import { WechatPayModule } from './index.js';

// A real store and a real gateway, on a clock that goes twenty times as fast.
const SPEED = 20;
const START = Date.now();
const now = (): number => START + (Date.now() - START) * SPEED;

const folders: string[] = [];
afterEach(() => Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true }))));

// After the line above, so that the applications are closed before their folders are removed.
const { sandbox, settings: given, start, purchase } = await openShop({ now });
const settings = { ...given, now };
afterEach(() => {
  sandbox.reset();
});

function options(changes: Partial<WechatPayDurableOptions> = {}): WechatPayDurableOptions {
  return { store: new MemoryStore(), speed: SPEED, ...changes };
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'durable-'));
  folders.push(folder);
  return folder;
}

/** Charges a customer who pays, and loses the answer. */
async function payWithoutAnswer(durableOrders: DurableOrders, merchantId?: string): Promise<string> {
  sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
  for (;;) {
    const request = purchase();
    const { outcome } = await durableOrders.pay(request, { merchantId });
    if (outcome.kind === 'pending') return request.outTradeNo;
    // At this speed, a charge may wait 750 ms for its order to be stored. Where others are busy it takes longer: nothing was sent.
    expect(outcome).toMatchObject({ kind: 'declined', error: { outcome: 'not-sent' } });
  }
}

async function ended(durableOrders: DurableOrders, outTradeNo: string, merchantId?: string): Promise<DurableOrder> {
  for (;;) {
    const stored = await durableOrders.get({ outTradeNo, merchantId });
    if (stored?.endedAt) return stored;
    await sleep(20);
  }
}

class OptionsFactory implements WechatPayDurableOptionsFactory {
  createWechatPayDurableOptions(): WechatPayDurableOptions {
    return options();
  }
}

@Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
class SettingsModule {}

const forRootAsync = WechatPayDurableModule.forRootAsync.bind(WechatPayDurableModule);
const registrations: [string, (wechatPay: DynamicModule) => (DynamicModule | Type)[]][] = [
  ['forRoot', () => [WechatPayDurableModule.forRoot(options())]],
  ['forRootAsync', (wechatPay) => [forRootAsync({ imports: [wechatPay], useFactory: () => options() })]],
  ['forRootAsync with useClass', () => [forRootAsync({ useClass: OptionsFactory })]],
  [
    'forRootAsync with useExisting',
    () => [SettingsModule, forRootAsync({ imports: [SettingsModule], useExisting: OptionsFactory })],
  ],
];

describe.each(registrations)('%s', (name, register) => {
  it('resolves an order whose answer was lost', async () => {
    const isGlobal = name !== 'forRootAsync';
    const wechatPay = WechatPayModule.forRoot({ ...settings, isGlobal });
    const app = await start(wechatPay, ...register(wechatPay));
    const durableOrders = app.get(DurableOrders);
    const outTradeNo = await payWithoutAnswer(durableOrders);
    expect(await ended(durableOrders, outTradeNo)).toMatchObject({ status: 'done', outcome: { kind: 'paid' } });
    expect(sandbox.ledger.of(outTradeNo).net).toBe(888);
  });

  it('does not boot where there is no client', async () => {
    const none = WechatPayModule.forRoot({ ...settings, name: 'elsewhere' });
    await expect(start(...register(none))).rejects.toThrow(/WechatPayClient/);
  });
});

it('works for several merchants, each with its own client', async () => {
  const branch = await sandbox.merchants.create();
  const app = await start(
    WechatPayModule.forRoot({ ...settings, isGlobal: true }),
    WechatPayModule.forRoot({ ...settingsOf(branch), now, name: 'hk-branch', isGlobal: true }),
    WechatPayDurableModule.forRoot({ ...options(), merchants: [undefined, 'hk-branch'] }),
  );
  const durableOrders = app.get(DurableOrders);
  for (const { merchantId } of [sandbox.merchant, branch]) {
    const outTradeNo = await payWithoutAnswer(durableOrders, merchantId);
    expect(await ended(durableOrders, outTradeNo, merchantId)).toMatchObject({ merchantId, outcome: { kind: 'paid' } });
    expect(sandbox.requests.at(-1)?.fields.mch_id).toBe(merchantId);
  }
});

describe('isGlobal', () => {
  @Injectable()
  class Cashier {
    constructor(@Inject(DurableOrders) readonly durableOrders: DurableOrders) {}
  }

  @Module({ providers: [Cashier], exports: [Cashier] })
  class ShopModule {}

  it.each([true, false])('%s: injectable in modules that do not import it', async (isGlobal) => {
    const wechatPay = WechatPayModule.forRoot({ ...settings, isGlobal: true });
    const starting = start(wechatPay, WechatPayDurableModule.forRoot({ ...options(), isGlobal }), ShopModule);
    if (isGlobal) expect((await starting).get(Cashier).durableOrders).toBeInstanceOf(DurableOrders);
    else await expect(starting).rejects.toThrow(/DurableOrders/);
  });
});

// Making a database takes a while where others are busy.
it('goes on after a restart, once every module is initialized', { timeout: 120_000 }, async () => {
  const folder = await temporaryFolder();
  const storeInIt = (): EmbeddedStore => new EmbeddedStore({ folder, pollMs: 50, onNote: () => undefined });
  const wechatPay = (): DynamicModule => WechatPayModule.forRoot({ ...settings, isGlobal: true });
  const first = await start(wechatPay(), WechatPayDurableModule.forRoot(options({ store: storeInIt(), work: false })));
  const outTradeNo = await payWithoutAnswer(first.get(DurableOrders));
  await sleep(15_000 / SPEED);
  expect(sandbox.requests.map(({ path }) => path)).toEqual(['/pay/micropay']); // `work: false`
  await first.close();

  let asked: number | undefined;
  @Module({})
  class SlowModule implements OnModuleInit {
    async onModuleInit(): Promise<void> {
      await sleep(500);
      asked = sandbox.requests.length - 1;
    }
  }
  const second = await start(wechatPay(), WechatPayDurableModule.forRoot(options({ store: storeInIt() })), SlowModule);
  expect(asked).toBe(0);
  const stored = await ended(second.get(DurableOrders), outTradeNo);
  expect(stored).toMatchObject({ status: 'done', outcome: { kind: 'paid' } });
});

describe('at shutdown', () => {
  it.each(['first', 'last'])('the current step is finished and stored (imported %s)', async (place) => {
    const store = new MemoryStore();
    const wechatPay = WechatPayModule.forRoot({ ...settings, isGlobal: true });
    const durable = WechatPayDurableModule.forRoot({ ...options({ store }), isGlobal: true });
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const calls = [vi.spyOn(DurableOrders.prototype, 'stop'), vi.spyOn(WechatPayClient.prototype, 'close')];
    const app = await start(...(place === 'first' ? [durable, wechatPay] : [wechatPay, durable]));
    const isAsked = new Promise<void>((resolve) => {
      const when = (): boolean => {
        resolve();
        return true;
      };
      sandbox.faults.add({ kind: 'delay', delayMs: 700 }, { path: '/pay/orderquery', when });
    });
    const outTradeNo = await payWithoutAnswer(app.get(DurableOrders));
    await isAsked;
    await app.close();
    expect(warn).not.toHaveBeenCalled();
    const [stopped = 0, closed = 0] = calls.map(({ mock }) => mock.invocationCallOrder[0]);
    expect(stopped).toBeLessThan(closed);

    const later = await start(
      wechatPay,
      WechatPayDurableModule.forRoot(options({ store: store.share(), work: false })),
    );
    const stored = await later.get(DurableOrders).get({ outTradeNo });
    expect(stored?.state).toMatchObject({ tradeState: 'SUCCESS', outcome: { kind: 'paid' } });
    expect(sandbox.requests.map(({ path }) => path)).toEqual(['/pay/micropay', '/pay/orderquery']);
  });
});

it('logs what goes wrong, without a secret', async () => {
  const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
  const told = new Promise<ResolvedOrder>((resolve) => {
    const onResolved = (resolved: ResolvedOrder): Promise<void> => {
      resolve(resolved);
      return Promise.reject(Object.assign(new Error('The shop is shut.'), { password: settings.apiKey }));
    };
    void start(
      WechatPayModule.forRoot({ ...settings, isGlobal: true }),
      WechatPayDurableModule.forRoot(options({ onResolved })),
    ).then((app) => payWithoutAnswer(app.get(DurableOrders)));
  });
  const { id } = await told;
  await expect.poll(() => warn.mock.calls.length).toBe(1);
  expect(warn).toHaveBeenCalledWith(
    `onResolved failed for durable order ${id}, and is called again. The shop is shut.`,
  );
  expect(JSON.stringify(warn.mock.calls)).not.toContain(settings.apiKey);
});
