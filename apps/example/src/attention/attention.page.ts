import { html, NOTHING, type Markup } from '../http/html.js';
import type { Language } from '../http/language.js';
import { confirmDialog, renderShell, tokenField } from '../http/shell.js';
import { formatMoney } from '../till/money.js';
import { orderOf, refundOf, type Dead } from './attention.js';
import { attentionWord, type AttentionWord } from './attention.words.js';
import { knownText } from './known.js';

/** What needs a person, with what a person can do about it. */
export function renderAttention(language: Language, dead: readonly Dead[]): string {
  const t = (word: AttentionWord): string => attentionWord(language, word);
  const [open, resolved] = [dead.filter((one) => !one.isResolved), dead.filter((one) => one.isResolved)];
  const main = html`<main>
      <section>
        <p>${open.length === 0 ? t('none') : t('intro')}</p>
        <p id="message" role="alert"></p>
        <ul id="dead">
          ${open.map((one) => item(language, one))}
        </ul>
        ${
          resolved.length === 0
            ? NOTHING
            : html`<details id="resolved">
                <summary>${t('resolved')} (${resolved.length})</summary>
                <p>${t('resolved-more')}</p>
                <ul>
                  ${resolved.map((one) => item(language, one))}
                </ul>
              </details>`
        }
      </section>
      ${tokenField(language)}
    </main>
    ${confirmDialog(t('cancel'))}`;
  return renderShell({
    language,
    page: 'attention',
    title: t('title'),
    heading: t('title'),
    path: '/attention',
    styles: ['attention.css'],
    script: 'attention.js',
    main,
    words: { question: t('question') },
  });
}

/** What a person can do: what becomes of the money is said before it is done. */
interface Deed {
  readonly way: string;
  readonly label: AttentionWord;
  readonly path: string;
  readonly body: object;
  /** Money may move: it is asked for once more. */
  readonly isAsked: boolean;
}

function item(language: Language, dead: Dead): Markup {
  const { row, summary, timeline } = dead;
  const t = (word: AttentionWord): string => attentionWord(language, word);
  const path = pathOf(row);
  const number = row.kind === 'refund' ? row.state.request.outRefundNo : row.state.order.outTradeNo;
  return html`<li data-number="${number}">
    <h2>${headingOf(language, row)} <strong>${moneyOf(language, row)}</strong></h2>
    <p>${knownText(language, dead)}</p>
    <p class="number">
      ${row.kind === 'refund' ? html`${t('refund')} ${number}. ${t('refund-of')} ${row.order.outTradeNo}` : html`${t('order')} ${number}`}
    </p>
    ${deedsOf(language, row).map(
      ({ way, label, path, body, isAsked }) =>
        html`<p class="deed">
          <span>${way}</span>
          <button
            data-post="${path}"
            data-body="${JSON.stringify(body)}"
            ${isAsked ? html`data-question="${way}"` : NOTHING}
          >
            ${t(label)}
          </button>
        </p>`,
    )}
    <form class="note" data-post="${path}/note" autocomplete="off">
      <p class="wide">${t('way-note')}</p>
      <label>${t('note')} <input name="note" required maxlength="900" /></label>
      <label>${t('who')} <input name="actor" required maxlength="64" /></label>
      <button>${t('do-note')}</button>
    </form>
    <details>
      <summary>${t('journal')}</summary>
      <p lang="en">${summary}</p>
      <ol lang="en">
        ${timeline.map(({ at, text }) => html`<li><time datetime="${at.toISOString()}">${clockTime(at)}</time> ${text}</li>`)}
      </ol>
    </details>
  </li>`;
}

function deedsOf(language: Language, row: Dead['row']): Deed[] {
  const path = `${pathOf(row)}/redrive`;
  const money = moneyOf(language, row);
  const way = (word: AttentionWord, amount = money): string => attentionWord(language, word, amount);
  if (row.kind === 'refund') {
    const { subMerchantId } = refundOf(row);
    const body = { ...(subMerchantId !== undefined && { subMerchantId }) };
    return [{ way: way('way-refund-ask'), label: 'do-refund-ask', path, body, isAsked: true }];
  }
  const { outcome, state } = row;
  const { subMerchantId } = orderOf(row);
  const sub = subMerchantId === undefined ? {} : { subMerchantId };
  const { paid, remaining = paid?.totalFee } = outcome && 'amounts' in outcome ? (outcome.amounts ?? {}) : {};
  const currency = paid?.currency ?? state.currency;
  const found = remaining === undefined || currency === undefined ? money : formatMoney(remaining, currency);
  const isReversing = state.policy.ifPaid === 'reverse';
  const ask: Deed = {
    way: way(isReversing ? 'way-ask-reverse' : 'way-ask-keep'),
    label: 'do-ask',
    path,
    body: sub,
    isAsked: isReversing,
  };
  const all = { ifPaid: 'reverse', refundWhenExpired: true, ifAmountDiffers: 'accept' };
  const reverse: Deed = {
    way: way('way-reverse', found),
    label: 'do-reverse',
    path,
    body: { ...sub, ...all },
    isAsked: true,
  };
  if (outcome?.kind === 'refund-required') return [reverse];
  if (outcome?.kind !== 'needs-attention' || !paid) return [ask, reverse];
  const body = { ...sub, ifAmountDiffers: 'accept' };
  return [{ way: way('way-accept', found), label: 'do-accept', path, body, isAsked: true }, reverse];
}

function pathOf(row: Dead['row']): string {
  return row.kind === 'refund'
    ? `/durable-refunds/${encodeURIComponent(row.state.request.outRefundNo)}`
    : `/durable-orders/${encodeURIComponent(row.state.order.outTradeNo)}`;
}

function headingOf(language: Language, { kind, endedAt }: Dead['row']): string {
  const since = endedAt ? clockTime(endedAt) : '';
  return attentionWord(language, kind === 'refund' ? 'refund-since' : 'order-since', since);
}

/** By this machine's calendar, as in 2026-11-27 18:06:46. */
function clockTime(at: Date): string {
  return at.toLocaleString('sv-SE');
}

function moneyOf(language: Language, row: Dead['row']): string {
  const [amount, currency] =
    row.kind === 'refund'
      ? [row.state.request.refundFee, row.state.request.refundCurrency]
      : [row.state.totalFee, row.state.currency];
  if (amount === undefined || currency === undefined) return attentionWord(language, 'not-known');
  return formatMoney(amount, currency);
}
