import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { AddressInfo, Server } from 'node:net';
import {
  GoneException,
  Inject,
  Injectable,
  Optional,
  ServiceUnavailableException,
  type BeforeApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { OnPaymentNotified } from 'nestjs-wechatpay';
import {
  concatMap,
  defer,
  endWith,
  filter,
  finalize,
  ignoreElements,
  map,
  merge,
  Subject,
  takeUntil,
  timer,
  type Observable,
} from 'rxjs';
import {
  refuse,
  WechatPayClient,
  WechatPayRequestError,
  type NotificationResponse,
  type PaymentNotification,
} from 'wechatpay-core';
import {
  DurableOrders,
  DURABLE_ORDER_CHANNEL,
  isDurableOrdersError,
  type DurableOrder,
  type DurableOrderEvent,
} from 'wechatpay-durable';
import { DEMO, type Demo } from '../demo/demo.js';
import { notSent } from '../http/not-sent.js';
import { PAYMENTS_PATH } from '../http/notifications.js';
import { stateOf, type CheckoutOrder, type Known } from './checkout.order.js';

/** The injection token of the setting PUBLIC_URL. */
export const PUBLIC_URL = Symbol('PUBLIC_URL');

/** For so long a customer may begin to pay. An order is not closed before it is 5 min old. */
const LIFE_MS = 5 * 60_000;
/** How often the store is looked into for an open page: what this process does is known without. */
const LOOK_EVERY_MS = 5_000;
/** Anybody may open a page, and each looks into the store. */
const MAX_FOLLOWED = 1_000;
/** What was shown of older orders is forgotten, the oldest first. */
const MAX_SHOWN = 500;

/** What a checkout is for. */
export interface Sale {
  readonly outTradeNo: string;
  readonly description: string;
  readonly totalFee: number;
  readonly currency: string;
}

/** What is not stored: the QR code is shown by this process, and by no other. */
interface Made {
  readonly sale: Sale;
  readonly done: Promise<void>;
  codeUrl?: string | undefined;
}

/**
 * Orders that their customers pay by a QR code. Each is stored before WeChat Pay knows of it, and driven to its end whatever becomes of
 * this process or of that customer; WeChat Pay's notification only has it asked for at once.
 */
@Injectable()
export class Checkout implements OnModuleInit, BeforeApplicationShutdown {
  readonly #durableOrders: DurableOrders;
  readonly #client: WechatPayClient;
  readonly #host: HttpAdapterHost;
  readonly #demo: Demo | undefined;
  readonly #publicUrl: string | undefined;
  readonly #made = new Map<string, Made>();
  #followed = 0;
  /** What this process does to orders. */
  readonly #steps = new Subject<{ readonly outTradeNo: string; readonly known?: Known }>();

  constructor(
    @Inject(DurableOrders) durableOrders: DurableOrders,
    @Inject(WechatPayClient) client: WechatPayClient,
    @Inject(HttpAdapterHost) host: HttpAdapterHost,
    @Optional() @Inject(DEMO) demo?: Demo,
    @Optional() @Inject(PUBLIC_URL) publicUrl?: string,
  ) {
    this.#durableOrders = durableOrders;
    this.#client = client;
    this.#host = host;
    this.#demo = demo;
    this.#publicUrl = publicUrl;
  }

  onModuleInit(): void {
    subscribe(DURABLE_ORDER_CHANNEL, this.#hear);
  }

  /** Pages that look on are told that it is over: their connections would keep the server open. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#steps.complete();
    await Promise.allSettled([...this.#made.values()].map(({ done }) => done));
    unsubscribe(DURABLE_ORDER_CHANNEL, this.#hear);
  }

  /** Where WeChat Pay tells of payments; undefined where it cannot reach this server. */
  get notifyUrl(): string | undefined {
    if (this.#publicUrl !== undefined) return this.#publicUrl + PAYMENTS_PATH;
    if (!this.#demo) return undefined;
    const server = this.#host.httpAdapter.getHttpServer() as Server;
    const { port } = server.address() as AddressInfo;
    return `http://localhost:${port}${PAYMENTS_PATH}`; // the sandbox is on this machine
  }

  /**
   * Makes an order, of which the answer has the QR code. Called again with the same, it is the same order.
   *
   * @throws {WechatPayRequestError} a number that was used before, for something else.
   * @throws {WechatPayError} WeChat Pay's refusal: there is no order.
   */
  async create(sale: Sale, spbillCreateIp: string): Promise<CheckoutOrder> {
    const { notifyUrl } = this;
    if (notifyUrl === undefined) throw notSent('PUBLIC_URL is not set: nothing was sent.');
    const { outTradeNo } = sale;
    const made = this.#made.get(outTradeNo) ?? this.#begin(sale, { notifyUrl, spbillCreateIp });
    if (!isSame(made.sale, sale)) {
      throw new WechatPayRequestError('outTradeNo', 'was used before, for another sale; take a new number.');
    }
    await made.done;
    const order = await this.get(outTradeNo);
    if (order) return order;
    throw new GoneException('The order is not in the store any more. Take a new number.');
  }

  #begin(sale: Sale, request: Where): Made {
    const { outTradeNo } = sale;
    const made: Made = { sale, done: this.#make(sale, request).then((codeUrl) => void (made.codeUrl = codeUrl)) };
    this.#made.set(outTradeNo, made);
    made.done.catch(() => this.#made.delete(outTradeNo)); // there is no such order
    for (const old of this.#made.keys()) {
      if (this.#made.size <= MAX_SHOWN) break;
      this.#made.delete(old);
    }
    return made;
  }

  /** @returns the text of the QR code; undefined where WeChat Pay gave no clear answer: the order is closed by itself. */
  async #make({ description, ...order }: Sale, request: Where): Promise<string | undefined> {
    const timeExpire = new Date(this.#client.now() + LIFE_MS);
    const native = { tradeType: 'NATIVE', productId: order.outTradeNo, body: description, timeExpire } as const;
    const made = this.#durableOrders.create({ ...order, ...native, ...request }, { policy: { ifPaidLate: 'refund' } });
    const { outcome, result } = await made.catch((error: unknown) => {
      if (!isDurableOrdersError(error) || error.outcome !== 'not-sent') throw error;
      throw notSent('The order cannot be written down: nothing was sent. Try again in a minute.');
    });
    if (outcome.kind === 'refused') throw outcome.error;
    return result?.codeUrl;
  }

  /** WeChat Pay says that an order is paid: a hint, on which it is asked for at once. */
  @OnPaymentNotified()
  async onPayment(notification: PaymentNotification): Promise<NotificationResponse | undefined> {
    const { kind } = await this.#durableOrders.notified(notification);
    return kind === 'unknown-order' ? refuse('unknown-order') : undefined;
  }

  /** How an order stands; undefined where the checkout has made none of this number. */
  async get(outTradeNo: string): Promise<CheckoutOrder | undefined> {
    const stored = await this.#durableOrders.get({ outTradeNo });
    return stored && this.#view(stored);
  }

  /**
   * An order as it stands, and each time that something may have changed, until this server stops.
   *
   * @throws {ServiceUnavailableException} so many are followed already.
   */
  follow(outTradeNo: string): Observable<CheckoutOrder> {
    if (this.#followed === MAX_FOLLOWED) throw new ServiceUnavailableException('Too many pages are open. Try again.');
    const steps = this.#steps.pipe(filter((step) => step.outTradeNo === outTradeNo));
    const isOver = this.#steps.pipe(ignoreElements(), endWith(true));
    const looks = timer(0, LOOK_EVERY_MS).pipe(
      takeUntil(isOver),
      map(() => undefined),
    );
    const changes = defer(() => {
      this.#followed += 1;
      return merge(steps, looks);
    });
    return changes.pipe(
      concatMap(async (step) =>
        step?.known ? this.#view(step.known) : await this.get(outTradeNo).catch(() => undefined),
      ),
      filter((order) => order !== undefined),
      finalize(() => (this.#followed -= 1)),
    );
  }

  readonly #hear = (message: unknown): void => {
    const event = message as DurableOrderEvent;
    if (!('outTradeNo' in event) || event.merchantId !== this.#client.merchantId) return;
    const { outTradeNo } = event;
    // A step may be stored later than it is told. An end counts once it is stored: what is looked up in between would take it back.
    const state = event.kind === 'step' && event.step.state.kind !== 'ended' ? event.step.state : undefined;
    this.#steps.next({ outTradeNo, ...(state && { known: { status: 'active', state } }) });
  };

  #view({ state, ...stored }: Known & Partial<DurableOrder>): CheckoutOrder | undefined {
    if (state.product !== 'unified-order') return undefined; // the till's
    const { outTradeNo } = state.order;
    const { totalFee, currency, orderCreatedAt, timeExpire } = state;
    if (totalFee === undefined || currency === undefined) return undefined;
    const now = stateOf({ state, ...stored }, this.#client.now());
    const { sale, codeUrl } = this.#made.get(outTradeNo) ?? {};
    return {
      outTradeNo,
      ...(sale && { description: sale.description }),
      totalFee,
      currency,
      createdAt: new Date(orderCreatedAt),
      ...(timeExpire !== undefined && { expiresAt: new Date(timeExpire) }),
      state: now,
      ...(codeUrl !== undefined && now === 'waiting' && { codeUrl }),
    };
  }
}

interface Where {
  readonly notifyUrl: string;
  readonly spbillCreateIp: string;
}

function isSame(one: Sale, other: Sale): boolean {
  return (['description', 'totalFee', 'currency'] as const).every((name) => one[name] === other[name]);
}
