import { WechatPayRequestError } from '../errors.js';
import { quoted } from '../call/untrusted-text.js';
import { beijingDay, beijingMidnight } from './beijing.js';

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
