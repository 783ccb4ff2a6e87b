import {
  Inject,
  Module,
  Optional,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { MerchantRegistry, readOnce, WechatPayConfigError, type MerchantRegistryOptions } from 'wechatpay-core';
import { checkAsyncRegistration, checkRegistration, instancesIn, isFunctionOrAbsent } from './registration.js';
import {
  ConfigurableModuleClass,
  EXAMPLE,
  EXTRAS,
  KNOWN,
  METHOD,
  type WechatPayMerchantsModuleExtras,
} from './wechatpay-merchants.module-definition.js';

/**
 * Many merchants in a NestJS application: exports wechatpay-core's `MerchantRegistry`, which asks the application for a merchant when it is
 * first needed. `WechatPayNotificationsModule` finds it by itself; `WechatPayDurableModule` takes it as `merchants: MerchantRegistry`.
 *
 * At shutdown it waits for calls in flight and closes the connections of every merchant.
 *
 * @throws {WechatPayConfigError} at boot, an option that is missing, wrong or unknown; a second registration.
 * @example
 * imports: [
 *   WechatPayMerchantsModule.forRootAsync({
 *     imports: [VaultModule],
 *     inject: [Vault],
 *     useFactory: (vault: Vault) => ({ load: (merchantId) => vault.merchant(merchantId) }),
 *   }),
 * ]
 */
@Module({})
export class WechatPayMerchantsModule extends ConfigurableModuleClass implements OnModuleInit, OnApplicationShutdown {
  readonly #merchants: MerchantRegistry;
  readonly #modules: ModulesContainer;

  constructor(
    @Optional() @Inject(MerchantRegistry) merchants: MerchantRegistry | undefined,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    super();
    if (!merchants) {
      const problem = `is imported without options; import what ${METHOD} or forRootAsync returns.`;
      throw new WechatPayConfigError('WechatPayMerchantsModule', problem);
    }
    this.#merchants = merchants;
    this.#modules = modules;
  }

  /**
   * Registers the merchants of an application, with options that are known.
   *
   * @param options those of `MerchantRegistry`, and beside them `isGlobal`.
   * @throws {WechatPayConfigError} what is not one object, and every unknown property.
   */
  static override forRoot(
    options: MerchantRegistryOptions & WechatPayMerchantsModuleExtras,
    ...others: never[]
  ): DynamicModule {
    const known = [...KNOWN, ...Object.keys(EXTRAS)];
    const checks = { ...EXTRAS, load: isFunctionOrAbsent, onProblem: isFunctionOrAbsent };
    checkRegistration([options, ...others], { method: METHOD, example: EXAMPLE, checks, known });
    return super.forRoot(readOnce(options, known, 'options')); // Nest copies own properties alone
  }

  /**
   * Registers the merchants of an application, with options that come from a factory.
   *
   * @param options where the options come from, and beside that `isGlobal`.
   * @throws {WechatPayConfigError} what is not one object, and every unknown or wrong property.
   */
  static override forRootAsync(
    options: ConfigurableModuleAsyncOptions<MerchantRegistryOptions, 'createWechatPayMerchantsOptions'> &
      WechatPayMerchantsModuleExtras,
    ...others: never[]
  ): DynamicModule {
    checkAsyncRegistration([options, ...others], 'WechatPayMerchantsModule.forRootAsync', EXTRAS);
    return super.forRootAsync(options);
  }

  /**
   * Called by NestJS.
   *
   * @throws {WechatPayConfigError} a second registration: some modules would have one registry, and some the other.
   */
  onModuleInit(): void {
    const others = instancesIn(this.#modules).filter((instance) => #merchants in instance && instance !== this);
    if (others.length === 0) return;
    throw new WechatPayConfigError(
      'WechatPayMerchantsModule',
      'is registered more than once. Register it once, with a `load` that knows every merchant; to use it in several modules, set isGlobal, ' +
        'or import the one dynamic module there.',
    );
  }

  /** Called by NestJS after the HTTP server has closed. */
  async onApplicationShutdown(): Promise<void> {
    await this.#merchants.close();
  }
}
