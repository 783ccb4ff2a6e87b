import { Lanes } from './lanes.js';
import type { DurableData, JournalEntry, OrderHandler, ParentCheck, ProblemListener, Verdict } from './store.js';

/** What a store brings to a {@link LeaseLoop}. */
export interface LeaseLoopOptions<Taken> {
  /** See {@link Lanes}. */
  readonly concurrency: number;
  readonly handler: OrderHandler;
  readonly onProblem: ProblemListener;
  /** How often it looks for what is due, with nothing to do. */
  readonly pollMs: number;
  /** How often what is held is told to be alive. */
  readonly touchMs: number;
  /** Takes at most `limit` of what is due, the oldest first, and none of the merchants in `except`. */
  readonly take: (limit: number, except: readonly string[]) => Promise<Taken[]>;
  readonly touch: (taken: Taken[]) => Promise<void>;
  /** @throws {LeaseLostError} or what the check throws. */
  readonly save: (
    taken: Taken,
    data: DurableData,
    journal: readonly JournalEntry[],
    parent: ParentCheck | undefined,
  ) => Promise<void>;
  /** @throws {LeaseLostError} */
  readonly resolve: (taken: Taken, verdict: Verdict) => Promise<void>;
}

/** What is leased, as far as the loop has to know it. */
interface Held {
  readonly id: string;
  readonly data: DurableData;
  readonly parentId?: string;
}

/** What it was last looked for. */
interface Look {
  /** The merchants that had their share, and were passed over. */
  readonly full: readonly string[];
  /** Nobody else had anything due: it is not looked for again until then. */
  nobodyElseUntil: number;
  /** Since the look began, one of them has room again, or something is due. */
  isStale: boolean;
}

/** Looking past the merchants that have their share reads all that they have waiting: it may take a tenth of the time. */
const SELDOM = 10;
/** However long a look takes, as in a database that stands still: others do not wait for longer. */
const LONGEST_MS = 5000;

/**
 * Takes what is due and hands it out, so many at a time, and the next as soon as one is ready.
 *
 * pg-boss's own workers take a batch and wait for the slowest of it, or one job at each poll.
 */
export class LeaseLoop<Taken extends Held> {
  readonly #options: LeaseLoopOptions<Taken>;
  readonly #stopping = new AbortController();
  readonly #held = new Map<Taken, Promise<void>>();
  readonly #lanes: Lanes;
  #isAwake = false;
  #wake: () => void = () => undefined;
  /** More may be due than there was room for. */
  #isShortOfRoom = false;
  #lastLook: Look = { full: [], nobodyElseUntil: 0, isStale: false };
  #running: Promise<void> = Promise.resolve();
  #touching: NodeJS.Timeout | undefined;

  constructor(options: LeaseLoopOptions<Taken>) {
    this.#options = options;
    this.#lanes = new Lanes(options.concurrency);
  }

  start(): void {
    this.#running = this.#takeOn();
    this.#touching = setInterval(() => void this.#touch(), this.#options.touchMs);
  }

  /** Something is due. */
  wake(): void {
    this.#lastLook.isStale = true;
    this.#goOn();
  }

  /** Takes no more, tells the handlers to stop, and waits for them. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#running;
    clearInterval(this.#touching);
  }

  async #takeOn(): Promise<void> {
    const { pollMs, onProblem } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#isAwake = false;
      try {
        await this.#takeAll();
        await this.#pause(pollMs);
      } catch (error) {
        onProblem(error as Error);
        this.#isAwake = false;
        await this.#pause(1000);
      }
    }
    await Promise.all(this.#held.values());
  }

  /** Takes as much as there is, or as there is room for. */
  async #takeAll(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const { limit, full } = this.#lanes.room();
      this.#isShortOfRoom = limit === 0 || full.length > 0;
      const startedAt = performance.now();
      const { nobodyElseUntil, isStale } = this.#lastLook;
      if (limit === 0 || (full.length > 0 && !isStale && startedAt < nobodyElseUntil)) return;
      const look: Look = { full, nobodyElseUntil: 0, isStale: false };
      this.#lastLook = look;
      const taken = await this.#options.take(limit, full);
      for (const one of taken) this.#hold(one);
      if (taken.length === limit) continue;
      const now = performance.now();
      const pauseMs = Math.min(SELDOM * (now - startedAt), LONGEST_MS);
      look.nobodyElseUntil = now + Math.max(this.#options.pollMs, pauseMs);
      return;
    }
  }

  #hold(taken: Taken): void {
    const { merchantId } = taken.data;
    this.#lanes.take(merchantId);
    this.#held.set(
      taken,
      this.#handle(taken).finally(() => {
        this.#held.delete(taken);
        this.#lanes.free(merchantId);
        if (this.#lastLook.full.includes(merchantId)) this.#lastLook.isStale = true;
        if (this.#isShortOfRoom) this.#goOn();
      }),
    );
  }

  // Whatever goes wrong: what is no longer held is no longer told to be alive, so that its lease lapses.
  async #handle(taken: Taken): Promise<void> {
    const { handler, onProblem, save, resolve } = this.#options;
    const { id, data, parentId } = taken;
    try {
      const { signal } = this.#stopping;
      // Stopped while it was taken: it is returned.
      const verdict: Verdict = signal.aborted
        ? { kind: 'again', data, delayMs: 0 }
        : await handler({
            id,
            data,
            ...(parentId !== undefined && { parentId }),
            signal,
            save: (next, journal = [], parent) => save(taken, next, journal, parent),
          });
      await resolve(taken, verdict);
      if (verdict.kind !== 'again') verdict.onStored?.();
      else if (verdict.delayMs === 0) this.wake();
    } catch (error) {
      onProblem(error as Error, id);
    }
  }

  async #touch(): Promise<void> {
    const { touch, onProblem } = this.#options;
    if (this.#held.size > 0) await touch([...this.#held.keys()]).catch(onProblem);
  }

  #goOn(): void {
    this.#isAwake = true;
    this.#wake();
  }

  /** Until there is something to do, or the time is over. */
  async #pause(ms: number): Promise<void> {
    if (this.#isAwake || this.#stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
