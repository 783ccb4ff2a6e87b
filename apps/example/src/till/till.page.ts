import type { Demo } from '../demo/demo.js';
import { html, NOTHING, type Markup } from '../http/html.js';
import { currencyOptions, formatMoney } from './money.js';
import type { TillOrder } from './till.order.js';

const STATES: Record<TillOrder['state'], string> = {
  paying: 'Not known yet',
  paid: 'Paid',
  declined: 'Declined',
  reversed: 'Reversed',
  closed: 'Closed',
  refunded: 'Refunded',
  'refund-required': 'To be refunded',
  'needs-attention': 'Needs attention',
  unresolved: 'Not resolved',
};

/** The cashier's page. It changes by itself: see public/till.js. */
export function renderPage(orders: readonly TillOrder[], demo: Demo | undefined): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Till</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/page.css" />
        <link rel="stylesheet" href="/till.css" />
        <script type="module" src="/till.js"></script>
      </head>
      <body>
        <header>
          <h1>Till</h1>
          <nav><a href="/checkout">Checkout</a> <a href="/docs">API</a></nav>
        </header>
        <p id="offline" role="status" hidden>
          The server does not answer, so nothing can be charged, and the orders below may be out of date. Start the
          server again if it was stopped. This page connects again by itself.
        </p>
        <main>
          <section>
            <form id="pay" autocomplete="off">
              <label>Amount <input name="amount" inputmode="decimal" required value="8.88" /></label>
              <label
                >Currency
                <select name="currency">
                  ${currencyOptions()}
                </select></label
              >
              <label class="wide"
                >What <input name="description" required maxlength="128" value="Two cups of tea"
              /></label>
              <label class="wide">
                The customer's code
                <input name="authCode" inputmode="numeric" required pattern="\\d{1,128}" title="digits" autofocus />
              </label>
              ${demo ? renderDemo(demo) : NOTHING}
              <button>Charge</button>
              <p id="message" role="alert"></p>
            </form>
            <label id="access"
              >The till's token, as the start printed it, or TILL_TOKEN
              <input id="token" type="password" autocomplete="off"
            /></label>
          </section>
          <noscript><p>This page needs JavaScript.</p></noscript>
          <ul id="orders" aria-live="polite" aria-label="Orders">
            ${orders.map(order)}
          </ul>
        </main>
        <dialog id="confirm" aria-labelledby="question">
          <p id="question"></p>
          <button data-answer="no" autofocus>Cancel</button>
          <button data-answer="yes"></button>
        </dialog>
      </body>
    </html>`.text;
}

/** One order, as it stands in the list. */
export function renderOrder(tillOrder: TillOrder): string {
  return order(tillOrder).text;
}

function renderDemo({ customers, clock }: Demo): Markup {
  const speed = clock.speed === 1 ? NOTHING : html` Time goes ${clock.speed} times as fast.`;
  const options = customers.map(({ name, authCode }) => html`<option value="${authCode}">${name}</option>`);
  return html`<fieldset class="wide">
    <legend>A sandbox: no account, no money.${speed}</legend>
    <label>
      Customer
      <select name="customer">
        <option value="">(scan a code)</option>
        ${options}
      </select>
    </label>
    <label><input type="checkbox" name="loseAnswer" /> Lose WeChat Pay's answer</label>
  </fieldset>`;
}

function order(tillOrder: TillOrder): Markup {
  const { outTradeNo, description, totalFee, currency, state, kept, remedy, steps, next } = tillOrder;
  const has = kept === undefined ? 'not known' : formatMoney(kept, currency);
  return html`<li id="order-${outTradeNo}" data-order="${outTradeNo}" data-state="${state}" data-kept="${kept ?? ''}">
    <h2>${description ?? 'An order from before a restart'} <strong>${formatMoney(totalFee, currency)}</strong></h2>
    <p><span class="state">${STATES[state]}</span> The shop has: <b>${has}</b></p>
    <p class="remedy">${remedy}</p>
    <ol>
      ${steps.map(({ at, text }) => html`<li><time datetime="${at.toISOString()}">${clockTime(at)}</time> ${text}</li>`)}
      ${next ? html`<li class="next"><time datetime="${next.at.toISOString()}">${clockTime(next.at)}</time> ${next.text}</li>` : NOTHING}
    </ol>
    <p class="number">${outTradeNo}</p>
    ${buttons(tillOrder)}
  </li>`;
}

function buttons(tillOrder: TillOrder): Markup {
  const { outTradeNo, subMerchantId, totalFee, state, kept } = tillOrder;
  const path = `/orders/${encodeURIComponent(outTradeNo)}`;
  const sub = subMerchantId === undefined ? {} : { subMerchantId };
  const redrive = html`<button
    data-post="/durable-orders/${encodeURIComponent(outTradeNo)}/redrive"
    data-body="${JSON.stringify(sub)}"
  >
    Redrive
  </button>`;
  switch (state) {
    case 'unresolved':
    case 'needs-attention':
      return redrive;
    case 'refund-required':
      return html`${refundButton(tillOrder, path)} ${redrive}`;
    case 'paid':
      if (kept === undefined) return html`<button data-get="${path}">Ask</button>`;
      return kept === totalFee ? refundButton(tillOrder, path) : NOTHING;
    default:
      return NOTHING;
  }
}

function refundButton(
  { outTradeNo, subMerchantId, description, totalFee, kept = totalFee, currency }: TillOrder,
  path: string,
): Markup {
  const sub = subMerchantId === undefined ? {} : { subMerchantId };
  // The order's own number: pressed twice, it is still one refund.
  const body = JSON.stringify({ outRefundNo: outTradeNo, totalFee, refundFee: kept, currency, ...sub });
  const money = formatMoney(kept, currency);
  const what = description === undefined ? '' : ` for “${description}”`;
  const question = `Refund ${money}${what}, order ${outTradeNo}? The customer gets the money back. This cannot be undone.`;
  return html`<button
    data-post="${path}/refund"
    data-body="${body}"
    data-confirm="${question}"
    data-yes="Refund ${money}"
  >
    Refund
  </button>`;
}

function clockTime(at: Date): string {
  return at.toTimeString().slice(0, 8);
}
