import type { DurableOrderData, OrderStore, OrderHandler, DurableOrderStatus, DurableOrder } from '../src/index.js';

const NOT_HERE = (): never => {
  throw new Error('not in this store');
};

/** A custom store, as small as one can be: a Map. It has no worker; a test takes its `handler` and works itself. */
export class MapStore implements OrderStore {
  readonly stored = new Map<string, DurableOrder & { delayMs: number }>();
  /** What was asked of it, in turn. */
  readonly log: string[] = [];
  handler: OrderHandler = NOT_HERE;

  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  process(handler: OrderHandler): Promise<void> {
    this.handler = handler;
    return Promise.resolve();
  }

  enqueue(id: string, data: DurableOrderData, delayMs: number): Promise<'enqueued' | 'duplicate'> {
    this.log.push('enqueue');
    if (this.stored.has(id)) return Promise.resolve('duplicate');
    this.stored.set(id, { ...data, id, status: 'waiting', createdAt: new Date(), delayMs });
    return Promise.resolve('enqueued');
  }

  reschedule(id: string, delayMs: number): Promise<boolean> {
    return this.#change('reschedule', id, ['waiting'], { delayMs });
  }

  amend(id: string, data: DurableOrderData, delayMs: number): Promise<boolean> {
    return this.#change('amend', id, ['waiting'], { ...data, delayMs });
  }

  cancel(id: string): Promise<boolean> {
    return this.#change('cancel', id, ['waiting'], { status: 'cancelled' });
  }

  redrive(id: string, data: DurableOrderData): Promise<boolean> {
    return this.#change('redrive', id, ['done', 'dead', 'cancelled'], { ...data, status: 'waiting' });
  }

  get(id: string): Promise<DurableOrder | undefined> {
    return Promise.resolve(this.stored.get(id));
  }

  list = NOT_HERE;
  counts = NOT_HERE;

  #change(
    what: string,
    id: string,
    from: readonly DurableOrderStatus[],
    change: Partial<DurableOrder & { delayMs: number }>,
  ): Promise<boolean> {
    this.log.push(what);
    const before = this.stored.get(id);
    if (!before || !from.includes(before.status)) return Promise.resolve(false);
    this.stored.set(id, { ...before, ...change });
    return Promise.resolve(true);
  }
}
