import { renderSVG } from 'uqr';
import { html, Markup, NOTHING } from '../http/html.js';
import { renderShell, tokenField, type Shell } from '../http/shell.js';
import { currencyOptions, formatMoney } from '../till/money.js';
import type { CheckoutOrder } from './checkout.order.js';
import type { Words } from './checkout.words.js';

function page(words: Words, { title, path, main, clock }: Pick<Shell, 'title' | 'path' | 'main' | 'clock'>): string {
  return renderShell({
    language: words.language,
    page: 'checkout',
    title,
    heading: words.title,
    path,
    styles: ['checkout.css'],
    script: 'checkout.js',
    main,
    clock,
    offline: words.offline,
    words: { 'press-again': words.pressAgain },
  });
}

/** Where the next order is begun. */
export function renderCheckout(words: Words, { isReachable }: { readonly isReachable: boolean }): string {
  const { form } = words;
  const main = html`<main>
    <form id="checkout" autocomplete="off">
      <label>${form.amount} <input name="amount" inputmode="decimal" required value="8.88" autofocus /></label>
      <label
        >${form.currency}
        <select name="currency">
          ${currencyOptions()}
        </select></label
      >
      <label class="wide"
        >${form.what} <input name="description" required maxlength="128" value="${form.goods}"
      /></label>
      <button>${words.show}</button>
      <p id="message" role="alert"></p>
    </form>
    ${tokenField(words.language)}
  </main>`;
  const unreachable = html`<main><p role="alert">${words.noAddress}</p></main>`;
  return page(words, { title: words.title, path: '/checkout', main: isReachable ? main : unreachable });
}

/** An order, as its customer sees it. It changes by itself: see public/checkout.js. */
export function renderOrderPage(
  words: Words,
  order: CheckoutOrder,
  { clock, hasPhone }: { readonly clock: Shell['clock']; readonly hasPhone: boolean },
): string {
  const path = `/checkout/${encodeURIComponent(order.outTradeNo)}`;
  const main = html`<main data-events="${path}/events?lang=${words.language}" aria-live="polite" aria-atomic="true">
    ${section(words, order, hasPhone)}
  </main>`;
  const title = `${formatMoney(order.totalFee, order.currency)} · ${words.title}`;
  return page(words, { title, path, main, clock });
}

/** What changes of it. */
export function renderOrder(words: Words, order: CheckoutOrder, hasPhone: boolean): string {
  return section(words, order, hasPhone).text;
}

function section(words: Words, order: CheckoutOrder, hasPhone: boolean): Markup {
  const { outTradeNo, description, totalFee, currency, state } = order;
  const { title, more } = words.states[state];
  return html`<section id="order" data-order="${outTradeNo}" data-state="${state}">
    <p class="what">${description ?? words.anOrder} <strong>${formatMoney(totalFee, currency)}</strong></p>
    <h2>${title}</h2>
    ${more === '' ? NOTHING : html`<p>${more}</p>`}
    ${state === 'waiting' ? waiting(words, order, hasPhone) : again(words)}
    <p class="number">${words.number} ${outTradeNo}</p>
  </section>`;
}

function waiting(words: Words, { outTradeNo, codeUrl, expiresAt }: CheckoutOrder, hasPhone: boolean): Markup {
  if (codeUrl === undefined)
    return html`<p>${words.noCode}</p>
      ${again(words)}`;
  const left = expiresAt
    ? html`<p class="left">
        ${words.left}
        <time
          role="timer"
          aria-live="off"
          datetime="${expiresAt.toISOString()}"
          data-until="${expiresAt.getTime()}"
        ></time>
      </p>`
    : NOTHING;
  const phone = hasPhone
    ? html`<p>
        <a href="/demo/phone/${encodeURIComponent(outTradeNo)}" target="_blank" rel="noopener">${words.phone}</a>
      </p>`
    : NOTHING;
  // The library's markup, of a text that is no part of it.
  const svg = new Markup(renderSVG(codeUrl, { ecc: 'M', border: 4 }));
  return html`<figure role="img" aria-label="${words.qrCode}">${svg}</figure>
    ${left} ${phone}`;
}

function again(words: Words): Markup {
  return html`<p><a class="button" href="/checkout?lang=${words.language}">${words.again}</a></p>`;
}
