/** China has no summer time: Beijing is UTC+8 throughout. */
const OFFSET_MS = 8 * 60 * 60 * 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** The day in Beijing of a moment in milliseconds since 1970, as in `20260301`. */
export function beijingDay(time: number): string {
  return new Date(time + OFFSET_MS).toISOString().slice(0, 10).replaceAll('-', '');
}

/** When a day begins in Beijing, in milliseconds since 1970. @returns NaN for what is no day, as `20260231`. */
export function beijingMidnight(day: string): number {
  const [, year = '', month = '', date = ''] = /^(\d{4})(\d{2})(\d{2})$/.exec(day) ?? [];
  return beijingTime(Number(year), Number(month), Number(date), 0, 0, 0);
}

/** When the day after begins. */
export function nextBeijingMidnight(day: string): number {
  return beijingMidnight(day) + DAY_MS;
}

/**
 * A time of a statement, always Beijing's.
 *
 * Also as older statements write it: two spaces or none between day and time, full-width colons, no leading zeros, slashes, no seconds.
 *
 * @returns NaN for what is no time.
 */
export function readBeijingTime(text: string): number {
  if (text.length === 19 && text.charCodeAt(4) === DASH && text.charCodeAt(10) === SPACE) {
    const usual = beijingTime(
      digits(text, 0, 4),
      digits(text, 5, 7),
      digits(text, 8, 10),
      digits(text, 11, 13),
      digits(text, 14, 16),
      digits(text, 17, 19),
    );
    if (!Number.isNaN(usual) && isUsual(text)) return usual;
  }
  const found = OTHER_FORM.exec(text);
  if (!found) return NaN;
  const [year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN, second = 0] = found
    .slice(1)
    .map((part: string | undefined) => (part === undefined ? 0 : Number(part)));
  return beijingTime(year, month, day, hour, minute, second);
}

const DASH = 45;
const SPACE = 32;
const COLON = 58;
const OTHER_FORM = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2}) *(\d{1,2})[:：](\d{1,2})(?:[:：](\d{1,2}))?$/;

function isUsual(text: string): boolean {
  return text.charCodeAt(7) === DASH && text.charCodeAt(13) === COLON && text.charCodeAt(16) === COLON;
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (!(digit >= 0 && digit <= 9)) return NaN;
    value = value * 10 + digit;
  }
  return value;
}

function beijingTime(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  if (!(month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59 && second <= 59)) return NaN;
  if (year < 1_000 || day > daysIn(year, month)) return NaN;
  return Date.UTC(year, month - 1, day, hour, minute, second) - OFFSET_MS;
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}
