import { setTimeout as sleep } from 'node:timers/promises';
import { DurableOrdersError } from './errors.js';
import type { DurableOrder } from './stores/store.js';
import { mayHoldMoney, isProven, outcomeOf } from './ends.js';

interface LateAnswerOptions {
  readonly find: () => Promise<DurableOrder | undefined>;
  /** Takes its next step now. @returns false where it does not wait. */
  readonly hasten: () => Promise<boolean>;
  /** Opens it again, to return whatever was paid. */
  readonly reverse: () => Promise<unknown>;
  /** Aborted when this process stops: one try more, and no other. */
  readonly signal: AbortSignal;
  readonly onGivenUp: (cause: unknown) => void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

/**
 * After an answer that may mean money, and that nobody has stored: an order that is open is asked for at once, and one whose durable order
 * has ended, as if nothing could be paid, is opened again. Tries until the store says so.
 */
export async function lookAfter(options: LateAnswerOptions): Promise<void> {
  const { signal, onGivenUp } = options;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    const isLast = signal.aborted;
    try {
      if (await isLookedAfter(options)) return;
      if (isLast) throw new DurableOrdersError('WECHATPAY_ORDER_BUSY', 'A worker had it until the end.');
    } catch (cause) {
      if (isLast) {
        onGivenUp(cause);
        return;
      }
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

async function isLookedAfter({ find, hasten, reverse }: LateAnswerOptions): Promise<boolean> {
  if (await hasten()) return true;
  const stored = await find();
  if (stored?.status === 'active') return false; // its worker may have asked before the payment was there
  const outcome = stored && outcomeOf(stored);
  if (stored?.status === 'waiting' && !outcome) return false; // it came back just now
  // Somebody knows of the money, there is none, or a person looks at it anyway.
  if (outcome && (outcome.kind === 'paid' || !isProven(outcome) || !mayHoldMoney(outcome))) return true;
  await reverse();
  return true;
}
