import type { ResolutionError } from 'wechatpay-core';
import { again } from './ends.js';
import { DurableOrdersError } from './errors.js';
import { publish } from './events.js';
import { entry } from './journal/entries.js';
import type { DurableData, Verdict } from './stores/store.js';

/**
 * Until a row is looked at again that this worker cannot take on: soon at first, or the worker that can would ask too seldom
 * for the rule of unclear answers; later, as long as no worker has taken it on.
 */
const LEAVE_MS = 5_000;
const LONGEST_LEAVE_MS = 60_000;
/** A state that no worker can read for so long is told as unresolved. */
const UNREADABLE_MS = 7 * 24 * 60 * 60 * 1000;

interface Leaving<Data extends DurableData> {
  readonly id: string;
  readonly data: Data;
  readonly error: ResolutionError;
  readonly now: number;
  /** When nobody is waited for any more; where that is not known, 7 days after it was left first. */
  readonly until: unknown;
  readonly delay: (until: number, now: number) => number;
  /** Tells a person. */
  readonly giveUp: () => Promise<Verdict>;
}

/** To a worker that knows what to do with it; where none comes in time, to a person. */
export async function leave<Data extends DurableData>(leaving: Leaving<Data>): Promise<Verdict> {
  const { id, data, error, now, until, delay, giveUp } = leaving;
  const what = data.kind === 'refund' ? 'Durable refund' : 'Durable order';
  const message = `${what} ${id} is left to another worker: ${error.message}`;
  publish({ kind: 'problem', id, error: new DurableOrdersError('WECHATPAY_LEFT_TO_ANOTHER', message) });
  const { unreadableSince = now } = data;
  if ((Number.isFinite(until) ? Number(until) : unreadableSince + UNREADABLE_MS) <= now) return giveUp();
  const leaveMs = Math.min(Math.max(LEAVE_MS, now - unreadableSince), LONGEST_LEAVE_MS);
  // Not on the beat of its own polling: it would be due just before this worker looks again, and never go to another.
  const journal = data.unreadableSince === undefined ? [entry('left', now, { reason: error.message })] : [];
  const delayMs = delay(leaveMs * (0.5 + Math.random()), 0);
  return again({ ...data, unreadableSince }, delayMs, journal);
}

/** Why this worker cannot take a row on: it has no client of the merchant. */
export function noClient(merchantId: string): ResolutionError {
  return {
    code: 'WECHATPAY_INVALID_CONFIG',
    outcome: 'not-sent',
    message: `Merchant ${merchantId} has no client here.`,
  };
}

/** Why this worker cannot take a row on: its state is of another version. */
export function unreadable(error: unknown): ResolutionError {
  return { code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', message: (error as Error).message };
}
