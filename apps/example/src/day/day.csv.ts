import { majorUnits } from '../till/money.js';
import type { Day, DayDifference } from './days.js';

const COLUMNS: readonly (readonly [name: string, value: (difference: DayDifference) => string | number | undefined])[] =
  [
    ['class', (difference) => difference.class],
    ['kind', ({ kind }) => kind],
    ['outTradeNo', ({ outTradeNo }) => outTradeNo],
    ['subMerchantId', ({ subMerchantId }) => subMerchantId],
    ['transactionId', ({ transactionId }) => transactionId],
    ['outRefundNo', ({ outRefundNo }) => outRefundNo],
    [
      'amount',
      ({ totalFee, currency }) => (totalFee !== undefined && currency ? majorUnits(totalFee, currency) : undefined),
    ],
    ['currency', ({ currency }) => currency],
    ['expected', ({ expected }) => expected],
    ['found', ({ found }) => found],
    ['twin', ({ twin }) => twin],
    ['line', ({ line }) => line],
    ['status', ({ status }) => status],
    ['why', ({ why }) => why],
    ['matchedIn', ({ matchedIn }) => matchedIn],
    ['orderNow', ({ orderNow }) => orderNow],
    ['acknowledgedBy', ({ acknowledged }) => acknowledged?.actor],
    ['note', ({ acknowledged }) => acknowledged?.note],
  ];

/** The differences of a day, one a line, by RFC 4180; `expected` and `found` as the JSON has them, amounts in the minor unit. */
export function toCsv({ date, differences }: Day): string {
  const header = ['date', ...COLUMNS.map(([name]) => name)];
  const lines = differences.map((difference) => [date, ...COLUMNS.map(([, value]) => cell(value(difference)))]);
  // With the mark, spreadsheets read it as UTF-8.
  return `\uFEFF${[header, ...lines].map((cells) => `${cells.join(',')}\r\n`).join('')}`;
}

/** What begins as a formula does not run in a spreadsheet, whoever has written it. */
function cell(value: string | number | undefined): string {
  if (typeof value === 'number') return String(value);
  const text = value ?? '';
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
