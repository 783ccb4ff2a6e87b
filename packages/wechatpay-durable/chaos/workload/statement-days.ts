import { statementDay } from 'wechatpay-core';
import type { Movement, Sandbox } from 'wechatpay-sandbox';

/** A merchant's statement. */
export interface MerchantDay {
  readonly merchantId: string;
  /** A day of Beijing, as in `20260301`. */
  readonly date: string;
}

const HOUR_MS = 60 * 60_000;

/** The days on which a merchant's money moved, the earliest first. */
export function daysOf(movements: readonly Movement[]): MerchantDay[] {
  const days = new Map(movements.map((movement) => [JSON.stringify(dayOf(movement)), dayOf(movement)] as const));
  return [...days.values()].sort((one, other) => (one.date < other.date ? -1 : 1));
}

/** In whose statement of which day it stands. */
export function dayOf({ merchantId, at }: Movement): MerchantDay {
  return { merchantId, date: statementDay(at).date };
}

/** Whether the gateway has its statement by now: from 10:00 of the next day in Beijing. */
export function isStated({ date }: MerchantDay, { clock }: Sandbox): boolean {
  return clock.now() >= statedFrom(date);
}

/** When the gateway has the statement of a day. */
export function statedFrom(date: string): number {
  return statementDay(date).until.getTime() + 10 * HOUR_MS;
}
