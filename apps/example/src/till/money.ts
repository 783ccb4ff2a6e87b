import { html, type Markup } from '../http/html.js';

const CURRENCIES = ['HKD', 'CNY', 'USD', 'EUR', 'GBP', 'JPY', 'SGD'];

/** How many digits the minor unit of a currency has: 2 for HKD, 0 for JPY. */
export function minorDigits(currency: string): number {
  const { maximumFractionDigits } = new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions();
  return maximumFractionDigits ?? 2;
}

/** 888 and HKD as HKD 8.88. */
export function formatMoney(amount: number, currency: string): string {
  return `${currency} ${majorUnits(amount, currency)}`;
}

/** 888 and HKD as 8.88. */
export function majorUnits(amount: number, currency: string): string {
  const digits = minorDigits(currency);
  return (amount / 10 ** digits).toFixed(digits);
}

/** What a form lets choose from; each says how many digits its amounts have. */
export function currencyOptions(): Markup[] {
  return CURRENCIES.map((currency) => html`<option data-digits="${minorDigits(currency)}">${currency}</option>`);
}
