import { Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { checkRegistration, isMerchantListOrAbsent } from '../registration.js';
import { WechatPayDurableModule } from '../wechatpay-durable.module.js';
import { WechatPayModule } from '../wechatpay.module.js';
import { WechatPayTesting } from './wechatpay-testing.js';

export interface WechatPayTestingModuleOptions {
  /** The names of the merchants that the modules under test inject; undefined is the one without a name. @default [undefined] */
  readonly merchants?: readonly (string | undefined)[] | undefined;
  /** One that is shared, and that the test stops. @default one of its own, stopped with the application */
  readonly testing?: WechatPayTesting | undefined;
}

const OWN = Symbol('WechatPayTestingOwn');

/** Has the gateway, and stops it: after the modules that import it, so that calls in flight have ended. */
@Module({})
class GatewayModule implements OnApplicationShutdown {
  constructor(
    @Inject(WechatPayTesting) private readonly testing: WechatPayTesting,
    @Inject(OWN) private readonly isOwn: boolean,
  ) {}

  async onApplicationShutdown(): Promise<void> {
    if (this.isOwn) await this.testing.stop();
  }
}

/**
 * WeChat Pay for a test that composes the modules under test: what `WechatPayModule` and `WechatPayDurableModule` export, before a gateway in this
 * process, with a store in memory and a clock that the test moves. For a whole application, which registers these itself, `overrideWechatPay`.
 *
 * @example
 * const module = await Test.createTestingModule({ imports: [WechatPayTestingModule.forRoot(), OrdersModule] }).compile();
 * await module.init();
 * const { sandbox } = module.get(WechatPayTesting);
 */
@Module({})
export class WechatPayTestingModule {
  /**
   * @param options `merchants` and `testing`.
   * @throws {WechatPayConfigError} an option that is wrong or unknown.
   */
  static forRoot(options: WechatPayTestingModuleOptions = {}): DynamicModule {
    checkRegistration([options], {
      method: 'WechatPayTestingModule.forRoot',
      example: '{ merchants }',
      checks: { merchants: isMerchantListOrAbsent },
      known: ['merchants', 'testing'],
    });
    const { merchants = [undefined], testing } = options;
    const gateway: DynamicModule = {
      module: GatewayModule,
      global: true,
      providers: [
        { provide: OWN, useValue: testing === undefined },
        { provide: WechatPayTesting, useFactory: () => testing ?? WechatPayTesting.start() },
      ],
      exports: [WechatPayTesting],
    };
    const common = { isGlobal: true, imports: [gateway], inject: [WechatPayTesting] };
    return {
      module: WechatPayTestingModule,
      imports: [
        gateway,
        ...merchants.map((name) =>
          WechatPayModule.forRootAsync({
            ...common,
            ...(name !== undefined && { name }),
            useFactory: (given: WechatPayTesting) => given.settings(name),
          }),
        ),
        WechatPayDurableModule.forRootAsync({
          ...common,
          merchants,
          useFactory: (given: WechatPayTesting) => ({ store: given.store() }),
        }),
      ],
    };
  }
}
