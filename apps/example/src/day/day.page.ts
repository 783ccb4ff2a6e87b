import type { DayWords } from './day.words.js';
import { SAMPLE, type Day, type DayDifference, type Which } from './days.js';
import { html, NOTHING, type Markup } from '../http/html.js';
import { renderShell, tokenField } from '../http/shell.js';
import { formatMoney } from '../till/money.js';

/** More than these are in the downloads. */
const MAX_SHOWN = 200;

interface Shown {
  /** As it was asked for: a day, or the sample. */
  readonly date: string;
  readonly day: Day | undefined;
  readonly hasSample: boolean;
}

/** The page of a day: see public/day.js. */
export function renderDay(words: DayWords, { date, day, hasSample }: Shown): string {
  const name = day?.date ?? (date === SAMPLE ? '' : date);
  const main = html`<main data-date="${date}" data-lang="${words.language}" lang="${words.code}">
    <section id="which">
      <form id="day">
        <label>${words.day} <input name="date" type="date" required value="${isoOf(name)}" /></label>
        <button>${words.show}</button>
      </form>
      <button id="reconcile">${words.reconcile}</button>
      ${hasSample && date !== SAMPLE ? html`<p><a href="/day?date=${SAMPLE}&lang=${words.language}">${words.sample}</a></p>` : NOTHING}
      ${tokenField(words.language)}
    </section>
    <section id="result">
      <p id="message" role="alert"></p>
      ${date === SAMPLE ? html`<p>${words.sampleMore}</p>` : NOTHING}
      ${day ? result(words, date, day) : html`<p>${words.none}</p>`}
    </section>
  </main>`;
  return renderShell({
    language: words.language,
    page: 'day',
    title: `${words.title} ${name}`,
    heading: html`${words.title} <small>${isoOf(name)}</small>`,
    path: `/day?date=${date}`,
    styles: ['day.css'],
    script: 'day.js',
    main,
  });
}

function result(words: DayWords, date: string, day: Day): Markup {
  const { totals } = words;
  const { rows, agreed, differing, differences, statement } = day;
  const forPerson = differences.filter(isForPerson).length;
  const numbers: [string, string, number][] = [
    ['rows', totals.rows, rows],
    ['agreed', totals.agreed, agreed],
    ['differing', totals.differing, differing],
    ['forPerson', totals.forPerson, forPerson],
  ];
  const shown = [...differences].sort((a, b) => ORDER[a.status] - ORDER[b.status]).slice(0, MAX_SHOWN);
  const { totalFee, refundFee, fee } = statement?.sums ?? {};
  const sums = [
    [totals.paid, totalFee],
    [totals.refunded, refundFee],
    [totals.fees, fee],
  ].flatMap(([name = '', sum]) => (sum === undefined ? [] : [`${name} ${sum}`]));
  return html`<dl id="totals">
      ${numbers.map(
        ([id, name, value]) =>
          html`<div data-total="${id}">
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    ${sums.length === 0 ? NOTHING : html`<p class="sums">${totals.sums}: ${sums.join(', ')}</p>`}
    <p>
      ${words.downloads}
      <a href="/days/${date}/differences.csv" download="${day.date}.csv">CSV</a>
      <a href="/days/${date}" download="${day.date}.json">JSON</a>
    </p>
    <h2>${words.differences}</h2>
    ${differing === 0 ? html`<p>${words.allAgreed}</p>` : NOTHING}
    <ul id="differences" aria-label="${words.differences}">
      ${shown.map((difference) => item(words, difference))}
    </ul>
    ${differing > shown.length ? html`<p>${shown.length} / ${differing}</p>` : NOTHING}`;
}

/** What needs a person comes first. */
const ORDER: Readonly<Record<DayDifference['status'], number>> = {
  'needs-person': 0,
  asking: 1,
  carried: 2,
  acknowledged: 3,
  matched: 4,
};

function isForPerson({ status }: DayDifference): boolean {
  return status === 'needs-person';
}

function item(words: DayWords, difference: DayDifference): Markup {
  const { class: of, kind, outTradeNo, outRefundNo, totalFee, currency, line, twin, status, orderNow } = difference;
  const { done, left } = remedyOf(words, difference);
  // The row of a reversal has none.
  const amount = totalFee && currency ? formatMoney(totalFee, currency) : '';
  const facts: [string, string | undefined][] = [
    [words.ours, valueOf(difference.expected, currency)],
    [words.theirs, valueOf(difference.found, currency)],
    [words.twin, twin],
    [words.orderNow, orderNow && words.nows[orderNow]],
    [words.done, done],
    [words.left, left ?? words.nothingLeft],
  ];
  return html`<li data-class="${of}" data-kind="${kind}" data-order="${outTradeNo}" data-status="${status}">
    <h3>${words.classes[of]} <strong>${amount}</strong></h3>
    <p class="number">
      ${words.kinds[kind]} ${outTradeNo} ${outRefundNo ?? ''}${line === undefined ? '' : ` · ${line}`}
    </p>
    <dl>
      ${facts.map(([name, value]) =>
        value === undefined
          ? NOTHING
          : html`<dt>${name}</dt>
              <dd>${value}</dd>`,
      )}
    </dl>
    ${isForPerson(difference) ? acknowledgement(words, difference) : NOTHING}
  </li>`;
}

function acknowledgement(words: DayWords, difference: DayDifference): Markup {
  const { class: of, kind, outTradeNo, outRefundNo, line, subMerchantId } = difference;
  const which: Which = {
    ...{ class: of, kind, outTradeNo },
    ...(outRefundNo !== undefined && { outRefundNo }),
    ...(line !== undefined && { line }),
    ...(subMerchantId !== undefined && { ofSubMerchantId: subMerchantId }),
  };
  return html`<form class="acknowledge" data-which="${JSON.stringify(which)}">
    <label>${words.note} <input name="note" maxlength="500" required /></label>
    <button>${words.looked}</button>
  </form>`;
}

function remedyOf(
  words: DayWords,
  { status, why, matchedIn, acknowledged }: DayDifference,
): { readonly done: string; readonly left?: string } {
  if (status === 'needs-person') return words.whys[why ?? 'answer-decides-nothing'];
  const remedy = words.statuses[status];
  const more =
    status === 'matched' ? isoOf(matchedIn ?? '') : status === 'acknowledged' ? (acknowledged?.note ?? '') : '';
  return { ...remedy, done: `${remedy.done} ${more}`.trim() };
}

function valueOf(value: string | number | undefined, currency: string | undefined): string | undefined {
  return typeof value === 'number' && currency ? formatMoney(value, currency) : value?.toString();
}

/** 20260301 as 2026-03-01. */
function isoOf(date: string): string {
  return date.replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
}
