import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  Inject,
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { readOnce, WechatPayConfigError } from 'wechatpay-core';
import { DurableOrders, DURABLE_ORDER_CHANNEL, reportEnd, type DurableOrderEvent } from 'wechatpay-durable';
import { EndHandlers } from './end-handlers.js';
import type { Clients } from './found-handlers.js';
import { checkAsyncRegistration, checkRegistration, instancesIn, merchantNamed } from './registration.js';
import { ConfigurableModuleClass } from './wechatpay-durable.module-definition.js';
import {
  CLIENTS,
  EXAMPLE,
  EXTRAS,
  KNOWN,
  OF_REGISTRY,
  OPTIONS,
  SETTINGS,
  type WechatPayDurableModuleExtras,
  type WechatPayDurableOptions,
} from './wechatpay-durable.options.js';

/**
 * Durable orders that survive the process, for a NestJS application: exports wechatpay-durable's `DurableOrders`.
 *
 * `WechatPayModule` (or with `merchants: MerchantRegistry` `WechatPayMerchantsModule`) has to be global, or among the `imports` of
 * `forRootAsync`. Durable orders can be enqueued, and are worked on, once every module is initialized and before the application listens. At
 * shutdown the current steps are finished.
 *
 * @throws {WechatPayConfigError} at boot, an option that is invalid; and a second registration of a merchant, or any beside that of a
 *   `MerchantRegistry`, since its orders would be in one store or the other.
 * @example
 * imports: [
 *   WechatPayModule.forRootAsync({ ...wechatPayConfig.asProvider(), isGlobal: true }),
 *   WechatPayDurableModule.forRoot({ store: new PostgresStore({ connectionString }) }),
 * ]
 */
@Module({})
export class WechatPayDurableModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown
{
  readonly #logger = new Logger(WechatPayDurableModule.name);
  readonly #durableOrders: DurableOrders;
  readonly #handlers: EndHandlers;
  readonly #work: boolean;
  readonly #merchants: readonly (string | undefined)[];
  readonly #isOfRegistry: boolean;
  readonly #modules: ModulesContainer;
  #isInitialized = false;

  constructor(
    @Inject(DurableOrders) durableOrders: DurableOrders,
    @Inject(EndHandlers) handlers: EndHandlers,
    @Inject(SETTINGS) { work = true }: WechatPayDurableOptions,
    @Inject(CLIENTS) clients: Clients,
    @Inject(OF_REGISTRY) isOfRegistry: boolean,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    super();
    this.#durableOrders = durableOrders;
    this.#handlers = handlers;
    this.#work = work;
    this.#merchants = [...clients.keys()];
    this.#isOfRegistry = isOfRegistry;
    this.#modules = modules;
    // A module that is loaded lazily, into an application that stands already, is not initialized by Nest: it is judged here.
    if (this.#others().some((other) => other.#isInitialized)) this.#assertOnlyOne();
  }

  /**
   * Registers a store whose options are known.
   *
   * @param options those of `DurableOrders` without `clients`, and beside them `work`, `isGlobal` and `merchants`.
   * @throws {WechatPayConfigError} what is not one object, and every property that is wrong.
   * @example WechatPayDurableModule.forRoot({ store: new EmbeddedStore({ folder: './data' }), merchants: ['hk-branch'] })
   */
  static override forRoot(
    options: WechatPayDurableOptions & WechatPayDurableModuleExtras,
    ...others: never[]
  ): DynamicModule {
    const method = 'WechatPayDurableModule.forRoot';
    checkRegistration([options, ...others], { method, example: EXAMPLE, checks: { ...OPTIONS, ...EXTRAS } });
    return super.forRoot(readOnce(options, [...KNOWN, ...Object.keys(EXTRAS)], 'options')); // Nest copies own properties alone
  }

  /**
   * Registers a store whose options come from a factory.
   *
   * @param options where the options come from, and beside that `isGlobal` and `merchants`.
   * @throws {WechatPayConfigError} what is not one object, and every unknown or wrong property.
   * @example WechatPayDurableModule.forRootAsync({ inject: [Pools], useFactory: (pools: Pools) => ({ store: pools.store() }) })
   */
  static override forRootAsync(
    options: ConfigurableModuleAsyncOptions<WechatPayDurableOptions, 'createWechatPayDurableOptions'> &
      WechatPayDurableModuleExtras,
    ...others: never[]
  ): DynamicModule {
    checkAsyncRegistration([options, ...others], 'WechatPayDurableModule.forRootAsync', EXTRAS);
    return super.forRootAsync(options);
  }

  /**
   * Called by NestJS: looks for the handlers.
   *
   * @throws {WechatPayConfigError} a second registration of a merchant; a handler that cannot be called, or of a merchant that has none.
   */
  onModuleInit(): void {
    this.#assertOnlyOne();
    this.#isInitialized = true;
    const others = this.#others().flatMap((other) => other.#merchants);
    const found = this.#handlers.find([...this.#merchants, ...others]);
    if (this.#work) for (const line of found) this.#logger.log(line);
  }

  // One number would pass the durable order of each store, and an order that one has stored is not found through the other.
  #assertOnlyOne(): void {
    const others = this.#others();
    const taken = new Set(others.flatMap((other) => other.#merchants));
    const twice = this.#merchants.filter((name) => taken.has(name));
    const [first] = twice;
    if (twice.length > 0) throw registeredTwice(`for ${merchantNamed(first)}`);
    // A registry may know every merchant, also one that is registered by name.
    const isBeside = others.some((other) => other.#isOfRegistry || this.#isOfRegistry);
    if (isBeside) throw registeredTwice('with MerchantRegistry');
  }

  #others(): WechatPayDurableModule[] {
    return instancesIn(this.#modules).filter(
      (instance): instance is WechatPayDurableModule => #merchants in instance && instance !== this,
    );
  }

  /**
   * Called by NestJS once every module is initialized: opens the store, and begins to work.
   *
   * @throws {Error} the store cannot be opened.
   */
  async onApplicationBootstrap(): Promise<void> {
    subscribe(DURABLE_ORDER_CHANNEL, this.#tell);
    await this.#durableOrders.start({ work: this.#work, ...this.#handlers.listeners() });
  }

  /** Called by NestJS before WechatPayModule closes its connections, which it does once the application has shut down. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#durableOrders.stop();
    unsubscribe(DURABLE_ORDER_CHANNEL, this.#tell);
  }

  // The channel is the process's, and an event does not say whose it is: of several such modules, each logs it.
  readonly #tell = (message: unknown): void => {
    const event = message as DurableOrderEvent;
    if (event.kind === 'resolved' || event.kind === 'refund-resolved') {
      const { needsPerson, message: text } = reportEnd(event);
      this.#logger[needsPerson ? 'error' : 'log'](text);
      return;
    }
    if (!('error' in event)) return;
    const { message: text, cause } = event.error;
    // Messages, and no more: what else hangs on a database's error may be a password.
    this.#logger.warn(cause instanceof Error && !text.includes(cause.message) ? `${text} ${cause.message}` : text);
  };
}

function registeredTwice(which: string): WechatPayConfigError {
  return new WechatPayConfigError(
    'merchants',
    `WechatPayDurableModule is registered more than once ${which}, so that its orders would be in one store or the other. ` +
      'Register it once; to use it in several modules, set isGlobal, or import the one dynamic module there.',
  );
}
