import { isOver } from './ends.js';
import { DurableOrdersError, isDurableOrdersError } from './errors.js';
import { publish } from './events.js';
import { readOrder, readProperties, type OrderOf } from './intent.js';
import type { Orders } from './orders.js';
import { readRefundOf, type RefundOf } from './refunds/refund-intent.js';
import { assertSignal } from './signal.js';
import type { DurableOrder, DurableRefund, DurableRow } from './stores/store.js';

/** How to wait for an order. */
export interface WaitOptions {
  /** Stops waiting; the order goes on by itself. `AbortSignal.timeout(60_000)` waits for a minute. */
  readonly signal?: AbortSignal | undefined;
}

/** Real time: an end in another process is seen so soon at first, and later more seldom. */
const FIRST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 5_000;

/** What is waited for. */
interface Awaited<Row extends DurableRow> {
  readonly id: string;
  /** As in `order A1`. */
  readonly name: string;
  readonly read: () => Promise<Row | undefined>;
}

/** What `DurableOrders.wait` does. */
export async function waitForEnd(
  orders: Orders,
  order: OrderOf,
  options: WaitOptions,
  stopping: AbortSignal,
): Promise<DurableOrder> {
  const { outTradeNo } = readOrder(order);
  const { id } = await orders.locate(order);
  return waitFor(orders, { id, name: `order ${outTradeNo}`, read: () => orders.read(id) }, options, stopping);
}

/** The same of a refund. */
export async function waitForRefund(
  orders: Orders,
  refund: RefundOf,
  options: WaitOptions,
  stopping: AbortSignal,
): Promise<DurableRefund> {
  const { outRefundNo } = readRefundOf(refund);
  const { id } = await orders.locateRefund(refund);
  return waitFor(orders, { id, name: `refund ${outRefundNo}`, read: () => orders.readRefund(id) }, options, stopping);
}

async function waitFor<Row extends DurableRow>(
  { ends }: Orders,
  awaited: Awaited<Row>,
  given: WaitOptions,
  stopping: AbortSignal,
): Promise<Row> {
  const { signal } = readProperties('options', given, ['signal']);
  assertSignal(signal);
  const waiting = new Waiting([stopping, ...(signal ? [signal] : [])]);
  const stopListening = ends.listen(awaited.id, () => {
    waiting.wake();
  });
  try {
    for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_LOOK_MS)) {
      assertWaiting(awaited, signal, stopping);
      const row = await look(awaited, pauseMs === FIRST_LOOK_MS);
      if (row && isOver(row)) return row;
      await waiting.pause(pauseMs);
    }
  } finally {
    stopListening();
    waiting.end();
  }
}

/** @throws {DurableOrdersError} nobody waits any more. */
function assertWaiting(
  { name }: Pick<Awaited<DurableRow>, 'name'>,
  signal: AbortSignal | undefined,
  stopping: AbortSignal,
): void {
  const rest = 'It goes on by itself: `get` tells how it stands.';
  if (signal?.aborted) {
    const message = `Waiting for ${name} was aborted before it had an end. ${rest}`;
    throw new DurableOrdersError('WECHATPAY_WAIT_ABORTED', message, { cause: signal.reason });
  }
  if (stopping.aborted) {
    const message = `The durable orders are being stopped: nobody waits for ${name} here. ${rest}`;
    throw new DurableOrdersError('WECHATPAY_STOPPING', message);
  }
}

/** @returns undefined where the store failed this time: what is waited for goes on. */
async function look<Row extends DurableRow>(
  { id, name, read }: Awaited<Row>,
  isFirst: boolean,
): Promise<Row | undefined> {
  let row: Row | undefined;
  try {
    row = await read();
  } catch (error) {
    if (isFirst || !isDurableOrdersError(error) || error.code !== 'WECHATPAY_STORE_FAILED') throw error;
    publish({ kind: 'problem', id, error });
    return undefined;
  }
  if (row) return row;
  const message = `Nothing is stored of ${name}, or no longer: store it first, by pay, enqueue, reverse or refund.`;
  throw new DurableOrdersError('WECHATPAY_NO_SUCH_ORDER', message);
}

/** Pauses that end early when they are woken, or a signal is aborted; nothing is left behind. */
class Waiting {
  readonly #signals: readonly AbortSignal[];
  #isAwake = false;
  #goOn: () => void = () => undefined;

  constructor(signals: readonly AbortSignal[]) {
    this.#signals = signals;
    for (const signal of signals) signal.addEventListener('abort', this.wake);
  }

  readonly wake = (): void => {
    this.#isAwake = true;
    this.#goOn();
  };

  async pause(ms: number): Promise<void> {
    if (!this.#isAwake) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#goOn = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#isAwake = false;
  }

  end(): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.wake);
  }
}
