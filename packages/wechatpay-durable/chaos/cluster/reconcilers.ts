import type { MerchantDay } from '../workload/statement-days.js';
import type { Reconciliation } from '../../src/index.js';
import type { ClusterProcess } from './cluster-process.js';
import type { ReconcileMessage, ReconcileTask } from './reconcile.js';

/** A day that a worker was told to reconcile, and what came of it. */
export interface Attempt extends MerchantDay {
  readonly by: string;
  /** The worker has said that it begins. */
  readonly hasBegun: boolean;
  /** Undefined as long as it is at it. */
  readonly end?: 'reconciled' | 'failed' | 'died';
  readonly result?: Reconciliation;
  /** Why it failed. */
  readonly code?: string;
  readonly message?: string;
}

/** An attempt under way: both promises come, whatever becomes of the worker. */
export interface Asked {
  readonly attempt: Attempt;
  readonly begun: Promise<void>;
  readonly ended: Promise<Attempt>;
}

interface Open {
  readonly attempt: { -readonly [Name in keyof Attempt]: Attempt[Name] };
  readonly begin: () => void;
  readonly finish: () => void;
}

/** Has workers reconcile days, and keeps what each came to. */
export class Reconcilers {
  readonly attempts: Attempt[] = [];
  readonly #open = new Map<number, Open>();
  #count = 0;

  ask(worker: ClusterProcess, { merchantId, date }: MerchantDay): Asked {
    const task = (this.#count += 1);
    const attempt: Open['attempt'] = { by: worker.process, merchantId, date, hasBegun: false };
    this.attempts.push(attempt);
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const ended = new Promise<Attempt>((resolve) => {
      this.#open.set(task, {
        ...{ attempt, begin },
        finish: () => {
          this.#open.delete(task);
          begin();
          resolve(attempt);
        },
      });
    });
    worker.send({ kind: 'reconcile', task, merchantId, date } satisfies ReconcileTask);
    return { attempt, begun, ended };
  }

  /** A worker has begun, or has come to an end of it. */
  onMessage({ kind, task, ...came }: ReconcileMessage): void {
    const open = this.#open.get(task);
    if (!open) return;
    if (kind === 'reconciling') {
      open.attempt.hasBegun = true;
      open.begin();
      return;
    }
    Object.assign(open.attempt, { ...came, end: came.result ? 'reconciled' : 'failed' });
    open.finish();
  }

  /** A worker was killed. */
  onEnd(by: string): void {
    for (const { attempt, finish } of this.#open.values()) {
      if (attempt.by !== by) continue;
      attempt.end = 'died';
      finish();
    }
  }

  /** Nobody is at a day. */
  get areDone(): boolean {
    return this.#open.size === 0;
  }
}
