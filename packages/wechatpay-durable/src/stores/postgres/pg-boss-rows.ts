import type { JobWithMetadata } from 'pg-boss';
import type { DurableOrder, DurableOrderData, DurableOrderStatus } from '../store.js';

export type Job = Pick<
  JobWithMetadata<DurableOrderData>,
  'id' | 'data' | 'state' | 'createdOn' | 'startAfter' | 'completedOn'
>;

export const WAITS = `state IN ('created', 'retry')`;
/** Of one that is open, the outcome that `onResolved` has not taken yet. */
export const OUTCOME = `COALESCE(data->'outcome', data #> '{state,outcome}')`;
/** How many ends it has had. */
export const ENDS = `COALESCE((data->>'end')::int, 0)`;
export const NO_OUTCOME = `${WAITS} AND ${OUTCOME} IS NULL`;
// pg-boss's own cancel would also take it away from a worker that is about to reverse.
export const MAY_CHANGE =
  `${NO_OUTCOME} AND (data #>> '{state,kind}' = 'asking' ` +
  // As versions before 0.1 stored it.
  `OR (data #> '{state,kind}' IS NULL AND data #> '{state,mustRevoke}' = 'false'::jsonb))`;

export const STATUSES: Record<Job['state'], DurableOrderStatus> = {
  created: 'waiting',
  retry: 'waiting',
  active: 'active',
  completed: 'done',
  failed: 'dead',
  cancelled: 'cancelled',
};

export const STATES: Record<DurableOrderStatus, readonly Job['state'][]> = {
  waiting: ['created', 'retry'],
  active: ['active'],
  done: ['completed'],
  dead: ['failed'],
  cancelled: ['cancelled'],
};

export function toDurableOrder({ id, data, state, createdOn, startAfter, completedOn }: Job): DurableOrder {
  const status = STATUSES[state];
  return {
    id,
    ...data,
    status,
    createdAt: new Date(createdOn),
    ...(status === 'waiting' && { dueAt: new Date(startAfter) }),
    ...(completedOn && { endedAt: new Date(completedOn) }),
  };
}

/** As PostgreSQL reads an interval: by its own clock, whatever this process's says. */
export function after(delayMs: number): string {
  return `${Math.max(0, delayMs)} milliseconds`;
}
