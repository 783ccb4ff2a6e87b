// Over 250 lines, as one idea: a store that keeps what the port promises, and fails in every way that it allows.
import type { World } from '../../../wechatpay-core/test/truth/time.js';
import { LeaseLostError, storeInUse } from '../../src/errors.js';
import type {
  Amendment,
  ReopenedStatus,
  DurableOrderCounts,
  DurableData,
  DurableOrderData,
  OrderStore,
  OrderHandler,
  StoreFilter,
  StoredJournalEntry,
  StoreEnqueueOptions,
  JournalEntry,
  DurableOrderStatus,
  DurableOrder,
  Verdict,
} from '../../src/index.js';
import { chained, EMPTY_JOURNAL } from '../../src/stores/journal.js';
import { LeaseLoop } from '../../src/stores/lease-loop.js';
import { doing, type Process } from './process.js';

/** A row, as it was stored at a time. A row is never changed: the next one takes its place. */
export interface Row {
  readonly at: number;
  readonly id: string;
  readonly data: DurableOrderData;
  readonly status: DurableOrderStatus;
  readonly createdAt: number;
  readonly dueAt: number;
  /** Grows with each lease: it fences. */
  readonly attempt: number;
  readonly holder: Process | undefined;
}

const LEASE_MS = 10_000;
/** Longer than any story: whatever is due wakes the loops. */
const NEVER_MS = 2 ** 31 - 1;

interface StoreOptions {
  readonly world: World;
  readonly tell: (what: string) => void;
}

/** The store that the processes of a story share, in memory, by the story's clock. It does what the stores' port asks for. */
export class Store {
  readonly world: World;
  /** Every row that was ever stored, by `id`: the last one is how it stands. */
  readonly history = new Map<string, Row[]>();
  /** What was noted of each row, and when it was stored. */
  readonly journals = new Map<string, (StoredJournalEntry & { readonly storedAt: number })[]>();
  readonly #tell: (what: string) => void;
  readonly #stores = new Set<StoryStore>();
  #wakes = 0;
  lapsed = 0;

  constructor({ world, tell }: StoreOptions) {
    this.world = world;
    this.#tell = tell;
  }

  get(id: string): Row | undefined {
    return this.history.get(id)?.at(-1);
  }

  rows(): Row[] {
    return [...this.history.values()].map((rows) => rows.at(-1)!);
  }

  /** Whether nothing waits or is worked on. */
  get isQuiet(): boolean {
    return this.rows().every(({ status }) => status !== 'waiting' && status !== 'active');
  }

  put(
    change: Omit<Row, 'at' | 'data'> & { readonly data: unknown },
    what: string,
    journal?: readonly JournalEntry[],
  ): void {
    const noted = this.journals.get(change.id) ?? [];
    const { entries } = chained(change.id, noted.at(-1) ?? EMPTY_JOURNAL, journal);
    this.journals.set(change.id, [...noted, ...entries.map((entry) => ({ ...entry, storedAt: this.world.now }))]);
    // A store keeps text.
    const data = JSON.parse(JSON.stringify(change.data)) as DurableOrderData;
    const row: Row = { ...change, data, at: this.world.now };
    const rows = this.history.get(row.id) ?? [];
    this.history.set(row.id, rows);
    rows.push(row);
    const { kind } = data.state;
    const end = data.end === undefined ? '' : `, end ${data.end}`;
    this.#tell(`store: ${what}: ${row.status}, ${kind}${data.outcome ? ` ${data.outcome.kind}` : ''}${end}`);
    for (const entry of entries)
      this.#tell(`store: noted: ${entry.kind} ${JSON.stringify(entry.fields).slice(0, 200)}`);
    if (row.status === 'waiting')
      this.world.in(row.dueAt - this.world.now, () => {
        this.wake();
      });
  }

  /** Whoever looks first takes it: another process each time. */
  wake(): void {
    this.#wakes += 1;
    const stores = [...this.#stores];
    for (const index of stores.keys()) stores[(index + this.#wakes) % stores.length]!.wake();
  }

  join(store: StoryStore): void {
    this.#stores.add(store);
  }

  leave(store: StoryStore): void {
    this.#stores.delete(store);
  }

  take(limit: number, holder: Process): Row[] {
    const isDue = ({ status, dueAt }: Row): boolean => status === 'waiting' && dueAt <= this.world.now;
    return this.rows()
      .filter(isDue)
      .slice(0, limit)
      .map((row) => {
        this.put({ ...row, status: 'active', attempt: row.attempt + 1, holder }, `taken by ${holder.name}`);
        return this.get(row.id)!;
      });
  }

  /** A worker without a sign of life for so long has lost what it had. */
  lapseLater(isLapsed: (row: Row) => boolean, isStill: () => boolean): void {
    this.world.in(LEASE_MS, () => {
      if (!isStill()) return;
      for (const row of this.rows()) {
        if (row.status !== 'active' || !isLapsed(row)) continue;
        this.lapsed += 1;
        this.put({ ...row, status: 'waiting', dueAt: this.world.now, holder: undefined }, 'the lease lapses');
      }
    });
  }

  outOfTouch(process: Process): void {
    this.lapseLater(
      ({ holder }) => holder === process,
      () => !process.isAlive || process.standingStill > 0 || this.world.now < process.awayUntil,
    );
  }
}

type Taken = Row;

/** A process's way to the store. */
export class StoryStore implements OrderStore {
  readonly #store: Store;
  readonly #process: Process;
  readonly #heard: () => number;
  #loop: LeaseLoop<Taken> | undefined;

  /** @param heard how much the keeper of the truth has noted so far. */
  constructor(store: Store, process: Process, heard: () => number) {
    this.#store = store;
    this.#process = process;
    this.#heard = heard;
  }

  open(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.#loop?.stop();
    this.#store.leave(this);
    this.#loop = undefined;
  }

  wake(): void {
    if (this.#process.isAlive) this.#loop?.wake();
  }

  process(
    handler: OrderHandler,
    options: { concurrency: number; onProblem: (error: Error, id?: string) => void },
  ): Promise<void> {
    if (this.#loop) return Promise.reject(storeInUse());
    const store = this.#store;
    const process = this.#process;
    this.#loop = new LeaseLoop<Taken>({
      ...options,
      pollMs: NEVER_MS,
      touchMs: NEVER_MS,
      handler: async (lease) => {
        const { attempt } = store.get(lease.id)!;
        try {
          return await doing.run({ kind: 'lease', id: lease.id, attempt, heardFrom: this.#heard() }, () =>
            handler(lease),
          );
        } catch (error) {
          this.#abandon(lease.id, attempt);
          throw error;
        }
      },
      take: async (limit) => {
        let taken: Row[] = [];
        try {
          return await process.reach('take', () => (taken = store.take(limit, process)));
        } catch (error) {
          for (const { id, attempt } of taken) this.#abandon(id, attempt);
          throw error;
        }
      },
      touch: () => Promise.resolve(),
      save: (taken, data, journal, family) =>
        process.reach('save', () => {
          family?.check([], undefined); // no story has a durable refund
          store.put({ ...this.#held(taken), data }, `saved by ${process.name}`, journal);
        }),
      resolve: async (taken, verdict) => {
        try {
          await process.reach('resolve', () => {
            this.#resolve(this.#held(taken), verdict);
          });
        } catch (error) {
          this.#abandon(taken.id, taken.attempt);
          throw error;
        }
      },
    });
    store.join(this);
    this.#loop.start();
    return Promise.resolve();
  }

  #held({ id, attempt }: Taken): Row {
    const row = this.#store.get(id);
    if (row?.status !== 'active' || row.attempt !== attempt) throw new LeaseLostError(id);
    return row;
  }

  #resolve(row: Row, verdict: Verdict): void {
    const given = { ...row, holder: undefined, data: verdict.data as DurableOrderData };
    const by = `resolved by ${this.#process.name}`;
    if (verdict.kind === 'again') {
      const dueAt = this.#store.world.now + verdict.delayMs;
      this.#store.put({ ...given, status: 'waiting', dueAt }, by, verdict.journal);
    } else this.#store.put({ ...given, status: verdict.kind }, by, verdict.journal);
  }

  /** What is no longer held is no longer told to be alive. */
  #abandon(id: string, attempt: number): void {
    this.#store.lapseLater(
      (row) => row.id === id && row.attempt === attempt,
      () => true,
    );
  }

  enqueue(
    id: string,
    given: DurableData,
    delayMs: number,
    { journal }: StoreEnqueueOptions = {},
  ): Promise<'enqueued' | 'duplicate'> {
    const data = given as DurableOrderData;
    return this.#process.reach('enqueue', () => {
      if (this.#store.get(id)) return 'duplicate';
      const { now } = this.#store.world;
      const row = { id, data, status: 'waiting' as const, createdAt: now, dueAt: now + delayMs, attempt: 0 };
      this.#store.put({ ...row, holder: undefined }, 'enqueued', journal);
      return 'enqueued';
    });
  }

  reschedule(id: string, delayMs: number | ((row: DurableOrder) => number)): Promise<boolean> {
    return this.#change('reschedule', id, isOpen, (row) => {
      const delay = typeof delayMs === 'number' ? delayMs : delayMs(toDurableOrder(row));
      return [{ ...row, dueAt: this.#store.world.now + delay }];
    });
  }

  amend(id: string, change: (row: DurableOrder) => Amendment | undefined): Promise<boolean> {
    return this.#change('amend', id, mayChange, (row) => {
      const next = change(toDurableOrder(row));
      if (!next) return undefined;
      const data = next.data as DurableOrderData;
      return [{ ...row, data, dueAt: this.#store.world.now + next.delayMs }, next.journal];
    });
  }

  cancel(id: string, journal?: readonly JournalEntry[]): Promise<boolean> {
    return this.#change('cancel', id, mayChange, (row) => [{ ...row, status: 'cancelled' }, journal]);
  }

  redrive(
    id: string,
    from: readonly ReopenedStatus[],
    change: (row: DurableOrder) => Omit<Amendment, 'delayMs'> | undefined,
  ): Promise<boolean> {
    const isChangeable = (row: Row): boolean => (from as readonly string[]).includes(standingOf(row));
    return this.#change('redrive', id, isChangeable, (row) => {
      const next = change(toDurableOrder(row));
      if (!next) return undefined;
      const data = next.data as DurableOrderData;
      return [{ ...row, data, status: 'waiting', dueAt: this.#store.world.now }, next.journal];
    });
  }

  note(): Promise<boolean> {
    throw new Error('No story notes anything by itself.');
  }

  #change(
    place: 'reschedule' | 'amend' | 'cancel' | 'redrive',
    id: string,
    isChangeable: (row: Row) => boolean,
    change: (row: Row) => [row: Row, journal?: readonly JournalEntry[] | undefined] | undefined,
  ): Promise<boolean> {
    return this.#process.reach(place, () => {
      const row = this.#store.get(id);
      const next = row && isChangeable(row) ? change(row) : undefined;
      if (!next) return false;
      this.#store.put(next[0], place, next[1]);
      return true;
    });
  }

  get(id: string): Promise<DurableOrder | undefined> {
    return this.#process.reach('get', () => {
      const row = this.#store.get(id);
      return row && toDurableOrder(row);
    });
  }

  list({ status, limit = 100 }: StoreFilter): Promise<DurableOrder[]> {
    const statuses = status === undefined ? undefined : [status].flat();
    const rows = this.#store.rows().filter((row) => !statuses || statuses.includes(row.status));
    return this.#process.reach('get', () => rows.slice(0, limit).map(toDurableOrder));
  }

  find(): Promise<DurableOrder[]> {
    throw new Error('No story looks for a number.');
  }

  counts(): Promise<DurableOrderCounts> {
    throw new Error('No story counts.');
  }

  journal(): Promise<StoredJournalEntry[]> {
    throw new Error('No story reads the journal.');
  }

  prune(): Promise<{ orders: number; journal: number }> {
    throw new Error('No story lasts for a month.');
  }
}

/** How it stands; of one that waits, whether it has an outcome that nobody was told yet. */
function standingOf({ status, data }: Row): ReopenedStatus | 'active' {
  if (status !== 'waiting') return status;
  return outcomeOf(data) ? 'untold' : 'open';
}

function outcomeOf(data: DurableOrderData): unknown {
  return data.outcome ?? (data.state as { outcome?: unknown }).outcome;
}

function isOpen(row: Row): boolean {
  return standingOf(row) === 'open';
}

/** Nothing is decided. */
function mayChange(row: Row): boolean {
  return isOpen(row) && row.data.state.kind === 'asking';
}

function toDurableOrder({ id, data, status, createdAt, dueAt, at }: Row): DurableOrder {
  const hasEnded = status !== 'waiting' && status !== 'active';
  return {
    id,
    ...(JSON.parse(JSON.stringify(data)) as DurableOrderData),
    status,
    createdAt: new Date(createdAt),
    ...(status === 'waiting' && { dueAt: new Date(dueAt) }),
    ...(hasEnded && { endedAt: new Date(at) }),
  };
}
