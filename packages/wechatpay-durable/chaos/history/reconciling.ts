import type { Movement } from 'wechatpay-sandbox';
import type { Reconciliation } from '../../src/index.js';
import type { Leftovers } from '../cluster/databases/claims.js';
import type { Attempt } from '../cluster/reconcilers.js';
import type { Interrupted } from '../nemesis/interrupt-reconcilers.js';
import type { ReconciledDay } from '../workload/reconcile-days.js';

/** What was recorded of reconciling, before the history was collected. */
export interface Reconciling extends Interrupted {
  /** When all orders had ended, and the last day was over; real time. */
  readonly beganAt: number;
  /** The ledger as it was then. */
  readonly movements: readonly Movement[];
  /** Each, in the order in which they were begun; so many of them before then. */
  readonly attempts: readonly Attempt[];
  readonly amidFaults: number;
  /** What those that were killed had left; undefined of a folder, where nobody can look. */
  readonly leftByKilled: Leftovers | undefined;
  readonly days: readonly ReconciledDay[];
}

/** And what was found when all processes had stopped. */
export interface ReconcilingHistory extends Omit<Reconciling, 'days'> {
  readonly days: readonly (ReconciledDay & { readonly stored: Reconciliation | undefined })[];
  readonly movementsAfter: readonly Movement[];
  readonly left: Leftovers;
}
