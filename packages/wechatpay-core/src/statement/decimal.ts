/** The most digits that are an exact integer whatever they are. */
const MAX_DIGITS = 15;

const POWERS = Array.from({ length: MAX_DIGITS + 1 }, (_, exponent) => 10 ** exponent);

/** Reads decimals as integers: `8.88` is 888 of scale 2. One for many cells: reading makes no object. */
export class DecimalReader {
  /** An exact integer, with its sign. */
  value = 0;
  /** How many of its digits stand behind the point. */
  scale = 0;

  /** @returns whether it is a decimal of at most 15 digits: an optional minus, digits, an optional point with digits behind it. */
  read(text: string): boolean {
    const end = text.length;
    const isNegative = text.charCodeAt(0) === MINUS;
    let value = 0;
    let digits = 0;
    let scale = -1;
    for (let at = isNegative ? 1 : 0; at < end; at += 1) {
      const code = text.charCodeAt(at);
      if (code >= ZERO && code <= NINE) {
        value = value * 10 + (code - ZERO);
        digits += 1;
        if (digits > MAX_DIGITS) return false;
        if (scale >= 0) scale += 1;
      } else if (code === POINT && scale < 0 && digits > 0) {
        scale = 0;
      } else {
        return false;
      }
    }
    if (digits === 0 || scale === 0) return false;
    this.value = isNegative && value !== 0 ? -value : value;
    this.scale = Math.max(scale, 0);
    return true;
  }
}

const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;

/**
 * The same amount in units of 10^-`digits`.
 *
 * @returns undefined where that is no whole number, or one that is not exact.
 */
export function toInteger(value: number, scale: number, digits: number): number | undefined {
  if (scale <= digits) {
    const scaled = value * (POWERS[digits - scale] ?? NaN);
    return Number.isSafeInteger(scaled) ? scaled : undefined;
  }
  const unit = POWERS[scale - digits] ?? NaN;
  const rest = value % unit;
  return rest === 0 ? value / unit : undefined;
}

/** Adds decimals of any scale up, exactly, however many there are. */
export class ExactSum {
  /** By scale; flushed into `#total` before it could be inexact. */
  readonly #sums = new Array<number>(MAX_DIGITS + 1).fill(0);
  #total = 0n;

  add(value: number, scale: number): void {
    const sum = (this.#sums[scale] ?? 0) + value;
    if (sum > FLUSH_AT || sum < -FLUSH_AT) {
      this.#total += inLeastUnits(sum, scale);
      this.#sums[scale] = 0;
    } else {
      this.#sums[scale] = sum;
    }
  }

  /** In units of 10^-15. */
  total(): bigint {
    return this.#sums.reduce((total, sum, scale) => total + inLeastUnits(sum, scale), this.#total);
  }
}

// A value has at most 15 digits: what is below this is still exact after one more.
const FLUSH_AT = 2 ** 52;

/** A decimal in units of 10^-15, of which every other scale is a multiple. */
export function inLeastUnits(value: number, scale: number): bigint {
  return BigInt(value) * 10n ** BigInt(MAX_DIGITS - scale);
}

/** A decimal of any length in units of 10^-15; undefined for what is none, or has more places. */
export function readLeastUnits(text: string): bigint | undefined {
  const [, sign, whole, fraction = ''] = /^(-?)(\d{1,64})(?:\.(\d{1,15}))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return BigInt(`${sign ?? ''}${whole}${fraction.padEnd(MAX_DIGITS, '0')}`);
}

/** With as few digits behind the point as it needs. */
export function formatLeastUnits(total: bigint): string {
  const digits = (total < 0n ? -total : total).toString().padStart(MAX_DIGITS + 1, '0');
  const fraction = digits.slice(-MAX_DIGITS).replace(/0+$/, '');
  return `${total < 0n ? '-' : ''}${digits.slice(0, -MAX_DIGITS)}${fraction === '' ? '' : `.${fraction}`}`;
}
