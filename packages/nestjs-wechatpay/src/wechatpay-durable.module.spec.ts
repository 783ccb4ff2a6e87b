import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Inject,
  Injectable,
  Logger,
  Module,
  type DynamicModule,
  type INestApplication,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { WechatPayClient, WechatPayConfigError, type QuickPayRequest, type WechatPayConfig } from 'wechatpay-core';
import { DurableOrders, type ResolvedOrder, type DurableOrder } from 'wechatpay-durable';
import { EmbeddedStore } from 'wechatpay-durable/embedded';
import { Sandbox, type Behaviour, type Merchant } from 'wechatpay-sandbox';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
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

let sandbox: Sandbox;
let settings: WechatPayConfig;
const apps: INestApplication[] = [];
const folders: string[] = [];

beforeAll(async () => {
  Logger.overrideLogger(false);
  sandbox = await Sandbox.start({ now });
  settings = settingsOf(sandbox.merchant);
});
afterEach(async () => {
  vi.restoreAllMocks();
  sandbox.reset();
  await Promise.all(apps.splice(0).map((app) => app.close()));
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});
afterAll(() => sandbox.stop());

function settingsOf({ appId, merchantId, apiKey, certificate, ca, baseUrl }: Merchant): WechatPayConfig {
  return { appId, merchantId, apiKey, certificate, ca, baseUrl, now };
}

function options(changes: Partial<WechatPayDurableOptions> & { folder?: string } = {}): WechatPayDurableOptions {
  const { folder = 'memory://', ...others } = changes;
  return { store: new EmbeddedStore({ folder, pollMs: 50, onNote: () => undefined }), speed: SPEED, ...others };
}

async function start(...imports: (DynamicModule | Type)[]): Promise<INestApplication> {
  const module = await Test.createTestingModule({ imports }).compile();
  const app = module.createNestApplication();
  apps.push(app);
  await app.listen(0);
  return app;
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'durable-'));
  folders.push(folder);
  return folder;
}

let orders = 0;
function purchase(behaviour: Behaviour = { behaviour: 'pays-at-once' }): QuickPayRequest {
  orders += 1;
  const { authCode } = sandbox.customers.create(behaviour);
  return { outTradeNo: `D${orders}`, body: 'tea', totalFee: 888, spbillCreateIp: '203.0.113.7', authCode };
}

/** Charges a customer who pays, and loses the answer. */
async function payWithoutAnswer(durableOrders: DurableOrders, merchantId?: string): Promise<string> {
  const request = purchase();
  sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
  const { outcome } = await durableOrders.pay(request, { merchantId });
  expect(outcome.kind).toBe('pending');
  return request.outTradeNo;
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

describe('two registrations of one merchant', () => {
  const durable = (merchants?: (string | undefined)[]): DynamicModule =>
    WechatPayDurableModule.forRoot({ ...options(), ...(merchants && { merchants }) });
  const wechatPay = (name?: string): DynamicModule =>
    WechatPayModule.forRoot({ ...settings, isGlobal: true, ...(name !== undefined && { name }) });
  const inFeature = (...imports: DynamicModule[]): Type => {
    @Module({ imports })
    class FeatureModule {}
    return FeatureModule;
  };
  const cases: [string, () => (DynamicModule | Type)[], RegExp][] = [
    ['both without a name', () => [wechatPay(), durable(), inFeature(durable())], /the merchant without a name/],
    [
      'both of one name',
      () => [wechatPay('hk'), wechatPay('sg'), durable(['hk']), inFeature(durable(['hk']))],
      /the merchant 'hk'/,
    ],
    ['from factories', () => [wechatPay(), durable(), forRootAsync({ useFactory: () => options() })], /without a name/],
  ];
  it.each(cases)('%s: refused at boot, and no store is opened', async (_, imports, message) => {
    const open = vi.spyOn(EmbeddedStore.prototype, 'open');
    await expect(start(...imports())).rejects.toThrow(message);
    expect(open).not.toHaveBeenCalled();
  });

  it('one of each merchant, and one dynamic module in several modules, boot', async () => {
    const one = durable(['hk']);
    const app = await start(wechatPay('hk'), wechatPay('sg'), one, inFeature(one), inFeature(durable(['sg'])));
    expect(app.get(DurableOrders)).toBeInstanceOf(DurableOrders);
  });

  it('of which one is loaded lazily: refused when it is loaded', async () => {
    const app = await start(wechatPay(), durable());
    const loader = app.get(LazyModuleLoader);
    await expect(loader.load(() => durable())).rejects.toThrow(/the merchant without a name/);
  });
});

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

describe('wrong arguments name the field', () => {
  const wrong =
    (...given: unknown[]) =>
    () =>
      (WechatPayDurableModule.forRoot as (...given: unknown[]) => unknown)(...given);
  const wrongAsync =
    (...given: unknown[]) =>
    () =>
      (WechatPayDurableModule.forRootAsync as (...given: unknown[]) => unknown)(...given);
  const store = {};
  const cases: [string, () => unknown, RegExp][] = [
    ['forRoot()', wrong(), /^options: are missing; call WechatPayDurableModule\.forRoot\(\{ store \}\)/],
    ['forRoot(name, options)', wrong('hk', { store }), /^options: must be one object/],
    ['no store', wrong({}), /^store: is missing; give a PostgresStore/],
    ['a store of a text', wrong({ store: 'postgres' }), /^store: is not a store; give a PostgresStore/],
    ['onResolved of a number', wrong({ store, onResolved: 3 }), /^onResolved: must be a function, not a number/],
    ['work of a text', wrong({ store, work: 'no' }), /^work: must be true or false/],
    ['isGlobal of a text', wrong({ store, isGlobal: 'yes' }), /^isGlobal: must be true or false/],
    ['merchants of a text', wrong({ store, merchants: 'hk' }), /^merchants: must be an array of names/],
    ['no merchant', wrong({ store, merchants: [] }), /^merchants: must be an array of names/],
    ['a merchant twice', wrong({ store, merchants: ['hk', 'hk'] }), /^merchants: names a merchant twice/],
    ['clients', wrong({ store, clients: [] }), /^clients: are those of WechatPayModule/],
    ['several at once', wrong({ onResolved: 3 }), /^store: .*\nonResolved: /],
    ['forRootAsync()', wrongAsync(), /^options: are missing/],
    ['no factory', wrongAsync({ merchants: ['hk'] }), /^useFactory: is missing/],
    ['an extra that is mistyped', wrongAsync({ useFactory: () => 1, merchant: ['hk'] }), /Did you mean merchants\?/],
  ];
  it.each(cases)('%s', (_, call, message) => {
    expect(call).toThrow(WechatPayConfigError);
    expect(call).toThrow(message);
  });

  it.each<[string, () => WechatPayDurableOptions, RegExp]>([
    ['a factory that gives nothing', () => undefined as never, /^options: are missing/],
    ['a factory that gives no store', () => ({}) as never, /^store: is missing/],
    [
      'merchants that a factory gives',
      () => ({ ...options(), merchants: [] }),
      /^merchants: is not read from a factory/,
    ],
  ])('%s, at boot', async (_, useFactory, message) => {
    const wechatPay = WechatPayModule.forRoot({ ...settings, isGlobal: true });
    await expect(start(wechatPay, forRootAsync({ useFactory }))).rejects.toThrow(message);
  });
});

it('works for several merchants, each with its own client', async () => {
  const branch = await sandbox.merchants.create();
  const app = await start(
    WechatPayModule.forRoot({ ...settings, isGlobal: true }),
    WechatPayModule.forRoot({ ...settingsOf(branch), name: 'hk-branch', isGlobal: true }),
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

it('goes on after a restart, once every module is initialized', async () => {
  const folder = await temporaryFolder();
  const wechatPay = (): DynamicModule => WechatPayModule.forRoot({ ...settings, isGlobal: true });
  const first = await start(wechatPay(), WechatPayDurableModule.forRoot(options({ folder, work: false })));
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
  const second = await start(wechatPay(), WechatPayDurableModule.forRoot(options({ folder })), SlowModule);
  expect(asked).toBe(0);
  const stored = await ended(second.get(DurableOrders), outTradeNo);
  expect(stored).toMatchObject({ status: 'done', outcome: { kind: 'paid' } });
});

describe('at shutdown', () => {
  it.each(['first', 'last'])('the current step is finished and stored (imported %s)', async (place) => {
    const folder = await temporaryFolder();
    const wechatPay = WechatPayModule.forRoot({ ...settings, isGlobal: true });
    const durable = WechatPayDurableModule.forRoot({ ...options({ folder }), isGlobal: true });
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

    const later = await start(wechatPay, WechatPayDurableModule.forRoot(options({ folder, work: false })));
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
