import type {
  Amendment,
  DurableData,
  DurableOrder,
  DurableRow,
  JournalEntry,
  OrderHandler,
  StoreEnqueueOptions,
} from '../src/index.js';
import { MemoryStore } from '../src/stores/memory.js';

/** The store in memory, open from the start, which notes what is asked of it. It has no worker: a test takes its `handler` and works itself. */
export class LoggedStore extends MemoryStore {
  /** How each order stands, with the delay of its next step as it was last told. */
  readonly stored = new Map<string, DurableOrder & { delayMs: number }>();
  /** What was asked of it, in turn. */
  readonly log: string[] = [];
  /** What each order is said to be, whatever is stored. */
  pretended: Partial<DurableOrder> = {};
  handler: OrderHandler = () => Promise.reject(new Error('Nobody works here.'));

  constructor() {
    super();
    void this.open();
  }

  override process(handler: OrderHandler): Promise<void> {
    this.handler = handler;
    return Promise.resolve();
  }

  /** Has a worker end one as dead. */
  async die(id: string): Promise<void> {
    await super.reschedule(id, 0);
    const dead = new Promise<void>((resolve) => {
      void super.process(({ data }) => Promise.resolve({ kind: 'dead', data, onStored: resolve }), {
        concurrency: 1,
        onProblem: () => undefined,
      });
    });
    await dead;
    await this.#look(id);
  }

  override async enqueue(
    id: string,
    data: DurableData,
    delayMs: number,
    options?: StoreEnqueueOptions,
  ): Promise<'enqueued' | 'duplicate'> {
    this.log.push('enqueue');
    const result = await super.enqueue(id, data, delayMs, options);
    if (result === 'enqueued') await this.#look(id, delayMs);
    return result;
  }

  override reschedule(
    id: string,
    delayMs: number | ((row: DurableRow) => number),
    journal?: readonly JournalEntry[],
  ): Promise<boolean> {
    this.log.push('reschedule');
    let told = 0;
    const delay = (row: DurableRow): number => (told = typeof delayMs === 'number' ? delayMs : delayMs(row));
    return this.#after(id, super.reschedule(id, delay, journal), () => told);
  }

  override amend(id: string, change: (row: DurableRow) => Amendment | undefined): Promise<boolean> {
    this.log.push('amend');
    let told = 0;
    const amended = (row: DurableRow): Amendment | undefined => {
      const next = change(row);
      told = next?.delayMs ?? 0;
      return next;
    };
    return this.#after(id, super.amend(id, amended), () => told);
  }

  override cancel(id: string, journal?: readonly JournalEntry[]): Promise<boolean> {
    this.log.push('cancel');
    return this.#after(id, super.cancel(id, journal));
  }

  override redrive(...args: Parameters<MemoryStore['redrive']>): Promise<boolean> {
    this.log.push('redrive');
    return this.#after(args[0], super.redrive(...args), () => 0);
  }

  override async get(id: string): Promise<DurableRow | undefined> {
    const row = await super.get(id);
    return row && ({ ...row, ...this.pretended } as DurableRow);
  }

  async #after(id: string, changing: Promise<boolean>, delayMs?: () => number): Promise<boolean> {
    const isChanged = await changing;
    if (isChanged) await this.#look(id, delayMs?.());
    return isChanged;
  }

  async #look(id: string, delayMs = this.stored.get(id)?.delayMs ?? 0): Promise<void> {
    this.stored.set(id, { ...((await super.get(id)) as DurableOrder), delayMs });
  }
}
