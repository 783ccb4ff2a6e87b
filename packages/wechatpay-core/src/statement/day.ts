import { WechatPayRequestError } from '../errors.js';
import { quoted } from '../call/untrusted-text.js';
import { beijingDay, beijingMidnight, nextBeijingMidnight } from './beijing.js';

/** A day of statements. */
export interface StatementDay {
  /** As in `20260301`. */
  readonly date: string;
  /** When it begins in Beijing. */
  readonly from: Date;
  /** When it is over. */
  readonly until: Date;
}

/**
 * The day of Beijing that a statement is of, whatever time zone this machine has.
 *
 * @param given `20260301`, `2026-03-01`, or a Date, which means the day that it falls on in Beijing.
 * @throws {WechatPayRequestError} what is no day.
 * @example
 * const { date, from, until } = statementDay('2026-03-01');
 * const dayBefore = statementDay(new Date(from.getTime() - 1)).date; // 20260228
 */
export function statementDay(given: string | Date): StatementDay {
  const date = readDay(given);
  return { date, from: new Date(beijingMidnight(date)), until: new Date(nextBeijingMidnight(date)) };
}

/**
 * A day of Beijing as callers give it: `20260301`, `2026-03-01`, or a Date, which means the day that it falls on in Beijing.
 *
 * @returns as in `20260301`.
 * @throws {WechatPayRequestError} anything else, and days that no calendar has.
 */
export function readDay(given: unknown, property = 'date'): string {
  const isDate = given instanceof Date && !Number.isNaN(given.getTime());
  const text = isDate ? beijingDay(given.getTime()) : given;
  const day = typeof text === 'string' ? text.replace(/^(\d{4})-(\d{2})-(\d{2})$/, '$1$2$3') : '';
  if (!Number.isNaN(beijingMidnight(day))) return day;
  const got = typeof given === 'string' ? `; got ${quoted(given, 32)}` : '';
  throw new WechatPayRequestError(property, `must be a day of Beijing, as in 20260301, or a valid Date${got}.`);
}
