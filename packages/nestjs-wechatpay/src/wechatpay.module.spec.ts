import 'reflect-metadata';
import { Controller, Inject, Injectable, Module, Param, Post, type DynamicModule } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { reverseOrder, WechatPayClient, type ReverseOrderResult, type WechatPayConfig } from 'wechatpay-core';
import { describe, expect, it, vi } from 'vitest';
import { openShop } from '../test/shop.js';
import {
  getWechatPayToken,
  InjectWechatPay,
  ReverseService,
  WechatPayModule,
  type WechatPayOptionsFactory,
} from './index.js';
import { wechatPayConfig } from './wechatpay.config.js';

@Controller('orders')
class OrdersController {
  readonly #reversals: ReverseService;

  constructor(@Inject(ReverseService) reversals: ReverseService) {
    this.#reversals = reversals;
  }

  @Post(':outTradeNo/reverse')
  reverse(@Param('outTradeNo') outTradeNo: string): Promise<ReverseOrderResult> {
    return this.#reversals.reverse({ outTradeNo });
  }
}

async function post(app: NestExpressApplication, path: string): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${await app.getUrl()}${path}`, { method: 'POST' });
  return { status: response.status, body: await response.json() };
}

const { sandbox, settings, start } = await openShop({ controllers: [OrdersController] });

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

it('settings that are inherited hold', async () => {
  const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
  class Settings {
    readonly appId = appId;
    readonly merchantId = merchantId;
    readonly apiKey = apiKey;
    readonly certificate = certificate;
    readonly ca = ca;
    readonly baseUrl = baseUrl;
    get subMerchantId(): string {
      return '1900000201';
    }
    get name(): string {
      return 'hk-branch';
    }
  }
  const module = await Test.createTestingModule({ imports: [WechatPayModule.forRoot(new Settings())] }).compile();
  const client = module.get<WechatPayClient>(getWechatPayToken(WechatPayClient, 'hk-branch'));
  expect(client.subMerchantId).toBe('1900000201');
  await module.close();
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
