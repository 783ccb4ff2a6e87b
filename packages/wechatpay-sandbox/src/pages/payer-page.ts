import { createHash } from 'node:crypto';
import type { OrderEntry } from '../orders/order-entry.js';
import { readableAmount } from '../statement/money.js';
import { wordsFor, type Action, type PageState } from './payer-words.js';

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; --green: light-dark(#06753a, #3ecf7c) }
body { margin: 0; background: light-dark(#ededed, #111); color: light-dark(#191919, #e6e6e6) }
main { box-sizing: border-box; max-width: 24rem; min-height: 100vh; margin: 0 auto; padding: 2rem 1.5rem; text-align: center;
  background: light-dark(#fff, #1d1d1d) }
h1 { margin: 0; font-size: 1.25rem; overflow-wrap: anywhere }
.amount { margin: 0.5rem 0; font-size: 2.25rem; font-weight: 600 }
.paid h1 { color: var(--green) }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0.5rem 1rem; margin: 1.5rem 0; padding: 1rem 0; text-align: start;
  border-block: 1px solid light-dark(#ddd, #3a3a3a); font-size: 0.875rem }
dt { color: light-dark(#595959, #a8a8a8) }
dd { margin: 0; text-align: end; overflow-wrap: anywhere }
button { width: 100%; min-height: 3rem; margin: 0.25rem 0; padding: 0.5rem 1rem; font: inherit; border-radius: 0.5rem; cursor: pointer;
  border: 1px solid light-dark(#767676, #8a8a8a); background: none; color: inherit }
button[value=pay] { border-color: var(--green); background: var(--green); color: light-dark(#fff, #06200f) }
small { display: block; margin-top: 1rem; color: light-dark(#595959, #a8a8a8) }
`;

/** The page needs no script; it loads nothing, is shown in no frame, and its form goes to itself. */
export const pageHeaders: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  // With no-referrer, browsers say `Origin: null` of the page's own form.
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/** What an order is to its customer at this time. */
export function stateOf({ state, isOpen, product, view }: OrderEntry, now: number): PageState {
  if (!isOpen) return state === 'paid' ? (view.refunds.length > 0 ? 'partly-refunded' : 'paid') : endOf(state);
  if (product?.expiresAt !== undefined && now >= product.expiresAt) return 'expired';
  return view.history.at(-1)?.event === 'abandoned' ? 'left' : 'open';
}

function endOf(state: OrderEntry['state']): PageState {
  return state === 'refunded' ? 'refunded' : 'closed';
}

/** What can be pressed, and has an effect. */
export const offered: Readonly<Record<PageState, readonly Action[]>> = {
  open: ['pay', 'cancel'],
  left: ['pay'],
  expired: ['pay-late'],
  closed: ['pay-late'],
  paid: [],
  'partly-refunded': [],
  refunded: [],
};

/** The page of an order, as its customer sees it on the phone. */
export function renderOrder(entry: OrderEntry, now: number, acceptLanguage: string | undefined): string {
  const words = wordsFor(acceptLanguage);
  const { facts, particulars, product } = entry;
  const state = stateOf(entry, now);
  const { title, more } = words.states[state];
  const amount = readableAmount(facts.totalFee, facts.currency);
  const rows: [string, string][] = [
    [words.merchant, facts.subMerchantId ?? facts.merchantId],
    [words.order, facts.outTradeNo],
  ];
  if (entry.isOpen && product?.expiresAt !== undefined) rows.push([words.until, beijingTime(product.expiresAt)]);
  const buttons = offered[state].map(
    (action) => `<button name="action" value="${action}">${escaped(words.actions[action])}</button>`,
  );
  return page(words, {
    title: `${title} · ${amount}`,
    className: state === 'paid' ? 'paid' : '',
    heading: state === 'open' ? (particulars.body ?? title) : title,
    more: [
      `<p class="amount">${escaped(amount)}</p>`,
      more === '' ? '' : `<p>${escaped(more)}</p>`,
      `<dl>${rows.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join('')}</dl>`,
      buttons.length === 0 ? '' : `<form method="post">${buttons.join('')}</form>`,
    ].join('\n'),
  });
}

/** The page of a code that is of no order. */
export function renderUnknown(acceptLanguage: string | undefined): string {
  const words = wordsFor(acceptLanguage);
  const { title, more } = words.unknown;
  return page(words, { title, className: '', heading: title, more: `<p>${escaped(more)}</p>` });
}

interface Parts {
  readonly title: string;
  readonly className: string;
  readonly heading: string;
  /** Markup. */
  readonly more: string;
}

function page({ language, sandbox }: ReturnType<typeof wordsFor>, { title, className, heading, more }: Parts): string {
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main class="${className}">
<h1>${escaped(heading)}</h1>
${more}
<small>${escaped(sandbox)}</small>
</main>
</body>
</html>
`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/** As in `2026-03-01 12:00 UTC+8`. */
function beijingTime(at: number): string {
  return `${new Date(at + 8 * 60 * 60 * 1000).toISOString().slice(0, 16).replace('T', ' ')} UTC+8`;
}
