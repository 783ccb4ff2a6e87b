import type { Sandbox } from 'wechatpay-sandbox';
import type { WorkloadOrder } from './workload.js';

/** Customers with a phone: each pays the code that it was shown, some too late. */
export class Payers {
  readonly #sandbox: Sandbox;
  readonly #speed: number;
  readonly #orders: ReadonlyMap<string, WorkloadOrder>;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(sandbox: Sandbox, workload: readonly WorkloadOrder[], speed: number) {
    this.#sandbox = sandbox;
    this.#speed = speed;
    this.#orders = new Map(workload.map((order) => [order.outTradeNo, order]));
  }

  /** A cashier has shown a code. */
  see(outTradeNo: string, codeUrl: string): void {
    const ms = this.#orders.get(outTradeNo)?.paysAfterMs;
    if (ms === undefined) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      const payer = this.#sandbox.payer(codeUrl);
      const { state } = payer.order;
      if (state === 'not-paid' || state === 'user-paying' || state === 'closed') payer.payLate();
    }, ms / this.#speed);
    this.#timers.add(timer);
  }

  get areDone(): boolean {
    return this.#timers.size === 0;
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }
}
