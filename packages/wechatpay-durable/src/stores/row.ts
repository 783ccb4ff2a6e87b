import type { JournalHead } from './journal.js';
import type { DurableData, DurableOrderStatus, DurableRow } from './store.js';

/** A row as each store reads it: texts and times in milliseconds since 1970, which PostgreSQL 13 computes in floating point. */
interface KeptRow {
  readonly id: string;
  /** The data, as JSON. */
  readonly json: string;
  readonly status: DurableOrderStatus;
  readonly createdAt: number;
  readonly dueAt: number;
  readonly endedAt: number | undefined;
  readonly parentId: string | undefined;
  readonly head: JournalHead;
}

/** A row as a store gives it. */
export function rowOf({ id, json, status, createdAt, dueAt, endedAt, parentId, head }: KeptRow): DurableRow {
  return {
    ...(JSON.parse(json) as DurableData),
    id,
    status,
    createdAt: new Date(Math.round(createdAt)),
    ...(status === 'waiting' && { dueAt: new Date(Math.round(dueAt)) }),
    ...(endedAt !== undefined && { endedAt: new Date(Math.round(endedAt)) }),
    ...(parentId !== undefined && { parentId }),
    journalHead: { ...head },
  };
}
