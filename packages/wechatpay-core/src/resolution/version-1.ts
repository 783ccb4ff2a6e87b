import { DEFAULT_RESOLUTION_POLICY, type ResolutionPolicy } from './policy.js';
import type { ResolutionError, ResolutionPayment } from './state.js';

/** A state as versions before 0.1 stored it: flags in place of kinds. */
type Version1 = Readonly<Record<string, unknown>> & {
  readonly version: 1;
  readonly policy?: Partial<ResolutionPolicy>;
  readonly next?: { readonly kind?: 'query' | 'reverse' | 'refund'; readonly at?: number };
  readonly mustRevoke?: boolean;
  readonly attempts?: number;
  readonly refusal?: ResolutionError;
  readonly payment?: ResolutionPayment;
};

export function isVersion1(stored: Readonly<Record<string, unknown>>): stored is Version1 {
  return stored.version === 1;
}

/** What an earlier version stored, in today's shape; what it does not have is left for the check to find. */
export function upgradeVersion1(given: Version1): Record<string, unknown> {
  const stored = inTodaysWords(given) as Version1;
  const { next = {}, mustRevoke, expired, attempts = 0, notBefore, refusal, payment, outcome } = stored;
  const { order, orderCreatedAt, totalFee, currency, deadline, lastError, tradeState } = stored;
  const { at } = next;
  const policy = stored.policy && { ...DEFAULT_RESOLUTION_POLICY, ...stored.policy };
  const isRefunding = next.kind === 'refund';
  const facts = {
    version: 2,
    order,
    orderCreatedAt,
    ...(totalFee !== undefined && { totalFee }),
    ...(currency !== undefined && { currency }),
    ...(tradeState !== undefined && { tradeState }),
    ...(lastError !== undefined && { lastError }),
    policy,
    deadline,
    sent: {
      // Where the policy was to return, a reversal was decided from the start, and perhaps not sent yet.
      reverse: mustRevoke && (policy?.ifPaid === 'keep' || attempts > 0 || next.kind === 'reverse'),
      ...(isRefunding && { refundFee: payment?.totalFee }),
    },
  };
  if (outcome !== undefined) return { ...facts, kind: 'ended', outcome };
  if (isRefunding) return { ...facts, kind: 'refunding', at, attempts, payment, refundFee: payment?.totalFee };
  if (expired === true) return { ...facts, kind: 'expired', at, attempts };
  if (next.kind === 'reverse') return { ...facts, kind: 'reversing', at, attempts };
  if (mustRevoke === false) return { ...facts, kind: 'asking', at };
  return { ...facts, kind: 'checking', at, attempts, notBefore, isReversed: false, ...(refusal && { refusal }) };
}

/** Of the values `ifPaid`, `kind` and `advice`; the merchant's own words are in none of these. */
const WORDS: Readonly<Record<string, string>> = {
  revoke: 'reverse',
  revoked: 'reversed',
  'revoke-again': 'reverse-again',
};

function inTodaysWords(value: unknown, name = ''): unknown {
  if (typeof value === 'string') {
    return ['ifPaid', 'kind', 'advice'].includes(name) && Object.hasOwn(WORDS, value) ? WORDS[value] : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key === 'revokeAfterMs' ? 'reverseAfterMs' : key,
      inTodaysWords(one, key),
    ]),
  );
}
