import type { CircuitState } from './circuit.js';
import type { QueueClock } from './clock.js';

/**
 * Whether a call may leave, asked before each: across processes, for example. 0: it may. A number above 0: ask again in so many
 * milliseconds. Where it throws, the call leaves: a limiter that is down must not stop payments.
 */
export type CallLimiter = (call: {
  readonly merchantId: string;
  readonly operation: string;
}) => number | Promise<number>;

export interface CallQueueOptions {
  /** Calls under way at once. */
  readonly maxConnections: number;
  /** Calls that wait. */
  readonly maxQueued: number;
  /** Of a whole call, waiting included. */
  readonly timeoutMs: number;
  /** Calls a second by operation, where a limit is known. */
  readonly limits?: ReadonlyMap<string, number> | undefined;
  readonly limiter?: CallLimiter | undefined;
  readonly clock?: QueueClock | undefined;
  readonly onChange?: ((change: QueueChange) => void) | undefined;
}

/** The circuit opened or closed; an operation of a merchant was slowed down; the limiter threw. */
export type QueueChange =
  | ({ readonly kind: 'circuit' } & CircuitState)
  | ({ readonly kind: 'throttled' } & ThrottledOperation)
  | { readonly kind: 'limiter-failed'; readonly error: unknown };

export interface ThrottledOperation {
  readonly merchantId: string;
  readonly operation: string;
  readonly perSecond: number;
}

/** How a call ended. `throttled`: an answer that refuses for frequency. `abandoned`: by the caller; says nothing of the gateway. */
export type FlightEnd = 'answered' | 'throttled' | 'no-answer' | 'no-connection' | 'abandoned';

/** What a queue does at the moment. */
export interface QueueState {
  readonly inFlight: number;
  readonly waiting: number;
  readonly circuit: CircuitState;
  /** The mean and the slowest of the last answers, in milliseconds; undefined where there are none. */
  readonly typicalMs: number | undefined;
  readonly slowestMs: number | undefined;
  readonly throttled: readonly ThrottledOperation[];
}
