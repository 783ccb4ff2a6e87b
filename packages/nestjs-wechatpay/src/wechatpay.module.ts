import {
  Inject,
  Logger,
  Module,
  Optional,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import {
  CONFIG_PROPERTIES,
  readOnce,
  selfTest,
  WechatPayConfigError,
  type WechatPayClient,
  type WechatPayConfig,
} from 'wechatpay-core';
import { checkAsyncRegistration, checkRegistration, instancesIn } from './registration.js';
import {
  CLIENT,
  ConfigurableModuleClass,
  EXTRAS,
  REGISTRATION,
  type Registration,
  type WechatPayModuleExtras,
} from './wechatpay.module-definition.js';

const KNOWN = [...CONFIG_PROPERTIES, ...Object.keys(EXTRAS)];

const DAY_MS = 24 * 60 * 60 * 1000;
const WARN_DAYS = 30;

/**
 * WeChat Pay for a NestJS application: `forRoot(config)` or `forRootAsync({ imports, inject, useFactory })`, once for each
 * merchant.
 *
 * Exports `PaymentService`, `RefundService`, `ReverseService`, `WechatPayClient` and `WechatPayHealthIndicator`. At boot it logs the
 * merchant, the gateway and when the API certificate expires; at shutdown it waits for calls in flight and closes the connections.
 *
 * @throws {WechatPayConfigError} at boot, every setting that is missing, wrong or unknown; a second registration of one name; and
 *   with `selfTest: 'fail'`, settings that the gateway refuses.
 * @example
 * imports: [WechatPayModule.forRootAsync(wechatPayConfig.asProvider())]
 */
@Module({})
export class WechatPayModule extends ConfigurableModuleClass implements OnModuleInit, OnApplicationShutdown {
  readonly #logger = new Logger(WechatPayModule.name);
  readonly #client: WechatPayClient;
  readonly #registration: Registration;
  readonly #modules: ModulesContainer;
  #isInitialized = false;

  constructor(
    @Optional() @Inject(CLIENT) client: WechatPayClient | undefined,
    @Optional() @Inject(REGISTRATION) registration: Registration | undefined,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    super();
    if (!client || !registration) {
      const problem = 'is imported without settings; import what WechatPayModule.forRoot or forRootAsync returns.';
      throw new WechatPayConfigError('WechatPayModule', problem);
    }
    this.#client = client;
    this.#registration = registration;
    this.#modules = modules;
    // A module that is loaded lazily, into an application that stands already, is not initialized by Nest: it is judged here.
    if (this.#others().some((other) => other.#isInitialized)) this.#assertOnlyOne();
  }

  /**
   * Registers a merchant whose settings are known.
   *
   * @param options the settings of wechatpay-core, and beside them `name`, `isGlobal` and `selfTest`.
   * @throws {WechatPayConfigError} what is not one object, and every unknown property.
   * @example WechatPayModule.forRoot({ appId, merchantId, apiKey, certificate: { pfx: '/run/secrets/apiclient_cert.p12' } })
   */
  static override forRoot(options: WechatPayConfig & WechatPayModuleExtras, ...others: never[]): DynamicModule {
    checkRegistration([options, ...others], {
      method: 'WechatPayModule.forRoot',
      example: '{ appId, merchantId, apiKey, certificate }',
      checks: EXTRAS,
      known: KNOWN,
    });
    return super.forRoot(readOnce(options, KNOWN, 'options')); // Nest copies own properties alone
  }

  /**
   * Registers a merchant whose settings come from a factory.
   *
   * @param options where the settings come from, and beside that `name`, `isGlobal` and `selfTest`.
   * @throws {WechatPayConfigError} what is not one object, and every unknown or wrong property.
   * @example WechatPayModule.forRootAsync({ name: 'hk-branch', inject: [Vault], useFactory: (vault: Vault) => vault.merchant('hk') })
   */
  static override forRootAsync(
    options: ConfigurableModuleAsyncOptions<WechatPayConfig, 'createWechatPayOptions'> & WechatPayModuleExtras,
    ...others: never[]
  ): DynamicModule {
    checkAsyncRegistration([options, ...others], 'WechatPayModule.forRootAsync', EXTRAS);
    return super.forRootAsync(options);
  }

  /**
   * Called by NestJS: logs what is registered, and tests it where `selfTest` says so.
   *
   * @throws {WechatPayConfigError} a second registration of one name; settings that the gateway refuses, with `selfTest: 'fail'`.
   */
  async onModuleInit(): Promise<void> {
    this.#assertOnlyOne();
    this.#isInitialized = true;
    const { merchantId, baseUrls, certificate } = this.#client;
    const expiry = certificate ? `, certificate valid until ${certificate.validTo.toISOString()}` : '';
    this.#logger.log(`Merchant ${merchantId} at ${baseUrls.join(', ')}${expiry}`);
    if (certificate) this.#warnOfExpiry(certificate);
    if (this.#registration.selfTest !== false) await this.#test();
  }

  // Nest would boot with both, and give one of them to some modules and the other to others. Asked of this application's own
  // container: another application of the same process may have its own registration.
  #assertOnlyOne(): void {
    const { name } = this.#registration;
    const times = 1 + this.#others().filter((other) => other.#registration.name === name).length;
    if (times === 1) return;
    const which = name === undefined ? 'without a name' : `of the name '${name}'`;
    throw new WechatPayConfigError(
      'name',
      `WechatPayModule is registered ${times} times ${which}, so that nobody could say whose money moves. ` +
        'Register each merchant once, by a name of its own; to use it in several modules, set isGlobal, or import the one ' +
        'dynamic module there.',
    );
  }

  #others(): WechatPayModule[] {
    return instancesIn(this.#modules).filter(
      (instance): instance is WechatPayModule => #registration in instance && instance !== this,
    );
  }

  #warnOfExpiry({ serialNumber, validTo }: NonNullable<WechatPayClient['certificate']>): void {
    const daysLeft = Math.floor((validTo.getTime() - this.#client.now()) / DAY_MS);
    if (daysLeft >= WARN_DAYS) return;
    this.#logger.warn(
      `The API certificate ${serialNumber} of merchant ${this.#client.merchantId} expires in ${daysLeft} days: ` +
        'download a new one from the Merchant Platform.',
    );
  }

  async #test(): Promise<void> {
    const { outcome, message } = await selfTest(this.#client);
    const text = `Self-test of merchant ${this.#client.merchantId}: ${outcome}. ${message}`;
    if (outcome === 'ok') this.#logger.log(text);
    else if (this.#registration.selfTest === 'warn' || outcome === 'unreachable' || outcome === 'unproven') {
      this.#logger.warn(text);
    } else throw new WechatPayConfigError('selfTest', `${outcome}: ${message}`);
  }

  /** Called by NestJS after the HTTP server has closed, so that requests in flight still reach WeChat Pay. */
  async onApplicationShutdown(): Promise<void> {
    await this.#client.close();
  }
}
