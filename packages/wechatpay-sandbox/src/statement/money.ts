/** Currencies whose minor unit has not two decimals. */
const digitsOf: Readonly<Record<string, number>> = {
  JPY: 0,
  KRW: 0,
  VND: 0,
  CLP: 0,
  ISK: 0,
  PYG: 0,
  BHD: 3,
  KWD: 3,
  OMR: 3,
  JOD: 3,
};

function digitsIn(currency: string): number {
  return digitsOf[currency] ?? 2;
}

/** Minor units as a statement writes them: two decimals at least, a comma in none. */
export function majorUnits(minor: bigint, currency: string, sign = ''): string {
  const { whole, fraction } = partsOf(minor, currency);
  return `${minor === 0n ? '' : sign}${whole}.${fraction.padEnd(2, '0')}`;
}

/** Minor units as a customer reads them: `HKD 8.88`, `JPY 888`. */
export function readableAmount(minor: number, currency: string): string {
  const { whole, fraction } = partsOf(BigInt(minor), currency);
  return `${currency} ${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

function partsOf(minor: bigint, currency: string): { readonly whole: string; readonly fraction: string } {
  const digits = digitsIn(currency);
  const text = minor.toString().padStart(digits + 1, '0');
  const point = text.length - digits;
  return { whole: text.slice(0, point), fraction: text.slice(point) };
}

/** WeChat Pay's fee of 0.60 %, in hundred-thousandths of the major unit. */
export function feeOf(minor: bigint, currency: string): bigint {
  const scaled = minor * 10n ** BigInt(5 - digitsIn(currency));
  return (scaled * 6n + 500n) / 1_000n;
}

/** As the sum of a column: hundred-thousandths of the major unit, whatever the currency. */
export function sumUnits(minor: bigint, currency: string): bigint {
  return minor * 10n ** BigInt(5 - digitsIn(currency));
}

/** Hundred-thousandths of the major unit with that many decimals. */
export function decimals(units: bigint, places: 2 | 3 | 5): string {
  const text = (units < 0n ? -units : units).toString().padStart(6, '0');
  const fraction = text.slice(-5);
  const kept = /[^0]/.test(fraction.slice(places)) ? fraction : fraction.slice(0, places);
  return `${units < 0n ? '-' : ''}${text.slice(0, -5)}.${kept}`;
}

/** {@link feeOf}, rounded to the minor unit. */
export function feeInMinorUnits(minor: number, currency: string): number {
  const unit = 10n ** BigInt(5 - digitsIn(currency));
  return Number((feeOf(BigInt(minor), currency) + unit / 2n) / unit);
}
