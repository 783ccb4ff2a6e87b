import { minorUnitDigits } from 'wechatpay-core';

/** An amount for people to read, as in `HKD 8.88`. @param amount in the minor unit of the currency. */
export function amountText(amount: number | undefined, currency: string | undefined): string {
  if (amount === undefined) return '?';
  if (currency === undefined) return `${amount} (minor unit)`;
  const behind = digitsOf(currency);
  if (behind === 0) return `${currency} ${amount}`;
  const digits = String(amount).padStart(behind + 1, '0');
  return `${currency} ${digits.slice(0, -behind)}.${digits.slice(-behind)}`;
}

/** How many digits stand after the point of an amount: 0 of JPY. */
function digitsOf(currency: string): number {
  return minorUnitDigits(currency) ?? 2;
}

/**
 * Reads an amount as people write it, `3.00` of HKD or `300` of JPY, exactly: `300` of HKD could be meant as cents.
 *
 * @returns the minor unit, or an example of how to write it.
 */
export function readAmount(text: string, currency: string): { readonly amount: number } | { readonly example: string } {
  const digits = digitsOf(currency);
  const [, whole = '', behind = ''] = /^([0-9]+)(?:\.([0-9]+))?$/.exec(text) ?? [];
  const isWritten = behind.length === digits && whole.length <= 15 - digits;
  const amount = isWritten ? Number(whole + behind) : 0;
  return amount > 0 ? { amount } : { example: digits === 0 ? '300' : `3.${'0'.repeat(digits)}` };
}
