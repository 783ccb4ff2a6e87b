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

/** Reads the times of a statement, always Beijing's. Nearly all of one file are of one day, whose beginning is looked up once. */
export class BeijingTimeReader {
  /** As in `2026-03-01 `. */
  #day = '';
  #midnight = NaN;

  /**
   * Also as older statements write it: two spaces or none between day and time, full-width colons, no leading zeros, slashes, no seconds.
   *
   * @returns milliseconds since 1970; NaN for what is no time.
   */
  read(text: string): number {
    if (text.length === 19 && text.charCodeAt(13) === COLON && text.charCodeAt(16) === COLON) {
      if (this.#day === '' || !text.startsWith(this.#day)) {
        const [, year, month, day] = USUAL_DAY.exec(text) ?? [];
        if (year === undefined) return readOtherForm(text);
        this.#day = text.slice(0, 11);
        this.#midnight = beijingTime(Number(year), Number(month), Number(day), 0, 0, 0);
      }
      const hour = twoDigits(text, 11);
      const minute = twoDigits(text, 14);
      const second = twoDigits(text, 17);
      if (hour <= 23 && minute <= 59 && second <= 59)
        return this.#midnight + ((hour * 60 + minute) * 60 + second) * 1_000;
    }
    return readOtherForm(text);
  }
}

function readOtherForm(text: string): number {
  const found = OTHER_FORM.exec(text);
  if (!found) return NaN;
  const [year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN, second = 0] = found
    .slice(1)
    .map((part: string | undefined) => (part === undefined ? 0 : Number(part)));
  return beijingTime(year, month, day, hour, minute, second);
}

const COLON = 58;
const USUAL_DAY = /^(\d{4})-(\d{2})-(\d{2}) /;
const OTHER_FORM = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2}) *(\d{1,2})[:：](\d{1,2})(?:[:：](\d{1,2}))?$/;

/** NaN where they are none. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
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
