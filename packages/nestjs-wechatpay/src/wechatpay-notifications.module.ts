import {
  Inject,
  Module,
  Optional,
  type ConfigurableModuleAsyncOptions,
  type DynamicModule,
  type NestModule,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost, ModulesContainer } from '@nestjs/core';
import { readOnce, WechatPayConfigError } from 'wechatpay-core';
import { NotificationHandlers } from './notification-handlers.js';
import { keepBodiesUnread, type FastifyLike } from './raw-body.js';
import { checkAsyncRegistration, checkRegistration, instancesIn } from './registration.js';
import { ConfigurableModuleClass } from './wechatpay-notifications.module-definition.js';
import {
  EXAMPLE,
  EXTRAS,
  OPTIONS,
  PATH,
  type WechatPayNotificationsModuleExtras,
  type WechatPayNotificationsOptions,
} from './wechatpay-notifications.options.js';

/**
 * What WeChat Pay posts to a NestJS application, on Express and on Fastify: the routes `POST /wechatpay/payments` and
 * `POST /wechatpay/refunds`, or below another `path`, which verify a notification, await the methods that are marked with
 * `@OnPaymentNotified()` or `@OnRefundNotified()`, and acknowledge it. Give their addresses as `notifyUrl`.
 *
 * Whatever goes wrong is answered so that WeChat Pay sends the notification again, 15 times in 24 h: a handler that throws or takes
 * more than 5 s, a guard's no, a body that is not WeChat Pay's word to one of the merchants of `WechatPayModule`.
 *
 * @throws {WechatPayConfigError} at boot, every option that is wrong or unknown; no handler, or one in a request-scoped provider; a
 *   merchant that is not registered; a path that is registered twice.
 * @example
 * imports: [WechatPayModule.forRoot(settings), WechatPayNotificationsModule.forRoot({ path: 'wechatpay' })],
 * providers: [OrdersService], // has a method with @OnPaymentNotified()
 */
@Module({})
export class WechatPayNotificationsModule extends ConfigurableModuleClass implements NestModule, OnModuleInit {
  readonly #handlers: NotificationHandlers;
  readonly #path: string;
  readonly #host: HttpAdapterHost;
  readonly #modules: ModulesContainer;

  constructor(
    @Optional() @Inject(NotificationHandlers) handlers: NotificationHandlers | undefined,
    @Optional() @Inject(PATH) path: string | undefined,
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    super();
    if (!handlers || path === undefined) {
      const problem = `is imported without a path; import what WechatPayNotificationsModule.forRoot(${EXAMPLE}) returns.`;
      throw new WechatPayConfigError('WechatPayNotificationsModule', problem);
    }
    this.#handlers = handlers;
    this.#path = path;
    this.#host = host;
    this.#modules = modules;
  }

  /**
   * Registers the routes, with options that are known.
   *
   * @param options `path`, `merchants`, `timeoutMs` and `decorators`, each with a default.
   * @throws {WechatPayConfigError} what is not one object, and every property that is wrong or unknown.
   * @example WechatPayNotificationsModule.forRoot({ path: 'notifications/wechatpay', decorators: [Public()] })
   */
  static override forRoot(
    options: WechatPayNotificationsOptions & WechatPayNotificationsModuleExtras,
    ...others: never[]
  ): DynamicModule {
    const checks = { ...OPTIONS, ...EXTRAS };
    const known = Object.keys(checks);
    const method = 'WechatPayNotificationsModule.forRoot';
    checkRegistration([options, ...others], { method, example: EXAMPLE, checks, known });
    return super.forRoot(readOnce(options, known, 'options')); // Nest copies own properties alone
  }

  /**
   * Registers the routes, with options that come from a factory.
   *
   * @param options where `merchants` and `timeoutMs` come from, and beside that `path` and `decorators`.
   * @throws {WechatPayConfigError} what is not one object, and every unknown or wrong property.
   * @example
   * WechatPayNotificationsModule.forRootAsync({
   *   path: 'wechatpay',
   *   inject: [Branches],
   *   useFactory: (branches: Branches) => ({ merchants: branches.names() }),
   * })
   */
  static override forRootAsync(
    options: ConfigurableModuleAsyncOptions<WechatPayNotificationsOptions, 'createWechatPayNotificationsOptions'> &
      WechatPayNotificationsModuleExtras,
    ...others: never[]
  ): DynamicModule {
    checkAsyncRegistration([options, ...others], 'WechatPayNotificationsModule.forRootAsync', EXTRAS);
    return super.forRootAsync(options);
  }

  /**
   * Called by NestJS before the routes are registered.
   *
   * @throws {WechatPayConfigError} a path that is registered twice.
   */
  configure(): void {
    this.#assertOnlyOne();
    const adapter = this.#host.httpAdapter;
    if (adapter.getType() !== 'fastify') return; // Express leaves a body that it does not know unread
    keepBodiesUnread(adapter.getInstance<FastifyLike>());
  }

  // Of two on Express, only the first would ever be called.
  #assertOnlyOne(): void {
    const isSame = (other: object): boolean => #path in other && other !== this && other.#path === this.#path;
    if (!instancesIn(this.#modules).some(isSame)) return;
    throw new WechatPayConfigError(
      'path',
      `WechatPayNotificationsModule is registered more than once for '${this.#path}'. Register it once for all merchants, or give ` +
        'each registration a path of its own.',
    );
  }

  /**
   * Called by NestJS: looks for the handlers.
   *
   * @throws {WechatPayConfigError} no handler, or one that cannot be called; a merchant that is not registered.
   */
  onModuleInit(): void {
    this.#handlers.find();
  }
}
