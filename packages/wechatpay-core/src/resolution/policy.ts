import { WechatPayRequestError } from '../errors.js';

/** How to resolve. All times in milliseconds. */
export interface ResolutionPolicy {
  /**
   * What to do about an order that turns out paid: keep it, which is good news, or return the money: by reversing an order of Quick
   * Pay, and by refunding one of Unified Order.
   *
   * @default 'keep'
   */
  readonly ifPaid: 'keep' | 'reverse';
  /**
   * What to do about an order that is paid with another amount or currency than it should cost, or that was paid more than 5 min
   * before it was created (its number was used before): stop and ask a person, or take the payment as it is: kept, or returned
   * whatever the amount, as `ifPaid` says. With `ifPaid: 'reverse'` a payment is returned whenever it was made.
   *
   * @default 'needs-attention'
   */
  readonly ifAmountDiffers: 'needs-attention' | 'accept';
  /**
   * Of Unified Order: what to do about an order that the customer paid after its close was decided, as between the last query and the
   * close. What was paid before, by its `time_end`, is kept.
   *
   * @default 'keep'
   */
  readonly ifPaidLate: 'keep' | 'refund';
  /**
   * Where Revoke Order cannot return the money, because the order is older than 7 days or partly refunded: refund what is left,
   * or end with `refund-required`. Of Unified Order, what has to go back is always refunded.
   *
   * @default false
   */
  readonly refundWhenExpired: boolean;
  /** The first query, after the order was created. @default 5000, as Submit Quick Pay says */
  readonly firstQueryMs: number;
  /**
   * From query to query, while the customer may still be paying. Of Unified Order this is the least: the queries come 5 s, 30 s, 1 min,
   * 3 min, 5 min, 10 min and 30 min after the order was created, and every 30 min then.
   *
   * @default 5000, as Reasonable Query Mechanism says
   */
  readonly queryEveryMs: number;
  /** Of Quick Pay: without a clear result by then, the order is reversed; never sooner than 15 s. @default 45000, when WeChat Pay gives up too */
  readonly reverseAfterMs: number;
  /**
   * Of Unified Order: where the order has no `timeExpire`, it is closed so long after it was created; never sooner than 5 min.
   *
   * @default 7200000, for as long as a `prepay_id` holds
   */
  readonly closeAfterMs: number;
  /** From reversal to reversal, or close to close, doubled each time. @default 2000 */
  readonly backoffMs: number;
  /** Where doubling ends. @default 300000 */
  readonly maxBackoffMs: number;
}

export const DEFAULT_RESOLUTION_POLICY: ResolutionPolicy = Object.freeze({
  ifPaid: 'keep',
  ifAmountDiffers: 'needs-attention',
  ifPaidLate: 'keep',
  refundWhenExpired: false,
  firstQueryMs: 5_000,
  queryEveryMs: 5_000,
  reverseAfterMs: 45_000,
  closeAfterMs: 2 * 60 * 60 * 1000,
  backoffMs: 2_000,
  maxBackoffMs: 300_000,
});

export const POLICY_NAMES = Object.keys(DEFAULT_RESOLUTION_POLICY) as (keyof ResolutionPolicy)[];

/** The rules among the properties of an object: those that are given. */
export function rulesIn(given: Partial<ResolutionPolicy>): Partial<ResolutionPolicy> {
  const rules: Record<string, unknown> = {};
  for (const name of POLICY_NAMES) if (given[name] !== undefined) rules[name] = given[name];
  return rules;
}

const TIMES = ['firstQueryMs', 'queryEveryMs', 'reverseAfterMs', 'closeAfterMs', 'backoffMs', 'maxBackoffMs'] as const;

const CHOICES = {
  ifPaid: ['keep', 'reverse'],
  ifAmountDiffers: ['needs-attention', 'accept'],
  ifPaidLate: ['keep', 'refund'],
} as const;

/**
 * Completes a policy.
 *
 * @param given rules that differ from `otherwise`; of an object that holds more than rules, the rest is left to its reader.
 * @throws {WechatPayRequestError} a rule that is invalid.
 */
export function checkPolicy(given: Partial<ResolutionPolicy>, otherwise = DEFAULT_RESOLUTION_POLICY): ResolutionPolicy {
  if (Object(given) !== given) throw new WechatPayRequestError('policy', 'must be an object of rules.');
  const changes = rulesIn(given);
  if (Object.keys(changes).length === 0) return otherwise; // most resolve as the guides say
  const rules = { ...otherwise, ...changes };
  for (const name of TIMES) {
    const value: unknown = rules[name];
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
      throw new WechatPayRequestError(name, 'must be a whole number of milliseconds, 1 or more.');
    }
  }
  for (const [name, choices] of Object.entries(CHOICES)) {
    if (!(choices as readonly unknown[]).includes(rules[name as keyof typeof CHOICES])) {
      throw new WechatPayRequestError(name, `must be ${choices.map((choice) => `'${choice}'`).join(' or ')}.`);
    }
  }
  if (typeof (rules.refundWhenExpired as unknown) !== 'boolean') {
    throw new WechatPayRequestError('refundWhenExpired', 'must be true or false.');
  }
  return rules;
}
