import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  Inject,
  Logger,
  Module,
  type BeforeApplicationShutdown,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type OnModuleInit,
} from '@nestjs/common';
import { readOnce } from 'wechatpay-core';
import { DurableOrders, DURABLE_ORDER_CHANNEL, type DurableOrderEvent } from 'wechatpay-durable';
import { checkAsyncRegistration, checkRegistration } from './registration.js';
import { ConfigurableModuleClass, SETTINGS, type Settings } from './wechatpay-reconciliation.module-definition.js';
import {
  EXAMPLE,
  EXTRAS,
  OPTIONS,
  type WechatPayReconciliationModuleExtras,
  type WechatPayReconciliationOptions,
} from './wechatpay-reconciliation.options.js';

/**
 * The morning after, for a NestJS application: has each day's statement compared with the durable orders, and exports `StatementService` and
 * `ReconciliationHealthIndicator` of each merchant.
 *
 * `WechatPayModule` and `WechatPayDurableModule` have to be global, or among the `imports` of `forRootAsync`. The schedule is that of
 * wechatpay-durable: one of the workers takes a day, and where it dies, another one. It runs where `WechatPayDurableModule` works, and ends with it.
 *
 * @throws {WechatPayConfigError} at boot, every option that is wrong or unknown; a store that keeps no reconciliations; a schedule that is on
 *   already.
 * @example
 * imports: [
 *   WechatPayModule.forRootAsync({ ...wechatPayConfig.asProvider(), isGlobal: true }),
 *   WechatPayDurableModule.forRoot({ store: new PostgresStore({ connectionString }), isGlobal: true }),
 *   WechatPayReconciliationModule.forRoot({ onProblem: ({ message }) => pager.send(message) }),
 * ]
 */
@Module({})
export class WechatPayReconciliationModule
  extends ConfigurableModuleClass
  implements OnModuleInit, BeforeApplicationShutdown
{
  readonly #logger = new Logger(WechatPayReconciliationModule.name);
  readonly #durableOrders: DurableOrders;
  readonly #settings: Settings;

  constructor(@Inject(DurableOrders) durableOrders: DurableOrders, @Inject(SETTINGS) settings: Settings) {
    super();
    this.#durableOrders = durableOrders;
    this.#settings = settings;
  }

  /**
   * Registers the schedule, with options that are known.
   *
   * @param options `daily`, `onReconciled` and `onProblem`, and beside them `isGlobal` and `merchants`; each with a default.
   * @throws {WechatPayConfigError} what is not one object, and every property that is wrong or unknown.
   * @example WechatPayReconciliationModule.forRoot({ daily: { since: '20260301' }, merchants: ['hk-branch'] })
   */
  static override forRoot(
    options: WechatPayReconciliationOptions & WechatPayReconciliationModuleExtras,
    ...others: never[]
  ): DynamicModule {
    const checks = { ...OPTIONS, ...EXTRAS };
    const known = Object.keys(checks);
    const method = 'WechatPayReconciliationModule.forRoot';
    checkRegistration([options, ...others], { method, example: EXAMPLE, checks, known });
    return super.forRoot(readOnce(options, known, 'options')); // Nest copies own properties alone
  }

  /**
   * Registers the schedule, with options that come from a factory.
   *
   * @param options where the options come from, and beside that `isGlobal` and `merchants`.
   * @throws {WechatPayConfigError} what is not one object, and every unknown or wrong property.
   * @example
   * WechatPayReconciliationModule.forRootAsync({
   *   inject: [Pager],
   *   useFactory: (pager: Pager) => ({ onProblem: ({ message }) => pager.send(message) }),
   * })
   */
  static override forRootAsync(
    options: ConfigurableModuleAsyncOptions<WechatPayReconciliationOptions, 'createWechatPayReconciliationOptions'> &
      WechatPayReconciliationModuleExtras,
    ...others: never[]
  ): DynamicModule {
    checkAsyncRegistration([options, ...others], 'WechatPayReconciliationModule.forRootAsync', EXTRAS);
    return super.forRootAsync(options);
  }

  /**
   * Called by NestJS, before WechatPayDurableModule begins to work.
   *
   * @throws {WechatPayConfigError} a schedule that is on already; a store that keeps no reconciliations.
   */
  onModuleInit(): void {
    const { daily } = this.#settings;
    if (daily !== false) this.#durableOrders.reconcileDaily(daily === true ? {} : daily);
    subscribe(DURABLE_ORDER_CHANNEL, this.#tell);
  }

  /** Called by NestJS. */
  beforeApplicationShutdown(): void {
    unsubscribe(DURABLE_ORDER_CHANNEL, this.#tell);
  }

  // The channel is the process's: of another DurableOrders, a merchant is not known here.
  readonly #tell = (message: unknown): void => {
    const event = message as DurableOrderEvent;
    const { onReconciled, onProblem } = this.#settings;
    if (event.kind === 'reconciled' && this.#isOurs(event.merchantId)) {
      const { kind: _, ...day } = event;
      this.#call('onReconciled', () => onReconciled?.(day));
    } else if (event.kind === 'problem' && PROBLEMS.has(event.error.code)) {
      this.#call('onProblem', () => onProblem?.(event.error));
    }
  };

  #isOurs(merchantId: string): boolean {
    try {
      this.#durableOrders.clientOf(merchantId);
      return true;
    } catch {
      return false;
    }
  }

  #call(name: string, listener: () => Promise<void> | void): void {
    // In a turn of its own: what it throws at once is no failure of whoever published.
    void Promise.resolve()
      .then(listener)
      .catch((error: unknown) => {
        this.#logger.error(`${name} failed: ${error instanceof Error ? error.message : 'what it threw is no error.'}`);
      });
  }
}

const PROBLEMS: ReadonlySet<string> = new Set(['WECHATPAY_NOT_RECONCILED', 'WECHATPAY_DIFFERENCES_OPEN']);
