import type { Asked } from './asking.js';
import type { Reconciled } from './reconciling.js';

export interface Enqueued {
  readonly name: string;
  readonly atOnce: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

export interface Resolved {
  readonly name: string;
  readonly workers: number;
  readonly perSecond: number;
  readonly workerCpuMs: number;
  readonly gatewayCpuMs: number;
  /** The share of the processors' time in which they worked: what bounds it, where that is all of it. */
  readonly busy: number;
  /** What a resolved one takes on the disk; NaN where that is not known. */
  readonly bytes: number;
}

export interface Takeover {
  readonly name: string;
  readonly rounds: number;
  /** From the kill to the end of each open order, sorted. */
  readonly seconds: readonly number[];
}

export interface Fairness {
  /** Of a merchant of whom nothing is answered. */
  readonly hanging: number;
  /** Of another one, that came later. */
  readonly fresh: number;
  /** Until these are done. */
  readonly seconds: number;
}

export interface Results {
  /** The median time of an INSERT of a row by PostgreSQL's client alone, flushed to the same disk. */
  readonly bareInsertMs: number;
  readonly reconciled: Reconciled;
  readonly enqueued: readonly Enqueued[];
  readonly resolved: readonly Resolved[];
  readonly takeovers: readonly Takeover[];
  readonly asked: readonly Asked[];
  /** What one that has ended takes of PostgreSQL's disk where there are very many. */
  readonly bytes: { readonly row: number; readonly journal: number };
  readonly fairness: Fairness;
  /** For how long the event loop of a process with an embedded store was held up, at the most. */
  readonly stallMs: number;
  readonly load: number;
  readonly startedAt: Date;
  readonly machine: string;
  readonly orders: number;
  readonly inHand: number;
  /** PostgreSQL's, that are named. */
  readonly settings: Readonly<Record<string, string | number>>;
}
