import { WechatPayRequestError } from '../errors.js';
import { REFUND_SPACING_MS } from '../operations/refund-order.js';

/** How a refund is brought to its end. All times in milliseconds; each pause is up to half as long again, so that refunds do not come in step. */
export interface RefundPolicy {
  /** From an accepted refund, or from an outcome that is not known, to the first Query Refund; then twice as long each time. @default 5000 */
  readonly firstQueryMs: number;
  /** Where that doubling ends: a balance has its money in minutes, a card within 5 working days. @default 3600000 */
  readonly maxQueryMs: number;
  /** From one Submit Refund to the next, which has the same number; then twice as long each time. At least 60000. @default 60000 */
  readonly submitAgainMs: number;
  /** Where that doubling ends. @default 1800000 */
  readonly maxSubmitAgainMs: number;
  /**
   * From NOTENOUGH to the next Submit Refund: the pool that pays refunds is emptied each day, and the next sales fill it. Choose it by
   * your turnover; at least 60000. @default 1800000
   */
  readonly balanceRetryMs: number;
  /** A refund without an end by then needs attention, counted from its start or from when it was resumed. @default 1209600000, 14 days */
  readonly attentionAfterMs: number;
}

const MINUTE = 60_000;

export const DEFAULT_REFUND_POLICY: RefundPolicy = Object.freeze({
  firstQueryMs: 5_000,
  maxQueryMs: 60 * MINUTE,
  submitAgainMs: REFUND_SPACING_MS,
  maxSubmitAgainMs: 30 * MINUTE,
  balanceRetryMs: 30 * MINUTE,
  attentionAfterMs: 14 * 24 * 60 * MINUTE,
});

export const REFUND_POLICY_NAMES = Object.keys(DEFAULT_REFUND_POLICY) as (keyof RefundPolicy)[];

/** "Requests for multiple refunds for the same order must be separated by 1 minute." */
const AT_LEAST_A_MINUTE: readonly string[] = ['submitAgainMs', 'maxSubmitAgainMs', 'balanceRetryMs'];

/** The rules among the properties of an object: those that are given. */
export function refundRulesIn(given: Partial<RefundPolicy>): Partial<RefundPolicy> {
  const rules = REFUND_POLICY_NAMES.map((name) => [name, given[name]] as const);
  return Object.fromEntries(rules.filter(([, value]) => value !== undefined));
}

/**
 * Completes a policy.
 *
 * @throws {WechatPayRequestError} a rule that is invalid.
 */
export function checkRefundPolicy(given: Partial<RefundPolicy>, otherwise = DEFAULT_REFUND_POLICY): RefundPolicy {
  if (Object(given) !== given) throw new WechatPayRequestError('policy', 'must be an object of rules.');
  const rules = { ...otherwise, ...refundRulesIn(given) };
  for (const name of REFUND_POLICY_NAMES) {
    const value: unknown = rules[name];
    const least = AT_LEAST_A_MINUTE.includes(name) ? REFUND_SPACING_MS : 1;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least) {
      throw new WechatPayRequestError(name, `must be a whole number of milliseconds, ${least} or more.`);
    }
  }
  return rules;
}
