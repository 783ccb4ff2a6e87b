import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import type { ResolvedOrder, ResolvedRefund } from 'wechatpay-durable';
import { assertRegistered, findHandlers, handlersFor, type Clients, type Handler } from './found-handlers.js';
import { CLIENTS, SETTINGS, type WechatPayDurableOptions } from './wechatpay-durable.options.js';

/** What durable orders are started with. */
type Listeners = Pick<WechatPayDurableOptions, 'onResolved' | 'onRefundResolved'>;

const ENHANCERS = 'a worker calls it, and no request leads there. Do in the method itself what it is for.';

/**
 * Who is called with the ends of durable orders and refunds: the marked methods of the application, and the options. It looks them up, so
 * that nothing has to be injected anywhere.
 */
@Injectable()
export class EndHandlers {
  #orders: readonly Handler[] = [];
  #refunds: readonly Handler[] = [];

  constructor(
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(SETTINGS) private readonly settings: WechatPayDurableOptions,
    @Inject(CLIENTS) private readonly clients: Clients,
  ) {}

  /**
   * @param registered the merchants that have durable orders, of every registration.
   * @returns what was found, as lines for the log.
   * @throws {WechatPayConfigError} a handler that cannot be called, or would never be.
   */
  find(registered: readonly (string | undefined)[]): string[] {
    const find = (kind: 'order-resolved' | 'refund-resolved'): Handler[] => {
      const handlers = findHandlers(this.discovery, kind, ENHANCERS);
      assertRegistered(handlers, registered, 'WechatPayDurableModule');
      return handlers.filter(({ merchants }) => merchants?.some((name) => this.clients.has(name)) ?? true);
    };
    this.#orders = find('order-resolved');
    this.#refunds = find('refund-resolved');
    return Object.entries({ orders: this.#orders, refunds: this.#refunds })
      .filter(([, handlers]) => handlers.length > 0)
      .map(([what, handlers]) => `Ends of ${what} go to ${handlers.map(({ name }) => name).join(', ')}`);
  }

  /** Nothing where nobody is to be called: to tell an end costs the store a commit. */
  listeners(): Listeners {
    const { onResolved, onRefundResolved } = this.settings;
    const ofOrders = this.#listener<ResolvedOrder>({ name: 'onResolved', call: onResolved }, this.#orders);
    const ofRefunds = this.#listener<ResolvedRefund>(
      { name: 'onRefundResolved', call: onRefundResolved },
      this.#refunds,
    );
    return { ...(ofOrders && { onResolved: ofOrders }), ...(ofRefunds && { onRefundResolved: ofRefunds }) };
  }

  #listener<Resolved extends ResolvedOrder | ResolvedRefund>(
    {
      name,
      call,
    }: { readonly name: string; readonly call: ((resolved: Resolved) => Promise<void> | void) | undefined },
    marked: readonly Handler[],
  ): ((resolved: Resolved) => Promise<void> | void) | undefined {
    if (marked.length === 0) return call;
    const handlers = call ? [...marked, { name, call: call as Handler['call'] }] : marked;
    const taken = new TakenEnds();
    return async (resolved) => {
      const its = handlersFor(handlers, this.clients, ({ merchantId }) => merchantId === resolved.merchantId);
      await tellAll(its, resolved, taken.by(resolved));
    };
  }
}

/**
 * Calls all that have not taken it, each to its end.
 *
 * @param takenBy those that have; who takes it now is added, also where that is after the caller has given up waiting.
 * @throws {Error} who failed, and why.
 */
async function tellAll(handlers: readonly Handler[], resolved: object, takenBy: Set<Handler>): Promise<void> {
  const failures: { readonly text: string; readonly reason: unknown }[] = [];
  await Promise.all(
    handlers
      .filter((handler) => !takenBy.has(handler))
      .map(async (handler) => {
        try {
          await handler.call(structuredClone(resolved)); // a copy for each: what one changes is not told to another
          takenBy.add(handler);
        } catch (reason) {
          failures.push({
            text: `${handler.name}: ${reason instanceof Error ? reason.message : String(reason)}`,
            reason,
          });
        }
      }),
  );
  if (failures.length === 0) return;
  throw new AggregateError(
    failures.map(({ reason }) => reason),
    failures.map(({ text }) => text).join('\n'),
  );
}

/** Which handlers have taken an end, as far as this process knows: of the latest ends alone, and of what is forgotten all are called again. */
class TakenEnds {
  readonly #ends = new Map<string, Set<Handler>>();

  by({ id, end, endedAt }: ResolvedOrder | ResolvedRefund): Set<Handler> {
    // With its time: the count begins anew once an order is no longer kept.
    const key = `${id} ${end} ${endedAt.getTime()}`;
    const takenBy = this.#ends.get(key) ?? new Set();
    this.#ends.delete(key);
    this.#ends.set(key, takenBy);
    const [oldest] = this.#ends.keys();
    if (this.#ends.size > REMEMBERED && oldest !== undefined) this.#ends.delete(oldest);
    return takenBy;
  }
}

const REMEMBERED = 10_000;
