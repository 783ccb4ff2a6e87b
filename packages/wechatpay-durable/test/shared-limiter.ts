import { RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import type { CallLimiter } from 'wechatpay-core';

/** The recipe of docs/guides/under-load.md: one counter for all processes. */
export function sharedLimiter(refunds: RateLimiterAbstract): CallLimiter {
  return async ({ merchantId, operation }) => {
    if (operation !== '/secapi/pay/refund') return 0;
    try {
      await refunds.consume(merchantId);
      return 0;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return Math.max(1, refusal.msBeforeNext);
      throw refusal;
    }
  };
}
