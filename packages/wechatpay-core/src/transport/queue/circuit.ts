/** So many calls in a row, of all operations, without an answer to any, open the circuit. */
const FAILURES_TO_OPEN = 5;
/** While it is open, a call is let through each second; after half a minute, each thirtieth of the outage's length. */
const PROBE_EVERY_MS = 1_000;
const PROBE_AT_MOST_EVERY_MS = 10_000;
const SHARE_OF_OUTAGE = 1 / 30;

/** `no-connection`: hosts cannot be reached. `no-answer`: calls leave, and nothing comes back. */
export type CircuitReason = 'no-connection' | 'no-answer';

/** Whether the gateway answers. `half-open`: it did not, and a call is under way that finds out. */
export interface CircuitState {
  readonly state: 'closed' | 'open' | 'half-open';
  /** Why it is not closed. */
  readonly reason?: CircuitReason;
  /** For how long it has not been closed, in milliseconds. */
  readonly forMs?: number;
}

/** Keeps calls from a gateway that answers nobody, but for one now and then, which finds out when it does again. */
export class Circuit {
  #failures = 0;
  #reason: CircuitReason | undefined;
  #openedAt = 0;
  #probedAt = 0;
  #probes = 0;

  get isClosed(): boolean {
    return this.#reason === undefined;
  }

  state(now: number): CircuitState {
    if (this.#reason === undefined) return { state: 'closed' };
    const state = this.#probes > 0 ? 'half-open' : 'open';
    return { state, reason: this.#reason, forMs: Math.max(0, now - this.#openedAt) };
  }

  /**
   * In how many milliseconds a call may go out as a probe; 0: now. A query or a reversal may in half of the time: lost, it costs
   * no order in doubt.
   */
  probeInMs(now: number, isUrgent: boolean): number {
    const sinceMs = now - this.#probedAt;
    if (sinceMs < 0) return 0; // the clock was set back
    const everyMs = Math.min(
      Math.max((now - this.#openedAt) * SHARE_OF_OUTAGE, PROBE_EVERY_MS),
      PROBE_AT_MOST_EVERY_MS,
    );
    return Math.max(0, (isUrgent ? everyMs / 2 : everyMs) - sinceMs);
  }

  probeLeft(now: number): void {
    this.#probedAt = now;
    this.#probes += 1;
  }

  probeEnded(): void {
    this.#probes = Math.max(0, this.#probes - 1);
  }

  /** @returns whether that closed it. */
  answered(): boolean {
    this.#failures = 0;
    if (this.isClosed) return false;
    this.#reason = undefined;
    this.#probes = 0;
    return true;
  }

  /** @returns whether that opened it. */
  failed(reason: CircuitReason, now: number): boolean {
    this.#failures += 1;
    if (!this.isClosed || this.#failures < FAILURES_TO_OPEN) return false;
    this.#reason = reason;
    this.#openedAt = this.#probedAt = now;
    return true;
  }
}
