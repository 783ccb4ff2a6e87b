import type { ClusterProcess } from '../cluster/cluster-process.js';
import { Random } from '../random.js';
import type { WorkloadOrder, Task } from './workload.js';

const TICK_MS = 25;

/** Hands each order to a cashier when its time has come, and again where nothing came of it and whoever stands there insists. */
export class Tills {
  /** To whom each was handed, and when. */
  readonly handed = new Map<string, { at: number; by: string }[]>();
  readonly #orders: ReadonlyMap<string, WorkloadOrder>;
  readonly #queue: { at: number; order: WorkloadOrder }[];
  /** The orders that each process works on. */
  readonly #inProgress = new Map<string, Set<string>>();
  readonly #choice: Random;
  readonly #insistence: Random;
  #timer: NodeJS.Timeout | undefined;
  #cashiers: readonly ClusterProcess[] = [];

  constructor(workload: readonly WorkloadOrder[], seed: number) {
    this.#orders = new Map(workload.map((order) => [order.outTradeNo, order]));
    this.#queue = workload.filter(({ isOld }) => !isOld).map((order) => ({ at: order.at, order }));
    this.#choice = new Random(seed, 'cashier');
    this.#insistence = new Random(seed, 'insistence');
  }

  open(cashiers: readonly ClusterProcess[]): void {
    this.#cashiers = cashiers;
    // However long they took to start.
    const openedAt = Date.now();
    for (const entry of this.#queue) entry.at += openedAt;
    this.#timer = setInterval(() => {
      this.#serve();
    }, TICK_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** So many who would have come later come at once. */
  rush(count: number): void {
    for (const entry of this.#queue.slice(0, count)) entry.at = Date.now();
  }

  get isServed(): boolean {
    return this.#queue.length === 0 && this.#cashiers.every(({ process }) => !this.#inProgress.get(process)?.size);
  }

  /** A cashier had an answer, and has written it down. */
  onAnswer(by: string, outTradeNo: string, answer: string): void {
    if (answer === 'threw') this.#release(by, outTradeNo, 0.6);
    else this.#inProgress.get(by)?.delete(outTradeNo);
  }

  /** A cashier was killed: of what it had, nobody knows. */
  onEnd(by: string): void {
    for (const outTradeNo of this.#inProgress.get(by) ?? []) this.#release(by, outTradeNo, 0.5);
  }

  #serve(): void {
    const ready = this.#cashiers.filter(({ isReady }) => isReady);
    if (ready.length === 0) return;
    for (const entry of this.#queue.filter(({ at }) => at <= Date.now())) {
      this.#queue.splice(this.#queue.indexOf(entry), 1);
      const { outTradeNo, merchantId, totalFee, job, reverseAfterMs } = entry.order;
      const cashier = this.#choice.pick(ready);
      const { process: by } = cashier;
      this.handed.set(outTradeNo, [...(this.handed.get(outTradeNo) ?? []), { at: Date.now(), by }]);
      this.#inProgress.set(by, (this.#inProgress.get(by) ?? new Set()).add(outTradeNo));
      cashier.send({ outTradeNo, merchantId, totalFee, job, reverseAfterMs } satisfies Task);
    }
  }

  #release(by: string, outTradeNo: string, hope: number): void {
    this.#inProgress.get(by)?.delete(outTradeNo);
    const order = this.#orders.get(outTradeNo);
    if (!order || !this.#insistence.chance(order.job.kind === 'pay' ? hope : 0.95)) return;
    this.#queue.push({ at: Date.now() + this.#insistence.between(100, 3_000), order });
  }
}
