/** WeChat Pay takes these without a minor unit: JPY 888 is 888. */
const WITHOUT_MINOR_UNIT: readonly string[] = ['JPY', 'KRW'];

/** An amount for people to read, as in `HKD 8.88`. @param amount in the minor unit of the currency. */
export function amountText(amount: number | undefined, currency: string | undefined): string {
  if (amount === undefined) return '?';
  if (currency === undefined) return `${amount} (minor unit)`;
  if (digitsOf(currency) === 0) return `${currency} ${amount}`;
  const digits = String(amount).padStart(3, '0');
  return `${currency} ${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** How many digits stand after the point of an amount. */
function digitsOf(currency: string): 0 | 2 {
  return WITHOUT_MINOR_UNIT.includes(currency) ? 0 : 2;
}

/**
 * Reads an amount as people write it, `3.00` of HKD or `300` of JPY, exactly: `300` of HKD could be meant as cents.
 *
 * @returns the minor unit, or an example of how to write it.
 */
export function readAmount(text: string, currency: string): { readonly amount: number } | { readonly example: string } {
  const digits = digitsOf(currency);
  const isWritten = digits === 0 ? /^[0-9]{1,15}$/.test(text) : /^[0-9]{1,13}\.[0-9]{2}$/.test(text);
  const amount = isWritten ? Number(text.replace('.', '')) : 0;
  return amount > 0 ? { amount } : { example: digits === 0 ? '300' : '3.00' };
}
