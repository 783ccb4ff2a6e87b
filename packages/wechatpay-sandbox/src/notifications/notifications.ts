import { randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { SandboxClock } from '../clock.js';
import type { OrderEntry } from '../orders/order-entry.js';
import type { Refund } from '../orders/order.js';
import type { Merchants } from '../parties/merchants.js';
import type { Fields } from '../wire/xml.js';
import { documentOf } from './document.js';
import { NotificationFaults, type DocumentFault, type NotificationFault } from './faults.js';
import { headersOf, post, type Posted } from './post.js';

const [second, minute, hour] = [1_000, 60_000, 3_600_000];

/** After how long a notification without the right answer is sent again: 15 times in 24 hours and 4 minutes. */
const repeatsAfterMs: readonly number[] = [
  ...[15 * second, 15 * second, 30 * second],
  ...[3 * minute, 10 * minute, 20 * minute, 30 * minute, 30 * minute, 30 * minute],
  ...[1 * hour, 3 * hour, 3 * hour, 3 * hour, 6 * hour, 6 * hour],
];

/** One sending of a notification. */
export interface NotificationAttempt {
  /** When it was due, by the sandbox's clock. */
  readonly at: Date;
  /** The fault that it met. */
  readonly fault?: NotificationFault['kind'];
  /** The HTTP status of the receiver's answer, where there was one. */
  readonly status?: number;
  readonly isAcknowledged: boolean;
  /** Why there was no answer. */
  readonly error?: string;
}

/** A notification, and what came of it so far. */
export interface Notification {
  readonly kind: 'payment' | 'refund';
  readonly outTradeNo: string;
  /** Of a refund. */
  readonly outRefundNo?: string;
  readonly url: string;
  readonly state: 'pending' | 'acknowledged' | 'given-up';
  /** When it is sent next, while it is pending. */
  readonly nextAt?: Date;
  readonly attempts: readonly NotificationAttempt[];
}

interface Delivery {
  readonly kind: 'payment' | 'refund';
  readonly order: OrderEntry;
  readonly refund?: { readonly refund: Refund; readonly succeededAt: Date };
  readonly paidAt: Date;
  readonly url: string;
  readonly attempts: NotificationAttempt[];
  state: Notification['state'];
  dueAt: number;
  isHeld: boolean;
  isRunning: boolean;
}

interface NotificationsOptions {
  readonly clock: SandboxClock;
  readonly merchants: Merchants;
  readonly ca: string;
  readonly timeoutMs: number;
}

/**
 * What the gateway tells the merchants' servers, over HTTP or HTTPS: of every payment of an order of Unified Order, and of every
 * refund that has a `notify_url`. It begins to send by itself; `clock.advance` makes the repeats due.
 */
export class Notifications {
  /** What goes wrong with the next ones. */
  readonly faults = new NotificationFaults();
  readonly #options: NotificationsOptions;
  readonly #running = new Set<Promise<void>>();
  #deliveries: Delivery[] = [];
  #timer: NodeJS.Timeout | undefined;
  #abort = new AbortController();

  /** @internal */
  constructor(options: NotificationsOptions) {
    this.#options = options;
    options.clock.onMove(() => {
      this.#pump();
    });
  }

  /** All of them, the oldest first. */
  list(): readonly Notification[] {
    return this.#deliveries.map(({ kind, order, refund, url, state, dueAt, attempts }) => ({
      kind,
      outTradeNo: order.facts.outTradeNo,
      ...(refund && { outRefundNo: refund.refund.outRefundNo }),
      url,
      state,
      ...(state === 'pending' && { nextAt: new Date(dueAt) }),
      attempts: [...attempts],
    }));
  }

  /**
   * Waits until everything that is due by the sandbox's clock was sent and answered, or was given up.
   *
   * @example
   * sandbox.payer(order).pay();
   * await sandbox.notifications.idle();
   * sandbox.clock.advance(15_000); // the first repeat, where there was no right answer
   * await sandbox.notifications.idle();
   */
  async idle(): Promise<void> {
    this.#pump();
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** @internal */
  paid(order: OrderEntry, at: Date): void {
    const { product } = order;
    if (product !== undefined) this.#add({ kind: 'payment', order, paidAt: at, url: product.notifyUrl }, at.getTime());
  }

  /** @internal */
  refundAccepted(order: OrderEntry, refund: Refund, call: { fields: Fields; refundDelayMs: number }): void {
    const { notify_url: url = '' } = call.fields;
    if (url === '') return;
    const succeededAt = new Date(refund.at.getTime() + call.refundDelayMs);
    const paidAt = order.paidAt ?? order.facts.createdAt;
    this.#add({ kind: 'refund', order, paidAt, url, refund: { refund, succeededAt } }, succeededAt.getTime());
  }

  /** @internal */
  clear(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#abort = new AbortController();
    this.faults.clear();
    for (const delivery of this.#deliveries) delivery.state = 'given-up';
    this.#deliveries = [];
  }

  #add(what: Pick<Delivery, 'kind' | 'order' | 'paidAt' | 'url' | 'refund'>, dueAt: number): void {
    this.#deliveries.push({ ...what, attempts: [], state: 'pending', dueAt, isHeld: false, isRunning: false });
    // In its own turn: the reply to the request that caused it leaves first.
    setImmediate(() => {
      this.#pump();
    });
  }

  /** Begins to send what is due, in the order of time, and waits for the next. */
  #pump(): void {
    clearTimeout(this.#timer);
    const now = this.#options.clock.now();
    const waiting = this.#deliveries
      .filter(({ state, isHeld, isRunning }) => state === 'pending' && !isHeld && !isRunning)
      .sort((a, b) => a.dueAt - b.dueAt);
    for (const delivery of waiting) {
      if (delivery.dueAt > now) {
        this.#timer = setTimeout(
          () => {
            this.#pump();
          },
          Math.min(delivery.dueAt - now, 2 ** 31 - 1),
        );
        this.#timer.unref();
        return;
      }
      const running = this.#run(delivery).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  async #run(delivery: Delivery): Promise<void> {
    delivery.isRunning = true;
    while (delivery.state === 'pending' && !delivery.isHeld && delivery.dueAt <= this.#options.clock.now()) {
      await this.#attempt(delivery, this.faults.take(delivery.kind));
    }
    delivery.isRunning = false;
    this.#pump();
  }

  async #attempt(delivery: Delivery, fault: NotificationFault | undefined): Promise<void> {
    if (fault?.kind === 'late') {
      delivery.dueAt += fault.delayMs;
      return;
    }
    if (fault?.kind === 'out-of-order') {
      delivery.isHeld = true;
      return;
    }
    const posted = await this.#send(delivery, fault?.kind);
    const at = new Date(delivery.dueAt);
    delivery.attempts.push({ at, ...(fault && { fault: fault.kind }), ...posted });
    const repeatAfterMs = repeatsAfterMs[delivery.attempts.length - 1];
    if (delivery.state !== 'pending') return; // forgotten meanwhile
    if (posted.isAcknowledged) delivery.state = 'acknowledged';
    else if (repeatAfterMs === undefined) delivery.state = 'given-up';
    else delivery.dueAt += repeatAfterMs;
    for (const other of this.#deliveries) if (other !== delivery) other.isHeld = false;
  }

  async #send(
    { kind, order, refund, paidAt, url }: Delivery,
    fault: NotificationFault['kind'] | undefined,
  ): Promise<Posted> {
    if (fault === 'lost') return { isAcknowledged: false, error: 'lost on the way' };
    const merchant = this.#options.merchants.get(order.facts.merchantId);
    if (merchant === undefined) return { isAcknowledged: false, error: `no merchant of this ${kind}` };
    const changed = documentFault(fault);
    const apiKey = this.#options.merchants.signingKeyOf(merchant);
    const body = documentOf({ order, merchant, apiKey, paidAt, ...(refund && { refund }), fault: changed });
    const headers = headersOf(body, randomUUID());
    const { signal } = this.#abort;
    setMaxListeners(0, signal); // as many as are under way
    const send = (): Promise<Posted> => post(url, headers, body, { ...this.#options, isCut: fault === 'cut', signal });
    const [posted, copy] = await Promise.all(fault === 'duplicated' ? [send(), send()] : [send()]);
    // What somebody else has written, or came too late, is not WeChat Pay's to be acknowledged.
    const isTaken = changed === undefined && fault !== 'slow';
    return { ...posted, isAcknowledged: isTaken && (posted.isAcknowledged || copy?.isAcknowledged === true) };
  }
}

function documentFault(fault: NotificationFault['kind'] | undefined): DocumentFault | undefined {
  switch (fault) {
    case 'forged':
    case 'wrong-amount':
    case 'foreign-merchant':
    case 'truncated':
      return fault;
    default:
      return undefined;
  }
}
