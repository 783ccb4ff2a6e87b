import { Inject, Injectable, Logger } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import {
  acknowledge,
  readPaymentNotification,
  readRefundNotification,
  WechatPayConfigError,
  type NotificationResponse,
  type WechatPayClient,
} from 'wechatpay-core';
import { DECORATORS, markedMethods, type NotificationKinds } from './on-notified.js';
import { CLIENT, REGISTRATION, type Registration } from './wechatpay.module-definition.js';
import { SETTINGS, type Settings } from './wechatpay-notifications.options.js';

type Kind = keyof NotificationKinds;
type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

interface Handler {
  /** As in `OrdersService.onPaid`. */
  readonly name: string;
  readonly call: (notification: unknown) => unknown;
}

/** Whom a notification is for, and who handles it. It looks both up in the application, so that nothing has to be injected anywhere. */
@Injectable()
export class NotificationHandlers {
  readonly #logger = new Logger('WechatPayNotificationsModule');
  readonly #handlers: Record<Kind, readonly Handler[]> = { payment: [], refund: [] };

  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(SETTINGS) private readonly settings: Settings,
  ) {}

  /** @throws {WechatPayConfigError} no handler, or one that cannot be called; a merchant that is not registered. */
  find(): void {
    this.#clients();
    const wrappers = [...this.discovery.getProviders(), ...this.discovery.getControllers()];
    for (const kind of ['payment', 'refund'] as const) {
      this.#handlers[kind] = handlersIn(wrappers, kind);
      const names = this.#handlers[kind].map(({ name }) => name).join(', ');
      if (names !== '') this.#logger.log(`Notifications of a ${kind} go to ${names}`);
    }
    if (this.#handlers.payment.length + this.#handlers.refund.length > 0) return;
    throw new WechatPayConfigError(
      'WechatPayNotificationsModule',
      `finds no handler: no provider has a method with ${DECORATORS.payment} or ${DECORATORS.refund}, so that every notification ` +
        'would be refused. Decorate one, and list its class among the `providers` of a module that is imported.',
    );
  }

  /**
   * Reads a notification, and awaits its handlers.
   *
   * @throws {unknown} what is not believed, what a handler throws, and where they take too long: to be refused, so that it is repeated.
   */
  async handle(kind: Kind, body: Uint8Array | string): Promise<NotificationResponse> {
    const read = kind === 'payment' ? readPaymentNotification : readRefundNotification;
    const notification = read(this.#clients(), body);
    const handlers = this.#handlers[kind];
    if (handlers.length === 0) {
      throw new Error(`Nobody handles it: no provider has a method with ${DECORATORS[kind]}.`);
    }
    const results = await this.#inTime(callAll(handlers, notification));
    return results.find(isRefusal) ?? acknowledge();
  }

  // Looked up each time: a merchant may be loaded lazily.
  #clients(): WechatPayClient[] {
    const registered = new Map<string | undefined, WechatPayClient>();
    for (const { token, instance, host } of this.discovery.getProviders()) {
      if (token !== REGISTRATION) continue;
      const client = host?.providers.get(CLIENT)?.instance as WechatPayClient | undefined;
      if (client) registered.set((instance as Registration).name, client);
    }
    const { merchants = [...registered.keys()] } = this.settings;
    if (merchants.length === 0)
      throw wrong('no merchant is registered; import WechatPayModule.forRoot or forRootAsync.');
    return merchants.map((name) => {
      const client = registered.get(name);
      if (client) return client;
      const which = name === undefined ? 'the merchant without a name' : `'${name}'`;
      const names = [...registered.keys()].map((known) =>
        known === undefined ? 'the one without a name' : `'${known}'`,
      );
      throw wrong(`${which} is not registered. Registered: ${names.join(', ') || 'none'}.`);
    });
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

function handlersIn(wrappers: readonly Wrapper[], kind: Kind): Handler[] {
  const seen = new Set<object>(); // one instance may have several tokens
  return wrappers.flatMap((wrapper) => {
    const { metatype, instance } = wrapper as { metatype?: { prototype?: object } | null; instance: unknown };
    const isStatic = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
    const prototype = (isStatic ? prototypeOf(instance) : undefined) ?? metatype?.prototype;
    const methods = prototype ? markedMethods(prototype, kind) : [];
    if (methods.length === 0) return [];
    const nameOf = (method: string | symbol): string => `${wrapper.name}.${String(method)}`;
    if (!isStatic) {
      throw new WechatPayConfigError(
        nameOf(methods[0] ?? ''),
        `has ${DECORATORS[kind]}, but its class is request-scoped or transient, or injects something that is: there is no one instance ` +
          'to be called. Put the method into a class of the default scope; it may get others by ModuleRef.',
      );
    }
    const target = instance as Record<string | symbol, unknown>;
    if (seen.has(target)) return [];
    seen.add(target);
    return methods.map((method) => {
      const name = nameOf(method);
      assertPlain(name, target[method], kind);
      return {
        name,
        call: async (notification) => assertDone(name, await (target[method] as Handler['call'])(notification)),
      };
    });
  });
}

/** An Observable does nothing until somebody subscribes: what it stands for would never be done, and be acknowledged. */
function assertDone(name: string, result: unknown): unknown {
  if (typeof (Object(result) as { subscribe?: unknown }).subscribe !== 'function') return result;
  throw new TypeError(
    `${name} returns an Observable, to which nobody subscribes: return a Promise instead, as lastValueFrom() of rxjs makes one.`,
  );
}

const ENHANCERS: Readonly<Record<string, string>> = {
  __guards__: '@UseGuards',
  __interceptors__: '@UseInterceptors',
  __pipes__: '@UsePipes',
  __exceptionFilters__: '@UseFilters',
};

/** A guard that nobody calls would be a hole. */
function assertPlain(name: string, method: unknown, kind: Kind): void {
  if (typeof method !== 'function') throw new WechatPayConfigError(name, `has ${DECORATORS[kind]}, but is no method.`);
  const found = Object.keys(ENHANCERS).find((key) => Reflect.hasMetadata(key, method));
  if (found === undefined) return;
  throw new WechatPayConfigError(
    name,
    `has ${ENHANCERS[found]}, which has no effect here: what is called is the route. Put it into \`decorators\` of ` +
      'WechatPayNotificationsModule, or make it global.',
  );
}

function prototypeOf(instance: unknown): object | undefined {
  return Object(instance) === instance ? (Object.getPrototypeOf(instance) as object | undefined) : undefined;
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
