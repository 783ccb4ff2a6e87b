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
import { Test } from '@nestjs/testing';
import {
  reverseOrder,
  WechatPayClient,
  WechatPayTransportError,
  type ReverseResult,
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
  readonly #reversals: ReverseService;

  constructor(@Inject(ReverseService) reversals: ReverseService) {
    this.#reversals = reversals;
  }

  @Post(':outTradeNo/reverse')
  reverse(@Param('outTradeNo') outTradeNo: string): Promise<ReverseResult> {
    return this.#reversals.reverse({ outTradeNo });
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
  it('revokes an order through HTTP', async () => {
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
    readonly reversals: ReverseService;
    constructor(@Inject(ReverseService) reversals: ReverseService) {
      this.reversals = reversals;
    }
  }

  @Module({ providers: [Cashier], exports: [Cashier] })
  class ShopModule {}

  it('makes the services injectable in modules that do not import it', async () => {
    const app = await start(WechatPayModule.forRoot({ ...settings, isGlobal: true }), ShopModule);
    expect(app.get(Cashier).reversals).toBeInstanceOf(ReverseService);
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
        WechatPayModule.forRoot(settings),
        WechatPayModule.forRoot({ ...other, name: 'hk-branch' }),
        WechatPayModule.forRootAsync({ name: 'sg-branch', useFactory: () => other }),
      ],
      providers: [Branches],
    })
    class ShopsModule {}

    const app = await start(ShopsModule, WechatPayModule.forRoot(settings));
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
    const reversals = app.get(ReverseService);
    await app.close();
    const error: unknown = await reversals.reverse({ outTradeNo: '1' }).catch((reason: unknown) => reason);
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
