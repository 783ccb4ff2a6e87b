import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  ConfigurableModuleBuilder,
  Inject,
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type Provider,
} from '@nestjs/common';
import { WechatPayClient } from 'wechatpay-core';
import {
  DurableReversals,
  REVERSAL_CHANNEL,
  type DurableReversalsOptions,
  type ReversalEvent,
} from 'wechatpay-durable';
import { getWechatPayToken } from './wechatpay.inject.js';

/** wechatpay-durable's options. The clients are those of `WechatPayModule`. */
export interface WechatPayDurableOptions extends Omit<DurableReversalsOptions, 'clients'> {
  /** `false` for an application that only enqueues and looks, and leaves the work to others. @default true */
  readonly work?: boolean;
}

/** What `useClass` and `useExisting` of `forRootAsync` implement. */
export interface WechatPayDurableOptionsFactory {
  createWechatPayDurableOptions(): Promise<WechatPayDurableOptions> | WechatPayDurableOptions;
}

/** What stands beside the options, or beside the factory that brings them. */
export interface WechatPayDurableModuleExtras {
  /** Makes `DurableReversals` injectable everywhere without importing the module again. @default false */
  isGlobal?: boolean;
  /**
   * Whose orders: the names with which merchants were registered at `WechatPayModule`; undefined is the one without a name.
   *
   * @default [undefined]
   */
  merchants?: readonly (string | undefined)[];
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<WechatPayDurableOptions>()
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createWechatPayDurableOptions')
  .setExtras<WechatPayDurableModuleExtras>(
    { isGlobal: false, merchants: [undefined] },
    (definition, { isGlobal = false, merchants = [undefined] }) => ({
      ...definition,
      global: isGlobal,
      providers: [...(definition.providers ?? []), reversalsOf(merchants)],
      exports: [DurableReversals],
    }),
  )
  .build();

function reversalsOf(merchants: readonly (string | undefined)[]): Provider {
  return {
    provide: DurableReversals,
    useFactory: ({ work, ...options }: WechatPayDurableOptions, ...clients: WechatPayClient[]) =>
      new DurableReversals({ ...options, clients }),
    inject: [MODULE_OPTIONS_TOKEN, ...merchants.map((name) => getWechatPayToken(WechatPayClient, name))],
  };
}

/**
 * Reversals that survive the process, for a NestJS application: exports wechatpay-durable's `DurableReversals`.
 *
 * `WechatPayModule` has to be global, or among the `imports` of `forRootAsync`. Reversals can be enqueued, and are worked on,
 * once every module is initialized and before the application listens. At shutdown the steps in hand are finished.
 *
 * @throws {WechatPayConfigError} at boot, an option that makes no sense.
 */
@Module({})
export class WechatPayDurableModule
  extends ConfigurableModuleClass
  implements OnApplicationBootstrap, BeforeApplicationShutdown
{
  readonly #logger = new Logger(WechatPayDurableModule.name);
  readonly #reversals: DurableReversals;
  readonly #work: boolean;

  constructor(
    @Inject(DurableReversals) reversals: DurableReversals,
    @Inject(MODULE_OPTIONS_TOKEN) { work = true }: WechatPayDurableOptions,
  ) {
    super();
    this.#reversals = reversals;
    this.#work = work;
  }

  async onApplicationBootstrap(): Promise<void> {
    subscribe(REVERSAL_CHANNEL, this.#tell);
    await this.#reversals.start({ work: this.#work });
  }

  /** Before WechatPayModule closes its connections, which it does once the application has shut down. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.#reversals.stop();
    unsubscribe(REVERSAL_CHANNEL, this.#tell);
  }

  // The channel is the process's, and a problem does not say whose it is: of several such modules, each logs it.
  readonly #tell = (message: unknown): void => {
    const event = message as ReversalEvent;
    if (event.kind !== 'problem') return;
    const { message: text, cause } = event.error;
    // Messages, and no more: what else hangs on a database's error may be a password.
    this.#logger.warn(cause instanceof Error ? `${text} ${cause.message}` : text);
  };
}
