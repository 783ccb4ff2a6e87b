import type { SandboxClock } from '../clock.js';
import type { OrderEntry } from '../orders/order-entry.js';
import type { Order } from '../orders/order.js';

/** The customer of an order of Unified Order, with the phone. `sandbox.payer(order)` finds them. */
export class Payer {
  readonly #entry: OrderEntry;
  readonly #clock: SandboxClock;

  /** @internal */
  constructor(entry: OrderEntry, clock: SandboxClock) {
    this.#entry = entry;
    this.#clock = clock;
  }

  get order(): Order {
    return this.#entry.view;
  }

  /**
   * Pays. The notification leaves at once.
   *
   * @throws {Error} where WeChat would not let them: the order is past `time_expire`, paid or closed.
   */
  pay(): void {
    const { product, isOpen, state } = this.#entry;
    const now = this.#clock.now();
    if (!isOpen) throw this.#refusal(`is ${state}`);
    if (product?.expiresAt !== undefined && now >= product.expiresAt) throw this.#refusal('has expired');
    this.#entry.pay(new Date(now));
  }

  /** Closes the payment sheet without paying: nobody is told, and the order stays as it is. Paying later is still possible. */
  cancel(): void {
    if (!this.#entry.isOpen) throw this.#refusal(`is ${this.#entry.state}`);
    this.#entry.giveUp(new Date(this.#clock.now()), 'abandoned');
  }

  /**
   * Pays after the end: past `time_expire`, as who has begun before can, or even after Close Order has said SUCCESS. Both have been
   * reported of the real gateway.
   *
   * @throws {Error} where it is paid, refunded or reversed already.
   */
  payLate(): void {
    const { state } = this.#entry;
    if (state !== 'not-paid' && state !== 'user-paying' && state !== 'closed') throw this.#refusal(`is ${state}`);
    this.#entry.pay(new Date(this.#clock.now()));
  }

  #refusal(problem: string): Error {
    const { outTradeNo } = this.#entry.facts;
    return new Error(
      `order ${outTradeNo} ${problem}: its customer cannot pay or cancel; payLate() pays too late on purpose`,
    );
  }
}
