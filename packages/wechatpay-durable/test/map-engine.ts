import type { ReversalData, ReversalEngine, ReversalHandler, ReversalStatus, StoredReversal } from '../src/index.js';

const NOT_HERE = (): never => {
  throw new Error('not in this engine');
};

/** An engine of one's own, as small as one can be: a Map. It has no worker; a test takes its `handler` and works itself. */
export class MapEngine implements ReversalEngine {
  readonly stored = new Map<string, StoredReversal & { delayMs: number }>();
  /** What was asked of it, in turn. */
  readonly log: string[] = [];
  handler: ReversalHandler = NOT_HERE;

  open(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  process(handler: ReversalHandler): Promise<void> {
    this.handler = handler;
    return Promise.resolve();
  }

  enqueue(id: string, data: ReversalData, delayMs: number): Promise<'enqueued' | 'duplicate'> {
    this.log.push('enqueue');
    if (this.stored.has(id)) return Promise.resolve('duplicate');
    this.stored.set(id, { ...data, id, status: 'waiting', createdAt: new Date(), delayMs });
    return Promise.resolve('enqueued');
  }

  reschedule(id: string, delayMs: number): Promise<boolean> {
    return this.#change('reschedule', id, ['waiting'], { delayMs });
  }

  amend(id: string, data: ReversalData, delayMs: number): Promise<boolean> {
    return this.#change('amend', id, ['waiting'], { ...data, delayMs });
  }

  cancel(id: string): Promise<boolean> {
    return this.#change('cancel', id, ['waiting'], { status: 'cancelled' });
  }

  redrive(id: string, data: ReversalData): Promise<boolean> {
    return this.#change('redrive', id, ['done', 'dead', 'cancelled'], { ...data, status: 'waiting' });
  }

  get(id: string): Promise<StoredReversal | undefined> {
    return Promise.resolve(this.stored.get(id));
  }

  list = NOT_HERE;
  counts = NOT_HERE;

  #change(
    what: string,
    id: string,
    from: readonly ReversalStatus[],
    change: Partial<StoredReversal & { delayMs: number }>,
  ): Promise<boolean> {
    this.log.push(what);
    const before = this.stored.get(id);
    if (!before || !from.includes(before.status)) return Promise.resolve(false);
    this.stored.set(id, { ...before, ...change });
    return Promise.resolve(true);
  }
}
