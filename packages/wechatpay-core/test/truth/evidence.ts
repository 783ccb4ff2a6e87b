import type { ResolutionOutcome, ResolutionState, WechatPayError } from '../../src/index.js';
import type { Deed, Life } from './caller.js';
import type { Heard } from './keeper.js';
import type { Case } from './law.js';
import { CLOSE_PAGE, REFUND_PAGE, REVERSE_PAGE } from './pages.js';

// What the laws have in common: what an act ended with, what rules held in it, and what the client could know.

type Outcome = ResolutionOutcome | { readonly kind: 'declined'; readonly error: WechatPayError };

export function outcomeOf({ ended }: Deed): Outcome | undefined {
  return ended.how === 'result' ? (Object(ended.result) as { outcome?: Outcome }).outcome : undefined;
}

/** What was thrown, or why a payment was declined. */
export function errorOf(deed: Deed): unknown {
  const outcome = outcomeOf(deed);
  return deed.ended.how === 'error' ? deed.ended.error : outcome?.kind === 'declined' ? outcome.error : undefined;
}

/** The acts that bring an order to its end. */
export const RESOLVING: readonly string[] = ['pay', 'resolve', 'go on', 'return'];

export function isResolving({ act }: Deed): boolean {
  return RESOLVING.includes(act.does);
}

/** What holds in this act: what was given, else what the state that it went on from says, else the default. */
export function policyOf({ act, from }: Deed): {
  keeps: boolean;
  reverseAfterMs: number;
  queryEveryMs: number;
  closeAfterMs: number;
  refundsLate: boolean;
} {
  const stored = act.does === 'resolve' || act.does === 'pay' ? undefined : from?.policy;
  const {
    ifPaid,
    reverseAfterMs = 45_000,
    queryEveryMs = 5_000,
    closeAfterMs = 7_200_000,
    ifPaidLate,
  }: Partial<ResolutionState['policy']> = {
    ...stored,
    ...act.policy,
  };
  const returnsPayment = act.does === 'return' || (act.does !== 'pay' && ifPaid === 'reverse');
  return { keeps: !returnsPayment, reverseAfterMs, queryEveryMs, closeAfterMs, refundsLate: ifPaidLate === 'refund' };
}

const MINUTE = 60_000;

/** When an order of Unified Order is to be closed. */
export function closesAt({ createdAt, story }: Life, deed: Deed): number {
  const timeExpireMs = deed.from ? timeExpireOf(deed.from, createdAt) : story.timeExpireMs;
  return createdAt + Math.max(5 * MINUTE, timeExpireMs ?? policyOf(deed).closeAfterMs);
}

function timeExpireOf({ timeExpire }: ResolutionState, createdAt: number): number | undefined {
  return timeExpire === undefined ? undefined : timeExpire - createdAt;
}

/** For how long an act without a deadline goes on. */
export function usualDeadline(life: Life, deed: Deed, begunAt: number): number {
  if (life.story.product === undefined) return begunAt + 90_000;
  return Math.max(begunAt, closesAt(life, deed)) + 10 * MINUTE;
}

/** Whether a close was decided before this act, and stands. */
export function wasGivenUp({ sent }: Case['earlier'], { from, act }: Deed): boolean {
  return sent.some(({ path }) => path === CLOSE_PAGE.path) || (act.does !== 'resolve' && from?.givenUpAt !== undefined);
}

/** The caller itself reversed or refunded: the machine cannot know. */
export function isByHand({ deeds }: Life): boolean {
  return deeds.some(({ act }) => act.does === 'reverse' || act.does === 'refund');
}

/** Whether a reversal may have been sent before this act. */
export function mayBeReversed({ sent }: Case['earlier'], { from: state, act }: Deed): boolean {
  const wasSent = sent.some(({ path }) => path === REVERSE_PAGE.path || path === REFUND_PAGE.path);
  return wasSent || (act.does !== 'resolve' && state?.kind === 'reversing');
}

export function saysUnpaid({ word, at }: Heard, reverseAt: number): boolean {
  if (word.kind !== 'state') return false;
  return word.state === 'PAYERROR' || (['NOTPAY', 'USERPAYING', 'ACCEPT'].includes(word.state) && at >= reverseAt);
}

const UNCLEAR_COUNT = 3;
const UNCLEAR_MS = 15_000;

/** Three unclear answers in a row, over at least 15 s, none of them too long after the one before. */
export function isUnclearForLong(queries: readonly Heard[], gapMs: number): boolean {
  let row: number[] = [];
  for (const { word, at, isPlain } of queries) {
    if (word.kind === 'not-asked') continue;
    // A code names no order; and what is doubtful may be taken for unclear.
    const isUnclear = word.kind === 'nothing' || word.kind === 'code' || !isPlain;
    row = isUnclear ? (at - (row.at(-1) ?? at) <= gapMs ? [...row, at] : [at]) : [];
    if (row.length >= UNCLEAR_COUNT && at - row[0]! >= UNCLEAR_MS) return true;
  }
  return false;
}
