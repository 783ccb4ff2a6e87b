import type { OverloadReason } from '../../errors.js';
import type { KnownLimit } from './known-limit.js';
import { LearntLimit } from './learnt-limit.js';
import { ServiceTime } from './service-time.js';

/** A call in the queue: one of its two functions is called, once. */
export interface WaitingCall {
  readonly lane: Lane;
  /** By the stopwatch. */
  readonly enteredAt: number;
  readonly leave: (flight: Flight) => void;
  readonly refuse: (refusal: Refusal | 'closed') => void;
  /** The limiter is being asked about it. */
  isAsking: boolean;
}

/** A call that has left: a connection is its own until it ends. */
export interface Flight {
  readonly lane: Lane;
  readonly leftAt: number;
  /** Sent while the circuit is open, to find out whether the gateway answers again. */
  readonly isProbe: boolean;
}

/** Why a call was not sent, and when another try makes sense. */
export interface Refusal {
  readonly reason: OverloadReason;
  readonly retryAfterMs: number;
}

/** The calls of one operation of one merchant: they leave in order, and are slowed down together. */
export class Lane {
  /** In order of arrival. */
  readonly waiting = new Set<WaitingCall>();
  /** How many of those that wait the limiter is being asked about. */
  asking = 0;
  inFlight = 0;
  /** The limiter has said since when, and for how long, no call leaves. */
  #pausedAt = 0;
  #pausedMs = 0;
  readonly learnt = new LearntLimit();
  readonly serviceTime = new ServiceTime();

  constructor(
    /** `sub_mch_id`, or `mch_id` where there is none. */
    readonly merchantId: string,
    /** The operation's path. */
    readonly operation: string,
    /** Goes before new payments: an order in doubt matters more than the next sale. */
    readonly isUrgent: boolean,
    /** Shared by all merchants of the client. */
    readonly known: KnownLimit | undefined,
  ) {}

  get isIdle(): boolean {
    return this.waiting.size === 0 && this.inFlight === 0;
  }

  /** In how many milliseconds its next call may leave, where a connection is free; 0: now. */
  readyInMs(now: number): number {
    // A clock that was set back must not stop the calls for as long.
    const pauseMs = now < this.#pausedAt ? 0 : this.#pausedAt + this.#pausedMs - now;
    return Math.max(this.known?.readyInMs(now) ?? 0, this.learnt.readyInMs(now), pauseMs, 0);
  }

  pause(ms: number, now: number): void {
    this.#pausedAt = now;
    this.#pausedMs = ms;
  }
}
