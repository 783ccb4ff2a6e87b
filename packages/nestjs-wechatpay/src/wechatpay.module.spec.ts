import 'reflect-metadata';
import {
  Controller,
  Inject,
  Injectable,
  Logger,
  Module,
  Param,
  Post,
  type DynamicModule,
  type HttpException,
  type Type,
} from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import {
  reverseOrder,
  WechatPayClient,
  WechatPayConfigError,
  WechatPayTransportError,
  type ReverseOrderResult,
  type WechatPayConfig,
} from 'wechatpay-core';
import { Sandbox } from 'wechatpay-sandbox';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  getWechatPayToken,
  InjectWechatPay,
  ReverseService,
  WechatPayHealthIndicator,
  WechatPayModule,
  type WechatPayModuleExtras,
  type WechatPayOptionsFactory,
} from './index.js';
import { wechatPayConfig } from './wechatpay.config.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let sandbox: Sandbox;
let settings: WechatPayConfig;
const apps: NestExpressApplication[] = [];

beforeAll(async () => {
  Logger.overrideLogger(false);
  sandbox = await Sandbox.start();
  const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
  settings = { appId, merchantId, apiKey, certificate: { pfx: certificate.pfx }, ca, baseUrl };
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await Promise.all(apps.splice(0).map((app) => app.close()));
});

afterAll(async () => {
  await sandbox.stop();
});

@Controller('orders')
class OrdersController {
  readonly #durableOrders: ReverseService;

  constructor(@Inject(ReverseService) durableOrders: ReverseService) {
    this.#durableOrders = durableOrders;
  }

  @Post(':outTradeNo/reverse')
  reverse(@Param('outTradeNo') outTradeNo: string): Promise<ReverseOrderResult> {
    return this.#durableOrders.reverse({ outTradeNo });
  }
}

async function start(...imports: (DynamicModule | Promise<DynamicModule> | Type)[]): Promise<NestExpressApplication> {
  const module = await Test.createTestingModule({ imports, controllers: [OrdersController] }).compile();
  const app = module.createNestApplication<NestExpressApplication>();
  apps.push(app);
  await app.listen(0);
  return app;
}

async function post(app: NestExpressApplication, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${await app.getUrl()}${path}`, { method: 'POST' });
  return { status: response.status, body: await response.json() };
}

class OptionsFactory implements WechatPayOptionsFactory {
  createWechatPayOptions(): WechatPayConfig {
    return settings;
  }
}

@Module({ providers: [OptionsFactory], exports: [OptionsFactory] })
class SettingsModule {}

const registrations: [string, () => DynamicModule | Promise<DynamicModule>][] = [
  ['forRoot', () => WechatPayModule.forRoot(settings)],
  ['forRootAsync with useFactory', () => WechatPayModule.forRootAsync({ useFactory: () => Promise.resolve(settings) })],
  ['forRootAsync with useClass', () => WechatPayModule.forRootAsync({ useClass: OptionsFactory })],
  [
    'forRootAsync with useExisting',
    () => WechatPayModule.forRootAsync({ imports: [SettingsModule], useExisting: OptionsFactory }),
  ],
  [
    'forRootAsync with inject',
    () =>
      WechatPayModule.forRootAsync({
        imports: [SettingsModule],
        inject: [OptionsFactory],
        useFactory: (factory: OptionsFactory) => factory.createWechatPayOptions(),
      }),
  ],
  ['forRootAsync with the configuration namespace', () => WechatPayModule.forRootAsync(wechatPayConfig.asProvider())],
];

describe.each(registrations)('%s', (_, register) => {
  it('reverses an order through HTTP', async () => {
    stubEnvironment();
    const app = await start(ConfigModule.forRoot({ ignoreEnvFile: true }), register());
    const order = sandbox.orders.create({ state: 'paid' });
    const { status, body } = await post(app, `/orders/${order.outTradeNo}/reverse`);
    expect({ status, body }).toMatchObject({ status: 201, body: { resultCode: 'SUCCESS', recall: false } });
    expect(sandbox.orders.get(order.outTradeNo)?.state).toBe('refunded');
  });

  it('gives the client too, for what has no service yet', async () => {
    stubEnvironment();
    const app = await start(ConfigModule.forRoot({ ignoreEnvFile: true }), register());
    const order = sandbox.orders.create({ state: 'not-paid' });
    await reverseOrder(app.get(WechatPayClient), { outTradeNo: order.outTradeNo });
    expect(sandbox.orders.get(order.outTradeNo)?.state).toBe('closed');
  });
});

describe('isGlobal', () => {
  @Injectable()
  class Cashier {
    readonly durableOrders: ReverseService;
    constructor(@Inject(ReverseService) durableOrders: ReverseService) {
      this.durableOrders = durableOrders;
    }
  }

  @Module({ providers: [Cashier], exports: [Cashier] })
  class ShopModule {}

  it('makes the services injectable in modules that do not import it', async () => {
    const app = await start(WechatPayModule.forRoot({ ...settings, isGlobal: true }), ShopModule);
    expect(app.get(Cashier).durableOrders).toBeInstanceOf(ReverseService);
  });

  it('is off by default', async () => {
    await expect(start(WechatPayModule.forRoot(settings), ShopModule)).rejects.toThrow(/ReverseService/);
  });
});

describe('several merchants', () => {
  @Injectable()
  class Branches {
    readonly main: ReverseService;
    readonly branch: ReverseService;
    constructor(
      @Inject(ReverseService) main: ReverseService,
      @InjectWechatPay(ReverseService, 'hk-branch') branch: ReverseService,
    ) {
      this.main = main;
      this.branch = branch;
    }
  }

  it('each has its own services, by name', async () => {
    const { appId, merchantId, apiKey, certificate, ca, baseUrl } = await sandbox.merchants.create();
    const other: WechatPayConfig = { appId, merchantId, apiKey, certificate, ca, baseUrl };

    @Module({
      imports: [
        WechatPayModule.forRoot({ ...settings, isGlobal: true }),
        WechatPayModule.forRoot({ ...other, name: 'hk-branch' }),
        WechatPayModule.forRootAsync({ name: 'sg-branch', useFactory: () => other }),
      ],
      providers: [Branches],
    })
    class ShopsModule {}

    const app = await start(ShopsModule);
    const clients = [undefined, 'hk-branch', 'sg-branch'].map((name) =>
      app.get<WechatPayClient>(getWechatPayToken(WechatPayClient, name), { strict: false }),
    );
    expect(clients.map((client) => client.merchantId)).toEqual([sandbox.merchant.merchantId, merchantId, merchantId]);
    expect(new Set(clients).size).toBe(3);

    const order = sandbox.orders.create({ state: 'paid', merchant: sandbox.merchants.get(merchantId)! });
    await expect(app.get(Branches).main.reverse({ outTradeNo: order.outTradeNo })).rejects.toMatchObject({
      errorCode: 'INVALID_REQUEST',
    });
    await app.get(Branches).branch.reverse({ outTradeNo: order.outTradeNo });
    expect(order.state).toBe('refunded');
  });
});

describe('two registrations that nobody could tell apart', () => {
  const inFeature = (...imports: DynamicModule[]): Type => {
    @Module({ imports })
    class FeatureModule {}
    return FeatureModule;
  };
  const forRoot = (extras: WechatPayModuleExtras = {}): DynamicModule =>
    WechatPayModule.forRoot({ ...settings, ...extras });
  const forRootAsync = (extras: WechatPayModuleExtras = {}): DynamicModule =>
    WechatPayModule.forRootAsync({ useFactory: () => settings, ...extras });

  const cases: [string, () => (DynamicModule | Type)[], RegExp][] = [
    ['forRoot twice', () => [forRoot(), forRoot()], /2 times without a name/],
    ['forRoot and forRootAsync', () => [forRoot(), forRootAsync()], /2 times without a name/],
    [
      'one name twice',
      () => [forRoot(), forRoot({ name: 'hk' }), forRootAsync({ name: 'hk' })],
      /2 times of the name 'hk'/,
    ],
    ['isGlobal twice', () => [forRoot({ isGlobal: true }), forRoot({ isGlobal: true })], /2 times without a name/],
    [
      'in three feature modules',
      () => [inFeature(forRoot()), inFeature(forRootAsync()), forRoot({ isGlobal: true })],
      /3 times without a name/,
    ],
  ];
  it.each(cases)('%s: refused at boot', async (_, imports, message) => {
    await expect(start(...imports())).rejects.toThrow(message);
  });

  it('one dynamic module in several modules is one registration', async () => {
    const wechatPay = forRoot();
    const app = await start(wechatPay, inFeature(wechatPay), inFeature(wechatPay));
    expect(app.get(WechatPayClient).merchantId).toBe(settings.merchantId);
  });

  it('of which one is loaded lazily: refused when it is loaded', async () => {
    const app = await start(forRoot());
    const loader = app.get(LazyModuleLoader);
    await expect(loader.load(() => forRoot({ isGlobal: true }))).rejects.toThrow(/2 times without a name/);
    await expect(loader.load(() => forRoot({ name: 'hk' }))).resolves.toBeDefined();
  });

  it('several applications in one process each have their own', async () => {
    const AppModule = inFeature(forRoot({ isGlobal: true }), forRoot({ name: 'hk' }));
    const [first, second] = [await start(AppModule), await start(AppModule)];
    expect(first.get(WechatPayClient)).not.toBe(second.get(WechatPayClient));
  });
});

describe('wrong arguments name the field', () => {
  const wrong =
    (...given: unknown[]) =>
    () =>
      (WechatPayModule.forRoot as (...given: unknown[]) => unknown)(...given);
  const wrongAsync =
    (...given: unknown[]) =>
    () =>
      (WechatPayModule.forRootAsync as (...given: unknown[]) => unknown)(...given);
  const cases: [string, () => unknown, RegExp][] = [
    ['forRoot()', wrong(), /^options: are missing; call WechatPayModule\.forRoot\(\{ appId/],
    ['forRoot(null)', wrong(null), /^options: are missing/],
    ['forRoot(name, settings)', wrong('hk', {}), /^options: must be one object/],
    ['forRoot(text)', wrong('hk'), /^options: must be an object, not a string/],
    ['forRoot(settings, name)', wrong({}, 'hk'), /^options: must be one object; .*with a name in it/],
    ['forRoot(promise)', wrong(Promise.resolve({})), /^options: .*not a Promise; await it/],
    ['isGlobal of a text', wrong({ isGlobal: 'yes' }), /^isGlobal: must be true or false/],
    ['name of a number', wrong({ name: 3 }), /^name: must be a text that is not empty/],
    ['an empty name', wrong({ name: ' ' }), /^name: must be a text that is not empty/],
    ['selfTest of another word', wrong({ selfTest: 'no' }), /^selfTest: must be true, false, 'warn' or 'fail'/],
    ['an extra in lower case', wrong({ isglobal: true }), /^isglobal: is unknown.*Did you mean isGlobal\?/],
    ['a setting that is mistyped', wrong({ timeout: 3 }), /^timeout: is unknown.*Did you mean timeoutMs\?/],
    ['several at once', wrong({ isGlobal: 1, nam: 'hk' }), /^nam: .*Did you mean name\?\nisGlobal: must be/],
    ['forRootAsync()', wrongAsync(), /^options: are missing; call WechatPayModule\.forRootAsync/],
    ['forRootAsync(factory)', wrongAsync(() => settings), /^options: must be an object, not a function/],
    ['no factory', wrongAsync({ name: 'hk' }), /^useFactory: is missing/],
    ['an invalid factory', wrongAsync({ useFactory: {} }), /^useFactory: must be a function/],
    [
      'two factories',
      wrongAsync({ useFactory: () => 1, useClass: OptionsFactory }),
      /^useClass: stands beside useFactory/,
    ],
    ['useClass of an object', wrongAsync({ useClass: {} }), /^useClass: must be a class/],
    ['inject that is no list', wrongAsync({ useFactory: () => 1, inject: 'x' }), /^inject: must be an array/],
    ['usefactory', wrongAsync({ usefactory: () => 1 }), /^usefactory: is unknown.*Did you mean useFactory\?/],
  ];
  it.each(cases)('%s', (_, call, message) => {
    expect(call).toThrow(WechatPayConfigError);
    expect(call).toThrow(message);
  });

  const atBoot: [string, () => DynamicModule | Type, RegExp][] = [
    [
      'a factory that gives nothing',
      () => WechatPayModule.forRootAsync({ useFactory: () => undefined as never }),
      /^config: must/,
    ],
    [
      'a name that a factory gives',
      () => WechatPayModule.forRootAsync({ useFactory: () => ({ ...settings, name: 'hk' }) }),
      /^name: is not read from a factory; put it beside useFactory/,
    ],
    ['the module without settings', () => WechatPayModule, /^WechatPayModule: is imported without settings/],
  ];
  it.each(atBoot)('%s, at boot', async (_, register, message) => {
    await expect(start(register())).rejects.toThrow(message);
  });

  it.each([
    [{}, /^WechatPayClient: must be a WechatPayClient/],
    [
      { [Symbol.for('wechatpay-core.client')]: 999 },
      /^WechatPayClient: was made by another installed copy of wechatpay-core/,
    ],
  ])('an invalid client, or of an incompatible copy, at boot', async (client, message) => {
    const module = Test.createTestingModule({ imports: [WechatPayModule.forRoot(settings)] });
    await expect(module.overrideProvider(WechatPayClient).useValue(client).compile()).rejects.toThrow(message);
  });
});

describe('self-test', () => {
  const others = { anotherKey: { apiKey: '0'.repeat(32) } };
  const foreign = async (): Promise<Partial<WechatPayConfig>> => {
    const { pfx, passphrase } = (await sandbox.merchants.create()).certificate;
    return { certificate: { pfx, passphrase } };
  };
  const unreachable = { baseUrl: 'https://127.0.0.1:9' };
  const logged = () => {
    const lines: string[] = [];
    for (const level of ['log', 'warn'] as const) {
      vi.spyOn(Logger.prototype, level).mockImplementation((line: string) => {
        if (line.startsWith('Self-test')) lines.push(`${level} ${line}`);
      });
    }
    return lines;
  };

  it('is off by default', async () => {
    const calls = sandbox.requests.length;
    await start(WechatPayModule.forRoot(settings));
    expect(sandbox.requests.length).toBe(calls);
  });

  it.each([true, 'warn', 'fail'] as const)('boots with right settings (%s)', async (mode) => {
    const lines = logged();
    await start(WechatPayModule.forRoot({ ...settings, selfTest: mode }));
    expect(lines).toEqual([
      expect.stringMatching(/^log Self-test of merchant \d+: ok\. API key, appid, mch_id and certificate/),
    ]);
  });

  it("does not boot with a wrong API key, nor with another merchant's certificate", async () => {
    const boot = (changes: Partial<WechatPayConfig>, mode: 'fail' | true): Promise<unknown> =>
      start(WechatPayModule.forRootAsync({ useFactory: () => ({ ...settings, ...changes }), selfTest: mode }));
    await expect(boot(others.anotherKey, 'fail')).rejects.toThrow(/^selfTest: wrong-key: the API key \(v2\)/);
    await expect(boot(await foreign(), true)).rejects.toThrow(/^selfTest: wrong-certificate: /);
  });

  it('warns of them where it is to warn, and of a gateway that cannot be reached in any case', async () => {
    const lines = logged();
    await start(WechatPayModule.forRoot({ ...settings, ...others.anotherKey, selfTest: 'warn' }));
    await start(WechatPayModule.forRoot({ ...settings, ...(await foreign()), selfTest: 'warn' }));
    await start(WechatPayModule.forRoot({ ...settings, ...unreachable, selfTest: 'fail' }));
    expect(lines).toEqual([
      expect.stringMatching(/^warn Self-test of merchant \d+: wrong-key\. /),
      expect.stringMatching(/^warn Self-test of merchant \d+: wrong-certificate\. /),
      expect.stringMatching(/^warn Self-test of merchant \d+: unreachable\. /),
    ]);
    for (const line of lines) expect(line).not.toContain(settings.apiKey);
  });

  it.each<[string, () => Promise<Partial<WechatPayConfig>>, object]>([
    ['ok', () => Promise.resolve({}), { status: 'up', selfTest: 'ok' }],
    ['wrong-key', () => Promise.resolve(others.anotherKey), { status: 'down', message: /API key/ }],
    ['wrong-certificate', foreign, { status: 'down', message: /certificate/ }],
    ['unreachable', () => Promise.resolve(unreachable), { status: 'up' }],
  ])('is in health: %s', async (outcome, changes, { message, ...expected }: { message?: RegExp }) => {
    const app = await start(WechatPayModule.forRoot({ ...settings, ...(await changes()) }));
    const { wechatpay } = await app.get(WechatPayHealthIndicator).isReady();
    expect(wechatpay).toMatchObject({ selfTest: outcome, ...expected });
    if (message) expect(wechatpay.message).toMatch(message);
  });

  it('asks the gateway once in a while, however often it is probed', async () => {
    const app = await start(WechatPayModule.forRoot(settings));
    const health = app.get(WechatPayHealthIndicator);
    const calls = sandbox.requests.length;
    await Promise.all([health.isReady(), health.isReady('wechatpay')]);
    await health.isReady();
    expect(sandbox.requests.length).toBe(calls + 2);
    await health.isReady('wechatpay', { maxAgeMs: 0 });
    expect(sandbox.requests.length).toBe(calls + 4);
  });
});

describe('in a test', () => {
  it.each([undefined, 'hk-branch'])('an overridden client is the one that the services use (%s)', async (name) => {
    const other = await sandbox.merchants.create();
    const order = sandbox.orders.create({ state: 'paid', merchant: other });
    const replacement = new WechatPayClient({ ...other });
    const module = await Test.createTestingModule({
      imports: [WechatPayModule.forRoot({ ...settings, ...(name && { name }) })],
    })
      .overrideProvider(getWechatPayToken(WechatPayClient, name))
      .useValue(replacement)
      .compile();
    await module.get<ReverseService>(getWechatPayToken(ReverseService, name)).reverse({ outTradeNo: order.outTradeNo });
    expect(order.state).toBe('refunded');
    expect(sandbox.requests.at(-1)?.clientCertificate).toBe(other.merchantId);
    await module.close();
  });
});

describe('lifecycle', () => {
  it('logs merchant, gateway and certificate expiry at boot, and warns 30 days before it', async () => {
    const log = vi.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const app = await start(WechatPayModule.forRoot(settings));
    const expiry = app.get(WechatPayClient).certificate!.validTo;
    const { merchantId, baseUrl } = sandbox.merchant;
    expect(log).toHaveBeenCalledWith(
      `Merchant ${merchantId} at ${baseUrl}, certificate valid until ${expiry.toISOString()}`,
    );
    expect(warn).not.toHaveBeenCalled();

    await start(WechatPayModule.forRoot({ ...settings, now: () => expiry.getTime() - 29.5 * DAY_MS }));
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/expires in 29 days: download a new one/));
    for (const [line] of [...log.mock.calls, ...warn.mock.calls]) expect(line).not.toContain(settings.apiKey);
  });

  it('closes the connections at shutdown', async () => {
    const app = await start(WechatPayModule.forRoot(settings));
    const durableOrders = app.get(ReverseService);
    await app.close();
    const error: unknown = await durableOrders.reverse({ outTradeNo: '1' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WechatPayTransportError);
    expect(error).toMatchObject({ outcome: 'not-sent', message: expect.stringContaining('closed') as string });
  });

  it('does not boot with a wrong setting, and says which', async () => {
    await expect(start(WechatPayModule.forRoot({ ...settings, apiKey: 'short' }))).rejects.toThrow(/^apiKey: must be/);
  });
});

describe('health', () => {
  it.each([
    ['up', 1],
    ['down', -1],
  ] as const)('is %s for @nestjs/terminus, %i days before the certificate expires', async (status, days) => {
    let now = Date.now();
    const app = await start(
      TerminusModule.forRoot({ logger: false }),
      WechatPayModule.forRoot({ ...settings, now: () => now }),
    );
    const wechatPay = app.get(WechatPayHealthIndicator);
    now = app.get(WechatPayClient).certificate!.validTo.getTime() - days * DAY_MS;
    const health = await app
      .get(HealthCheckService)
      .check([() => wechatPay.isHealthy('wechatpay')])
      .catch((error: unknown) => (error as HttpException).getResponse());
    expect(health).toMatchObject({
      status: status === 'up' ? 'ok' : 'error',
      details: { wechatpay: { status, merchantId: settings.merchantId, certificateDaysLeft: days } },
    });
  });
});

function stubEnvironment(): void {
  const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
  vi.stubEnv('WECHATPAY_APP_ID', appId);
  vi.stubEnv('WECHATPAY_MERCHANT_ID', merchantId);
  vi.stubEnv('WECHATPAY_API_KEY', apiKey);
  vi.stubEnv('WECHATPAY_PFX', certificate.pfx.toString('base64'));
  vi.stubEnv('WECHATPAY_CA', ca);
  vi.stubEnv('WECHATPAY_BASE_URL', baseUrl);
}
