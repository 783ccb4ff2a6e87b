import type { DurableOrder, DurableOrderData, DurableOrderStatus, ReopenedStatus } from '../store.js';

export const STATUSES = ['waiting', 'active', 'done', 'dead', 'cancelled'] as const;

export const REOPENED_KEYS: Record<ReopenedStatus, string> = {
  open: 'open',
  untold: 'untold',
  done: 'completed',
  dead: 'failed',
  cancelled: 'orders:cancelled',
};

export type Row = readonly [
  id: string,
  status: DurableOrderStatus,
  data: string,
  createdAt: string,
  dueAt: string,
  endedAt: string,
];
export type CountsReply = readonly [number, number, number, number, number, string];

export function toStored([id, status, json, createdAt, dueAt, endedAt]: Row): DurableOrder {
  const data = JSON.parse(json) as DurableOrderData;
  return {
    ...data,
    id,
    status,
    createdAt: new Date(Number(createdAt)),
    ...(status === 'waiting' && dueAt !== '' && { dueAt: new Date(Number(dueAt)) }),
    ...(endedAt !== '' && { endedAt: new Date(Number(endedAt)) }),
  };
}

/** The shortest index that has all of these. */
export function indexOf(statuses: readonly DurableOrderStatus[]): 'open' | 'dead' | 'all' {
  if (statuses.every((status) => status === 'waiting' || status === 'active')) return 'open';
  return statuses.every((status) => status === 'dead') ? 'dead' : 'all';
}
