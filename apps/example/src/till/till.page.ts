// Over 250 lines, as one idea: the cashier's page, each part of it as one template.
import type { Demo } from '../demo/demo.js';
import { html, NOTHING, type Markup } from '../http/html.js';
import type { Language } from '../http/language.js';
import { confirmDialog, renderShell, tokenField, type Shell } from '../http/shell.js';
import { currencyOptions, formatMoney, minorDigits } from './money.js';
import { say, wordsOf, type Phrase } from './phrase.js';
import type { TillOrder } from './till.order.js';
import { isOpen, type Total } from './till.rows.js';
import type { Word } from './words/en.js';

/** What one sees from a metre away, and the sign beside it: a colour alone says nothing to some. */
type AnswerKind = 'ready' | 'wait' | 'paid' | 'unpaid' | 'refunding' | 'refunded' | 'attention';
const SIGNS: Readonly<Record<AnswerKind, string>> = {
  ready: '',
  wait: '…',
  paid: '✓',
  unpaid: '✕',
  refunding: '↩',
  refunded: '↩',
  attention: '!',
};

const ANSWERS: Readonly<Record<TillOrder['state'], AnswerKind>> = {
  paying: 'wait',
  paid: 'paid',
  declined: 'unpaid',
  reversed: 'unpaid',
  closed: 'unpaid',
  refunding: 'refunding',
  refunded: 'refunded',
  'refund-required': 'attention',
  'needs-attention': 'attention',
  unresolved: 'attention',
};

/** The page lists so many of the latest orders, and all that have no end; others are found by a number. */
const MAX_SHOWN = 50;

export interface TillPage {
  readonly orders: readonly TillOrder[];
  readonly totals: readonly Total[];
  readonly clock: Shell['clock'];
  readonly demo: Demo | undefined;
}

/** The cashier's page. It changes by itself: see public/till.js. */
export function renderPage(language: Language, { orders, totals, clock, demo }: TillPage): string {
  const t = (word: Word): string => say(language, word);
  const main = html`<main>
      <section id="stage" data-answer="ready" aria-live="assertive" aria-atomic="true">
        ${answer(language, { kind: 'ready', remedy: 'ready' })}
      </section>
      <p id="message" role="alert"></p>
      <template id="ready">${answer(language, { kind: 'ready', remedy: 'ready' })}</template>
      <template id="sending">${answer(language, { kind: 'wait', remedy: 'sending', amount: '' })}</template>
      <template id="lost">${answer(language, { kind: 'wait', remedy: 'lost', amount: '' })}</template>
      <section id="sale">
        <form id="pay" autocomplete="off">
          <label
            >${t('amount')}
            <input name="amount" inputmode="decimal" required ${demo ? html`value="8.88"` : html`autofocus`}
          /></label>
          <label
            >${t('currency')}
            <select name="currency">
              ${currencyOptions()}
            </select></label
          >
          <label class="wide">
            ${t('code')}
            <input
              name="authCode"
              inputmode="numeric"
              required
              pattern="\\d{1,128}"
              title="${t('digits')}"
              ${demo ? html`autofocus` : NOTHING}
            />
          </label>
          <button class="wide">${t('charge')}</button>
          <label class="wide"
            >${t('what')} <input name="description" required maxlength="128" value="${t('goods')}"
          /></label>
          ${demo ? renderDemo(language, demo) : NOTHING}
        </form>
        ${tokenField(language)}
      </section>
      <section id="book" aria-labelledby="orders-title">
        <h2 id="orders-title">${t('orders')}</h2>
        ${totalsLine(language, totals)}
        <form id="find" role="search" autocomplete="off">
          <label>${t('find')} <input name="number" required maxlength="64" /></label>
          <button>${t('find-it')}</button>
          <p id="not-found" role="status"></p>
        </form>
        <ul id="orders">
          ${shownOf(orders).map((order) => item(language, order))}
        </ul>
      </section>
    </main>
    ${confirmDialog(
      t('cancel'),
      html`<label id="refund-fee" hidden
          >${t('refund-amount')} <input name="refundFee" inputmode="decimal" autocomplete="off"
        /></label>
        <p id="refund-problem" role="alert"></p>`,
    )}`;
  return renderShell({
    language,
    page: 'till',
    title: t('title'),
    heading: t('title'),
    path: '/',
    styles: ['till.css'],
    script: 'till.js',
    main,
    clock,
    offline: t('offline'),
    words: wordsOf(language, SCRIPT_WORDS),
  });
}

/** What the page's script puts values into. */
const SCRIPT_WORDS = [
  ...(['still-waiting', 'charge-other', 'refund-question', 'refund-yes', 'refund-too-much'] as const),
  ...(['charge-again', 'offline-charge', 'not-found'] as const),
  ...(['sale-before-found', 'sale-before-absent', 'sale-before-unknown'] as const),
  ...(['refund-again', 'refund-before-found', 'refund-before-absent'] as const),
];

/** Of the orders, the newest first, those that the page lists. */
export function shownOf(orders: readonly TillOrder[]): TillOrder[] {
  return orders.filter((order, index) => index < MAX_SHOWN || isOpen(order));
}

/** One order, as it stands in the list. */
export function renderOrder(language: Language, order: TillOrder): string {
  return item(language, order).text;
}

/** What was taken today. */
export function renderTotals(language: Language, totals: readonly Total[]): string {
  return totalsLine(language, totals).text;
}

function totalsLine(language: Language, totals: readonly Total[]): Markup {
  const texts = totals.map(({ currency, count, paid, returned }) => {
    const taken = say(language, { word: 'today-paid', values: [String(count), formatMoney(paid, currency)] });
    if (returned === 0) return taken;
    return `${taken}; ${say(language, { word: 'today-returned', values: [formatMoney(returned, currency)] })}`;
  });
  return html`<p id="totals">
    <b>${say(language, 'today')}</b> ${texts.length === 0 ? say(language, 'today-none') : texts.join(' · ')}
  </p>`;
}

function renderDemo(language: Language, { customers, clock }: Demo): Markup {
  const speed = clock.speed === 1 ? NOTHING : html` ${say(language, { word: 'speed', values: [String(clock.speed)] })}`;
  const options = customers.map(({ name, authCode }) => html`<option value="${authCode}">${name}</option>`);
  return html`<fieldset class="wide">
    <legend>${say(language, 'sandbox')}${speed}</legend>
    <label>
      ${say(language, 'customer')}
      <select name="customer">
        <option value="">${say(language, 'scan-a-code')}</option>
        ${options}
      </select>
    </label>
    <label><input type="checkbox" name="loseAnswer" /> ${say(language, 'lose-answer')}</label>
  </fieldset>`;
}

interface Answer {
  readonly kind: AnswerKind;
  readonly amount?: string;
  readonly why?: Phrase;
  readonly remedy: Phrase | Word;
  /** Until when it counts down, and to what. */
  readonly until?: { readonly word: Word; readonly at: Date };
}

/** The answer and the amount, above all; then why, what to do, and how long that takes. */
function answer(language: Language, { kind, amount, why, remedy, until }: Answer): Markup {
  const sign = SIGNS[kind];
  return html`<span class="answer" data-answer="${kind}">
    <span class="word"
      >${sign === '' ? NOTHING : html`<span class="sign" aria-hidden="true">${sign}</span> `}${say(language, `answer-${kind}`)}</span
    >
    ${amount === undefined ? NOTHING : html`<span class="amount">${amount}</span>`}
    ${why ? html`<span class="why">${say(language, why)}</span>` : NOTHING}
    <span class="remedy" data-word="${typeof remedy === 'string' ? remedy : remedy.word}"
      >${say(language, remedy)}</span
    >
    ${
      until
        ? html`<span class="left"
            >${say(language, until.word)}
            <time
              role="timer"
              aria-live="off"
              datetime="${until.at.toISOString()}"
              data-until="${until.at.getTime()}"
            ></time
          ></span>`
        : NOTHING
    }
  </span>`;
}

function item(language: Language, order: TillOrder): Markup {
  const { outTradeNo, totalFee, currency, createdAt, state, kept, remedy, why, next, knownBy } = order;
  const kind = ANSWERS[state];
  const until = knownBy
    ? ({ word: 'known-in', at: knownBy } as const)
    : next && ({ word: 'next-in', at: next.at } as const);
  const shown = answer(language, {
    kind,
    amount: formatMoney(totalFee, currency),
    remedy,
    ...(why && { why }),
    ...(until && kind === 'wait' && { until }),
  });
  return html`<li
    id="order-${outTradeNo}"
    data-order="${outTradeNo}"
    data-state="${state}"
    data-answer="${kind}"
    data-kept="${kept ?? ''}"
  >
    <details>
      <summary>
        ${shown}
        <span class="what">${whatOf(language, order)} ${time(createdAt)}</span>
      </summary>
      ${more(language, order)}
    </details>
  </li>`;
}

/** What is folded away. */
function more(language: Language, order: TillOrder): Markup {
  const { outTradeNo, transactionId, currency, kept, steps, next, refunds } = order;
  const t = (word: Word): string => say(language, word);
  const has = kept === undefined ? t('not-known') : formatMoney(kept, currency);
  return html`<p>${t('shop-has')} <b>${has}</b></p>
    <ol>
      ${steps.map(({ at, what }) => html`<li>${time(at)} ${say(language, what)}</li>`)}
      ${next ? html`<li class="next">${time(next.at)} ${say(language, next.what)}</li>` : NOTHING}
    </ol>
    <p class="number">${t('number')} ${outTradeNo}</p>
    ${transactionId === undefined ? NOTHING : html`<p class="number">${t('transaction')} ${transactionId}</p>`}
    ${refunds.map(
      ({ outRefundNo, refundFee }) =>
        html`<p class="number">${t('refund')} ${formatMoney(refundFee, currency)}: ${outRefundNo}</p>`,
    )}
    <p class="buttons">${buttons(language, order)}</p>`;
}

function buttons(language: Language, order: TillOrder): Markup {
  const { outTradeNo, subMerchantId, totalFee, state, kept = totalFee, currency } = order;
  const path = `/orders/${encodeURIComponent(outTradeNo)}`;
  const ask = html`<button data-get="${path}">${say(language, 'ask')}</button>`;
  if (state === 'paying') return NOTHING;
  if (ANSWERS[state] === 'attention')
    return html`<a href="/attention?lang=${language}">${say(language, 'answer-attention')}</a>`;
  if (state !== 'paid' || kept <= 0) return ask;
  const refund = {
    path: `${path}/refund`,
    outTradeNo,
    ...(subMerchantId !== undefined && { subMerchantId }),
    what: whatOf(language, order),
    totalFee,
    kept,
    currency,
    digits: minorDigits(currency),
  };
  return html`<button data-refund="${JSON.stringify(refund)}">${say(language, 'refund')}</button> ${ask}`;
}

function whatOf(language: Language, { description, product }: TillOrder): string {
  return description ?? say(language, product === 'unified-order' ? 'by-qr-code' : 'before-restart');
}

function time(at: Date): Markup {
  return html`<time datetime="${at.toISOString()}">${at.toTimeString().slice(0, 8)}</time>`;
}
