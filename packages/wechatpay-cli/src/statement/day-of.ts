import { statementDay } from 'wechatpay-core';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** A day of Beijing, as in `20260301`, or `yesterday` there. @throws {WechatPayRequestError} what is no day. */
export function dayOf(given: string, now: number): string {
  return statementDay(given === 'yesterday' ? new Date(now - DAY_MS) : given).date;
}
