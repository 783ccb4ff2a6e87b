import {
  columnsOf,
  summaryOf,
  type Cell,
  type StatementEdition,
  type StatementType,
  type SummaryCell,
} from './editions.js';
import type { StatementEntry } from './entries.js';
import { decimals, feeOf, majorUnits, sumUnits } from './money.js';

/** A statement as a table, before it is text: faults change it here. */
export interface StatementTable {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly summaryHeader: readonly string[];
  readonly summary: readonly string[];
}

export interface Writing {
  readonly edition: StatementEdition;
  readonly type: StatementType;
  readonly appId: string;
  /** How old editions write what was refunded. */
  readonly refundSign: '' | '-';
}

/** Lays the entries of a day out in the columns of an edition. */
export function tabulate(entries: readonly StatementEntry[], writing: Writing): StatementTable {
  const columns = columnsOf(writing.edition, writing.type);
  const summary = summaryOf(writing.edition);
  return {
    header: columns.map(([name]) => name),
    rows: entries.map((entry) => columns.map(([, cell]) => cellOf(cell, entry, writing))),
    summaryHeader: summary.map(([name]) => name),
    summary: summary.map(([, cell]) => sumOf(cell, entries, writing)),
  };
}

/** Text as the gateway sends it. */
export function toText(table: StatementTable, lineEnd: '\r\n' | '\n', byteOrderMark: boolean): string {
  const row = (cells: readonly string[]): string => cells.map((cell) => `\`${cell}`).join(',');
  const lines = [table.header.join(','), ...table.rows.map(row), table.summaryHeader.join(','), row(table.summary)];
  return `${byteOrderMark ? '\uFEFF' : ''}${lines.join(lineEnd)}${lineEnd}`;
}

function cellOf(cell: Cell, entry: StatementEntry, { appId, refundSign }: Writing): string {
  const { facts, particulars } = entry.order;
  const { currency } = facts;
  const isRefund = entry.state === 'REFUND';
  switch (cell) {
    case 'time':
      return beijing(entry.at);
    case 'appId':
      return entry.order.product?.appId ?? appId;
    case 'merchantId':
      return facts.merchantId;
    case 'subMerchantId':
      return facts.subMerchantId ?? '0';
    case 'deviceInfo':
      return particulars.deviceInfo ?? '';
    case 'transactionId':
      return facts.transactionId;
    case 'outTradeNo':
      return facts.outTradeNo;
    case 'openId':
      return particulars.openId;
    case 'tradeType':
      return entry.order.product?.tradeType ?? 'MICROPAY';
    case 'tradeState':
      return entry.state;
    case 'bankType':
      return 'OTHERS';
    case 'currency':
      return currency;
    case 'total':
      return majorUnits(BigInt(entry.total), currency);
    case 'coupon':
    case 'couponRefund':
      return majorUnits(0n, currency);
    case 'appliedAt':
    case 'refundedAt':
      return entry.refund > 0 ? beijing(entry.at) : '';
    case 'refundId':
      return entry.refundId ?? '0';
    case 'outRefundNo':
      return entry.outRefundNo ?? '0';
    case 'refund':
      return majorUnits(BigInt(entry.refund), currency, refundSign);
    case 'refundType':
      return isRefund ? 'ORIGINAL' : '';
    case 'refundStatus':
      return entry.refund > 0 ? 'SUCCESS' : '';
    case 'body':
      return particulars.body ?? '';
    case 'attach':
      return particulars.attach ?? '';
    case 'fee':
      return decimals(feeIn(entry), 5);
    case 'feeRate':
      return '0.60%';
    case 'feeRateNote':
      return '';
    case 'rate':
    case 'refundRate':
      return facts.rate ?? '';
    case 'refundCurrency':
      return entry.refund > 0 ? currency : '';
  }
}

function sumOf(cell: SummaryCell, entries: readonly StatementEntry[], { refundSign }: Writing): string {
  const sum = (value: (entry: StatementEntry) => bigint): bigint =>
    entries.reduce((total, entry) => total + value(entry), 0n);
  switch (cell) {
    case 'count':
      return String(entries.length);
    case 'total':
      return decimals(
        sum(({ total, order }) => sumUnits(BigInt(total), order.facts.currency)),
        2,
      );
    case 'refund': {
      const refunded = sum(({ refund, order }) => sumUnits(BigInt(refund), order.facts.currency));
      return decimals(refundSign === '-' ? -refunded : refunded, 2);
    }
    case 'couponRefund':
      return '0.00';
    case 'fee':
      return decimals(sum(feeIn), 5);
  }
}

/** What is charged for a payment is returned, in part, with a refund. */
function feeIn({ total, refund, order }: StatementEntry): bigint {
  const { currency } = order.facts;
  return feeOf(BigInt(total), currency) - feeOf(BigInt(refund), currency);
}

function beijing(at: Date): string {
  return new Date(at.getTime() + 8 * 60 * 60 * 1_000).toISOString().slice(0, 19).replace('T', ' ');
}
