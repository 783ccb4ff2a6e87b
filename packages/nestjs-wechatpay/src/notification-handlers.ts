import { Inject, Injectable, Logger } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import {
  acknowledge,
  isMerchantRegistry,
  isWechatPayError,
  MerchantRegistry,
  readPaymentNotification,
  readRefundNotification,
  WechatPayConfigError,
  type NotificationResponse,
  type PaymentNotification,
  type RefundHint,
  type WechatPayClient,
} from 'wechatpay-core';
import { assertRegistered, findHandlers, handlersFor, type Clients, type Handler } from './found-handlers.js';
import { DECORATORS } from './marks.js';
import { merchantNamed } from './registration.js';
import { CLIENT, REGISTRATION, type Registration } from './wechatpay.module-definition.js';
import { SETTINGS, type Settings } from './wechatpay-notifications.options.js';

const KINDS = { payment: 'payment-notified', refund: 'refund-notified' } as const;

/** What a notification is about. */
export type NotificationKind = keyof typeof KINDS;

const ENHANCERS =
  'what is called is the route. Put it into `decorators` of WechatPayNotificationsModule, or make it global.';

/** Whom a notification is for, and who handles it. It looks both up in the application, so that nothing has to be injected anywhere. */
@Injectable()
export class NotificationHandlers {
  readonly #logger = new Logger('WechatPayNotificationsModule');
  readonly #handlers: Record<NotificationKind, readonly Handler[]> = { payment: [], refund: [] };

  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** @throws {WechatPayConfigError} no handler, or one that cannot be called; a merchant that is not registered. */
  find(): void {
    this.#clients();
    const registered = [...this.#registered().keys()];
    for (const kind of ['payment', 'refund'] as const) {
      const handlers = findHandlers(this.discovery, KINDS[kind], ENHANCERS);
      assertRegistered(handlers, registered, 'WechatPayModule');
      this.#handlers[kind] = handlers;
      const names = handlers.map(({ name }) => name).join(', ');
      if (names !== '') this.#logger.log(`Notifications of a ${kind} go to ${names}`);
    }
    if (this.#handlers.payment.length + this.#handlers.refund.length > 0) return;
    throw new WechatPayConfigError(
      'WechatPayNotificationsModule',
      `finds no handler: no provider has a method with ${DECORATORS['payment-notified']} or ${DECORATORS['refund-notified']}, so that ` +
        'every notification would be refused. Decorate one, and list its class among the `providers` of a module that is imported.',
    );
  }

  /**
   * Reads a notification, and awaits its handlers.
   *
   * @throws {unknown} what is not believed, what a handler throws, and where they take too long: to be refused, so that it is repeated.
   */
  async handle(kind: NotificationKind, body: Uint8Array | string): Promise<NotificationResponse> {
    const clients = this.#clients();
    const notification = await this.#read(kind, clients, body);
    const handlers = handlersFor(this.#handlers[kind], clients, (client) => client === notification.client);
    if (handlers.length === 0) {
      const { merchantId } = notification.client;
      throw new Error(
        `Nobody handles it: no provider has a method with ${DECORATORS[KINDS[kind]]} for merchant ${merchantId}.`,
      );
    }
    const results = await this.#inTime(callAll(handlers, notification));
    return results.find(isRefusal) ?? acknowledge();
  }

  /** By the merchants that are registered by name; what is of none of them, by the registry. */
  async #read(
    kind: NotificationKind,
    clients: Clients,
    body: Uint8Array | string,
  ): Promise<PaymentNotification | RefundHint> {
    const read = kind === 'payment' ? readPaymentNotification : readRefundNotification;
    const registry = this.#registry();
    if (!registry) return read([...clients.values()], body);
    try {
      if (clients.size > 0) return read([...clients.values()], body);
    } catch (error) {
      const isOfOthers = isWechatPayError(error) && 'problem' in error && error.problem === 'unknown-merchant';
      if (!isOfOthers) throw error;
    }
    return read(await registry.ofNotification(body), body);
  }

  /** That of WechatPayMerchantsModule, unless merchants are named. */
  #registry(): MerchantRegistry | undefined {
    if (this.settings.merchants) return undefined;
    const found = this.discovery
      .getProviders()
      .find(({ token, instance }) => token === MerchantRegistry && isMerchantRegistry(instance));
    return found?.instance as MerchantRegistry | undefined;
  }

  #registered(): Clients {
    const registered = new Map<string | undefined, WechatPayClient>();
    for (const { token, instance, host } of this.discovery.getProviders()) {
      if (token !== REGISTRATION) continue;
      const client = host?.providers.get(CLIENT)?.instance as WechatPayClient | undefined;
      if (client) registered.set((instance as Registration).name, client);
    }
    return registered;
  }

  // Looked up each time: a merchant may be loaded lazily.
  #clients(): Clients {
    const registered = this.#registered();
    const { merchants = [...registered.keys()] } = this.settings;
    if (merchants.length === 0 && !this.#registry()) {
      throw wrong(
        'no merchant is registered; import WechatPayModule.forRoot, or WechatPayMerchantsModule.forRoot for many.',
      );
    }
    return new Map(
      merchants.map((name) => {
        const client = registered.get(name);
        if (client) return [name, client];
        const names = [...registered.keys()].map(merchantNamed).join(', ') || 'none';
        throw wrong(`${merchantNamed(name)} is not registered. Registered: ${names}.`);
      }),
    );
  }

  async #inTime<Result>(work: Promise<Result>): Promise<Result> {
    const { timeoutMs } = this.settings;
    let timer: NodeJS.Timeout | undefined;
    let isLate = false;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        isLate = true;
        reject(
          new Error(
            `The handlers took longer than ${timeoutMs} ms, which is too long for WeChat Pay, so that it sends the notification ` +
              'again. They go on. Store what it says, return, and do the rest afterwards.',
          ),
        );
      }, timeoutMs);
    });
    work.catch((error: unknown) => {
      if (isLate) this.#logger.error(`A handler that took too long has failed: ${String(error)}`);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** All of them to their end, also where one throws. */
async function callAll(handlers: readonly Handler[], notification: unknown): Promise<unknown[]> {
  const results = await Promise.allSettled(handlers.map(async ({ call }) => await call(notification)));
  const failed = results.filter((result) => result.status === 'rejected').map(({ reason }): unknown => reason);
  if (failed.length > 1) throw new AggregateError(failed, failed.map(String).join('\n'));
  if (failed.length === 1) throw failed[0];
  return results.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
}

const ACKNOWLEDGEMENT = acknowledge().body;

/** What `refuse()` returns, of any copy of wechatpay-core. */
function isRefusal(result: unknown): result is NotificationResponse {
  const { status, body } = Object(result) as Partial<NotificationResponse>;
  return status === 200 && typeof body === 'string' && body.startsWith('<xml>') && body !== ACKNOWLEDGEMENT;
}

function wrong(problem: string): WechatPayConfigError {
  return new WechatPayConfigError('merchants', problem);
}
