import type { DiscoveryService } from '@nestjs/core';
import { WechatPayConfigError, type WechatPayClient } from 'wechatpay-core';
import { DECORATORS, marksOf, type EventKind } from './marks.js';
import { merchantNamed } from './registration.js';

/** A method of the application that takes one kind of event. */
export interface Handler {
  /** As in `OrdersService.onPaid`. */
  readonly name: string;
  /** Absent: every merchant's. */
  readonly merchants?: readonly (string | undefined)[] | undefined;
  readonly call: (event: unknown) => unknown;
}

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/**
 * The marked methods of every provider and controller that is there.
 *
 * @param enhancers what to say where a method has a guard, an interceptor, a pipe or a filter: nobody calls them here.
 * @throws {WechatPayConfigError} a method that cannot be called, or has one of these.
 */
export function findHandlers(discovery: DiscoveryService, kind: EventKind, enhancers: string): Handler[] {
  const seen = new Set<object>(); // one instance may have several tokens
  return [...discovery.getProviders(), ...discovery.getControllers()].flatMap((wrapper) => {
    const { metatype, instance } = wrapper as { metatype?: { prototype?: object } | null; instance: unknown };
    const isStatic = wrapper.isDependencyTreeStatic() && !wrapper.isTransient;
    const prototype = (isStatic ? prototypeOf(instance) : undefined) ?? metatype?.prototype;
    const marks = prototype ? marksOf(prototype, kind) : [];
    const [first] = marks;
    if (!first) return [];
    if (!isStatic) {
      throw new WechatPayConfigError(
        nameOf(wrapper, first.method),
        `has ${DECORATORS[kind]}, but its class is request-scoped or transient, or injects something that is: there is no one instance ` +
          'to be called. Put the method into a class of the default scope; it may get others by ModuleRef.',
      );
    }
    const target = instance as Record<string | symbol, unknown>;
    if (seen.has(target)) return [];
    seen.add(target);
    return marks.map(({ method, merchants }) => {
      const name = nameOf(wrapper, method);
      assertPlain(name, target[method], kind, enhancers);
      const call: Handler['call'] = async (event) => assertDone(name, await (target[method] as Handler['call'])(event));
      return { name, merchants, call };
    });
  });
}

/** The clients of merchants, by the names with which they were registered. */
export type Clients = ReadonlyMap<string | undefined, WechatPayClient>;

/** Those that take the events of a merchant; of one that has no registration, those that take every merchant's. */
export function handlersFor(
  handlers: readonly Handler[],
  clients: Clients,
  isIts: (client: WechatPayClient) => boolean,
): readonly Handler[] {
  const its = [...clients].find(([, client]) => isIts(client));
  return handlers.filter(({ merchants }) => !merchants || (its !== undefined && merchants.includes(its[0])));
}

/** @throws {WechatPayConfigError} a handler of a merchant that is not registered: it would never be called. */
export function assertRegistered(
  handlers: readonly Handler[],
  registered: readonly (string | undefined)[],
  module: string,
): void {
  for (const { name, merchants = [] } of handlers) {
    const unknown = merchants.findIndex((merchant) => !registered.includes(merchant));
    if (unknown < 0) continue;
    const names = registered.map(merchantNamed).join(', ') || 'none';
    throw new WechatPayConfigError(
      name,
      `is for ${merchantNamed(merchants[unknown])}, which no ${module} has. Registered: ${names}.`,
    );
  }
}

function nameOf(wrapper: Wrapper, method: string | symbol): string {
  return `${String(wrapper.name)}.${String(method)}`;
}

/** An Observable does nothing until somebody subscribes: what it stands for would never be done, and be taken for done. */
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
function assertPlain(name: string, method: unknown, kind: EventKind, enhancers: string): void {
  if (typeof method !== 'function') throw new WechatPayConfigError(name, `has ${DECORATORS[kind]}, but is no method.`);
  const found = Object.keys(ENHANCERS).find((key) => Reflect.hasMetadata(key, method));
  if (found === undefined) return;
  throw new WechatPayConfigError(name, `has ${ENHANCERS[found]}, which has no effect here: ${enhancers}`);
}

function prototypeOf(instance: unknown): object | undefined {
  return Object(instance) === instance ? (Object.getPrototypeOf(instance) as object | undefined) : undefined;
}
