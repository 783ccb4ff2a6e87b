import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  ConfigurableModuleBuilder,
  Inject,
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { assertWechatPayClient, readOnce, WechatPayClient, WechatPayConfigError } from 'wechatpay-core';
import {
  DurableOrders,
  DURABLE_ORDER_CHANNEL,
  type DurableOrdersOptions,
  type DurableOrderEvent,
} from 'wechatpay-durable';
import {
  checkAsyncRegistration,
  checkNotExtras,
  checkRegistration,
  instancesIn,
  isBooleanOrAbsent,
  isFunctionOrAbsent,
  isNameOrAbsent,
  type Check,
} from './registration.js';
import { getWechatPayToken } from './wechatpay.inject.js';

/** wechatpay-durable's options. The clients are those of `WechatPayModule`. */
export interface WechatPayDurableOptions extends Omit<DurableOrdersOptions, 'clients'> {
  /** `false` for an application that only enqueues and looks, and leaves the work to others. @default true */
  readonly work?: boolean;
}

/** What `useClass` and `useExisting` of `forRootAsync` implement. */
export interface WechatPayDurableOptionsFactory {
  createWechatPayDurableOptions(): Promise<WechatPayDurableOptions> | WechatPayDurableOptions;
}

/** What stands beside the options, or beside the factory that brings them. */
export interface WechatPayDurableModuleExtras {
  /** Makes `DurableOrders` injectable everywhere without importing the module again. @default false */
  isGlobal?: boolean | undefined;
  /**
   * Whose orders: the names with which merchants were registered at `WechatPayModule`; undefined is the one without a name.
   *
   * @default [undefined]
   */
  merchants?: readonly (string | undefined)[] | undefined;
}

const EXTRAS: Readonly<Record<keyof WechatPayDurableModuleExtras, Check>> = {
  isGlobal: isBooleanOrAbsent,
  merchants: (value) => {
    if (value === undefined) return undefined;
    if (!Array.isArray(value) || value.length === 0 || value.some((name) => isNameOrAbsent(name) !== undefined)) {
      return 'must be an array of names, with undefined for the merchant without one.';
    }
    return new Set(value).size < value.length ? 'names a merchant twice.' : undefined;
  },
};

// What DurableOrders would find at boot is found here already, where the module is registered; it finds the rest.
const OPTIONS: Readonly<Record<string, Check>> = {
  store: (value) =>
    Object(value) === value
      ? undefined
      : `${value === undefined ? 'is missing' : 'is not a store'}; give a PostgresStore, an EmbeddedStore or a BullMqStore.`,
  onResolved: isFunctionOrAbsent,
  work: isBooleanOrAbsent,
  clients: (value) => (value === undefined ? undefined : 'are those of WechatPayModule; name them in `merchants`.'),
};

/** What is read of the options: those of DurableOrders but `clients`, and `work`. */
const KNOWN = ['store', 'concurrency', 'onResolved', 'speed', 'work'];

const MERCHANTS = Symbol('WechatPayDurableMerchants');

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<WechatPayDurableOptions>()
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createWechatPayDurableOptions')
  .setExtras<WechatPayDurableModuleExtras>(
    { isGlobal: undefined, merchants: undefined },
    (definition, { isGlobal = false, merchants = [undefined] }) => ({
      ...definition,
      global: isGlobal,
      providers: [
        ...(definition.providers ?? []),
        durableOrdersOf(merchants),
        { provide: MERCHANTS, useValue: merchants },
      ],
      exports: [DurableOrders],
    }),
  )
  .build();

const EXAMPLE = '{ store }';

function durableOrdersOf(merchants: readonly (string | undefined)[]): Provider {
  return {
    provide: DurableOrders,
    useFactory: (given: WechatPayDurableOptions, ...clients: WechatPayClient[]) => {
      checkNotExtras(given, EXTRAS);
      checkRegistration([given], { method: 'WechatPayDurableModule.forRoot', example: EXAMPLE, checks: OPTIONS });
      for (const client of clients) assertWechatPayClient(client, 'WechatPayClient');
      const { work, ...options } = readOnce(given, KNOWN, 'options');
      return new DurableOrders({ ...options, clients });
    },
    inject: [MODULE_OPTIONS_TOKEN, ...merchants.map((name) => getWechatPayToken(WechatPayClient, name))],
  };
}

/**
 * Durable orders that survive the process, for a NestJS application: exports wechatpay-durable's `DurableOrders`.
 *
 * `WechatPayModule` has to be global, or among the `imports` of `forRootAsync`. Durable orders can be enqueued, and are worked on,
 * once every module is initialized and before the application listens. At shutdown the current steps are finished.
 *
 * @throws {WechatPayConfigError} at boot, an option that is invalid; and a second registration of a merchant, since its orders would be
 *   in one store or the other.
 */
@Module({})
export class WechatPayDurableModule
  extends ConfigurableModuleClass
  implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown
{
  readonly #logger = new Logger(WechatPayDurableModule.name);
  readonly #durableOrders: DurableOrders;
  readonly #work: boolean;
  readonly #merchants: readonly (string | undefined)[];
  readonly #modules: ModulesContainer;
  #isInitialized = false;

  constructor(
    @Inject(DurableOrders) durableOrders: DurableOrders,
    @Inject(MODULE_OPTIONS_TOKEN) { work = true }: WechatPayDurableOptions,
    @Inject(MERCHANTS) merchants: readonly (string | undefined)[],
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    super();
    this.#durableOrders = durableOrders;
    this.#work = work;
    this.#merchants = merchants;
    this.#modules = modules;
    // A module that is loaded lazily, into an application that stands already, is not initialized by Nest: it is judged here.
    if (this.#others().some((other) => other.#isInitialized)) this.#assertOnlyOne();
  }

  /**
   * @param options those of `DurableOrders` without `clients`, and beside them `work`, `isGlobal` and `merchants`.
   * @throws {WechatPayConfigError} what is not one object, and every property that is wrong.
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
   * @param options where the options come from, and beside that `isGlobal` and `merchants`.
   * @throws {WechatPayConfigError} what is not one object, and every unknown or wrong property.
   */
  static override forRootAsync(
    options: ConfigurableModuleAsyncOptions<WechatPayDurableOptions, 'createWechatPayDurableOptions'> &
      WechatPayDurableModuleExtras,
    ...others: never[]
  ): DynamicModule {
    checkAsyncRegistration([options, ...others], 'WechatPayDurableModule.forRootAsync', EXTRAS);
    return super.forRootAsync(options);
  }

  onModuleInit(): void {
    this.#assertOnlyOne();
    this.#isInitialized = true;
  }

  // One number would pass the durable order of each store, and an order that one has stored is not found through the other.
  #assertOnlyOne(): void {
    const taken = new Set(this.#others().flatMap((other) => other.#merchants));
    const twice = this.#merchants.filter((name) => taken.has(name));
    if (twice.length === 0) return;
    const which = twice[0] === undefined ? 'the merchant without a name' : `the merchant '${twice[0]}'`;
    throw new WechatPayConfigError(
      'merchants',
      `WechatPayDurableModule is registered more than once for ${which}, so that its orders would be in one store or the other. ` +
        'Register it once; to use it in several modules, set isGlobal, or import the one dynamic module there.',
    );
  }

  #others(): WechatPayDurableModule[] {
    return instancesIn(this.#modules).filter(
      (instance): instance is WechatPayDurableModule => #merchants in instance && instance !== this,
    );
  }

  async onApplicationBootstrap(): Promise<void> {
    subscribe(DURABLE_ORDER_CHANNEL, this.#tell);
    await this.#durableOrders.start({ work: this.#work });
  }

  /** Before WechatPayModule closes its connections, which it does once the application has shut down. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#durableOrders.stop();
    unsubscribe(DURABLE_ORDER_CHANNEL, this.#tell);
  }

  // The channel is the process's, and a problem does not say whose it is: of several such modules, each logs it.
  readonly #tell = (message: unknown): void => {
    const event = message as DurableOrderEvent;
    if (event.kind !== 'problem' && event.kind !== 'merchant-problem') return;
    const { message: text, cause } = event.error;
    // Messages, and no more: what else hangs on a database's error may be a password.
    this.#logger.warn(cause instanceof Error ? `${text} ${cause.message}` : text);
  };
}
