import { quoted } from '../call/untrusted-text.js';
import { readBeijingTime } from './beijing.js';
import type { Cells } from './cells.js';
import { AMOUNTS, type Column } from './columns.js';
import { DecimalReader, ExactSum, toInteger } from './decimal.js';
import type { Header } from './header.js';
import { minorUnitDigits } from './minor-unit.js';
import type { StatementRow } from './row.js';

/** Why a row cannot be read. */
export class UnreadableCell extends TypeError {
  constructor(
    readonly column: string,
    problem: string,
  ) {
    super(problem);
  }
}

/** What the summary is compared with: each column as the file writes it, in the major unit. */
export type Sums = Readonly<Record<keyof typeof AMOUNTS | 'fee', ExactSum>>;

export interface RowReader {
  /** @throws {UnreadableCell} */
  read(cells: Cells, line: number): StatementRow;
  /** Of all rows read so far. */
  readonly sums: Sums;
}

/** Reads the rows of one file. Every row has the same shape, and is built without a lookup by name: there may be millions. */
export function createRowReader({ names, indexes, unknown }: Header): RowReader {
  const decimal = new DecimalReader();
  const sums = newSums();
  let cells: readonly string[] = [];
  /** Of the row. */
  let unread: [index: number, name: string][] = [];

  const keep = (column: Column): void => {
    unread.push([indexes[column], names[indexes[column]] ?? column]);
  };
  const text = (column: Column): string | undefined => {
    const value = cells[indexes[column]];
    return value === '' ? undefined : value;
  };
  const fail = (column: Column, must: string): never => {
    const index = indexes[column];
    throw new UnreadableCell(names[index] ?? column, `${must}; it is ${quoted(cells[index] ?? '', 64)}`);
  };
  const required = (column: Column): string => text(column) ?? fail(column, 'must not be empty');
  const number = (column: Column): string | undefined => {
    const value = text(column);
    return value === '0' ? undefined : value;
  };
  const requiredTime = (column: Column): Date => {
    const time = readBeijingTime(required(column));
    return Number.isNaN(time) ? fail(column, 'must be a time, as in 2026-03-01 23:59:58') : new Date(time);
  };
  const time = (column: Column): Date | undefined => (text(column) === undefined ? undefined : requiredTime(column));
  /** Of an amount that informs: what is no currency is kept as it is. */
  const currency = (column: Column): string | undefined => {
    const code = number(column);
    if (code === undefined || minorUnitDigits(code) !== undefined) return code;
    keep(column);
    return undefined;
  };
  /** What only informs must not have a whole statement refused, of an edition that no public sample shows. */
  const informing = (column: keyof typeof AMOUNTS, code: string | undefined): number | undefined => {
    const value = text(column);
    if (value === undefined) return undefined;
    const digits = code === undefined ? undefined : minorUnitDigits(code);
    if (decimal.read(value)) {
      sums[column].add(decimal.value, decimal.scale);
      if (decimal.value === 0) return 0;
      const minor = digits === undefined ? undefined : toInteger(decimal.value, decimal.scale, digits);
      if (minor !== undefined) return minor;
    }
    keep(column);
    return undefined;
  };
  const amount = (column: keyof typeof AMOUNTS, code: string | undefined): number | undefined => {
    const value = text(column);
    if (value === undefined) return undefined;
    if (!decimal.read(value)) return fail(column, 'must be a decimal of at most 15 digits');
    sums[column].add(decimal.value, decimal.scale);
    if (decimal.value === 0) return 0;
    const digits = code === undefined ? undefined : minorUnitDigits(code);
    if (digits === undefined) return fail(column, 'must have a currency');
    return (
      toInteger(decimal.value, decimal.scale, digits) ??
      fail(column, `must be whole in the minor unit of ${code ?? ''}`)
    );
  };
  const fee = (): string | undefined => {
    const value = text('fee');
    if (value === undefined) return undefined;
    if (!decimal.read(value)) return fail('fee', 'must be a decimal of at most 15 digits');
    sums.fee.add(decimal.value, decimal.scale);
    return value;
  };
  const raw = (): StatementRow['raw'] => {
    if (unknown.length === 0 && unread.length === 0) return NOTHING;
    return Object.fromEntries([...unknown, ...unread].map(([index, name]) => [name, cells[index] ?? '']));
  };

  return {
    sums,
    read(row, line) {
      cells = row.cells;
      unread = [];
      const orderCurrency = required('currency');
      if (minorUnitDigits(orderCurrency) === undefined) fail('currency', 'must be a currency of ISO 4217');
      const refundId = number('refundId');
      // What is no currency is refused where an amount stands beside it.
      const ofRefund = number('refundCurrency') ?? orderCurrency;
      const refundCurrency = currency('refundCurrency');
      const settlementCurrency = currency('settlementCurrency');
      const cashCurrency = currency('cashCurrency');
      const cashRefundCurrency = currency('cashRefundCurrency');
      const settlementRefundCurrency = currency('settlementRefundCurrency');
      return {
        line,
        tradeTime: requiredTime('tradeTime'),
        appId: text('appId'),
        merchantId: text('merchantId'),
        subMerchantId: number('subMerchantId'),
        deviceInfo: text('deviceInfo'),
        transactionId: required('transactionId'),
        outTradeNo: required('outTradeNo'),
        openId: text('openId'),
        tradeType: text('tradeType'),
        tradeState: STATE.test(required('tradeState'))
          ? required('tradeState')
          : fail('tradeState', 'must be a state, as in SUCCESS'),
        bankType: text('bankType'),
        currency: orderCurrency,
        totalFee: amount('totalFee', orderCurrency),
        settlementTotalFee:
          indexes.settlementCurrency < 0
            ? amount('settlementTotalFee', orderCurrency)
            : informing('settlementTotalFee', settlementCurrency),
        couponFee: amount('couponFee', orderCurrency),
        refundAppliedAt: time('refundAppliedAt'),
        refundedAt: time('refundedAt'),
        refundId,
        outRefundNo: refundId === undefined ? number('outRefundNo') : text('outRefundNo'),
        refundFee: magnitude(amount('refundFee', ofRefund)),
        requestedRefundFee: magnitude(amount('requestedRefundFee', ofRefund)),
        couponRefundFee: magnitude(amount('couponRefundFee', ofRefund)),
        refundCurrency,
        refundType: text('refundType'),
        refundStatus: text('refundStatus'),
        body: text('body'),
        attach: text('attach'),
        unsplit: row.unsplit,
        fee: fee(),
        feeRate: text('feeRate'),
        feeRateNote: text('feeRateNote'),
        cashFee: informing('cashFee', cashCurrency),
        cashCurrency,
        cashRefundFee: magnitude(informing('cashRefundFee', cashRefundCurrency)),
        cashRefundCurrency,
        settlementCurrency,
        settlementRefundFee: magnitude(informing('settlementRefundFee', settlementRefundCurrency)),
        settlementRefundCurrency,
        exchangeRate: text('exchangeRate'),
        refundExchangeRate: text('refundExchangeRate'),
        raw: raw(),
      };
    },
  };
}

/** Some editions write what was refunded with a minus. */
function magnitude(value: number | undefined): number | undefined {
  return value === undefined || value >= 0 ? value : -value;
}

const STATE = /^[A-Z][A-Z_]{0,31}$/;
const NOTHING: StatementRow['raw'] = Object.freeze({});

function newSums(): Sums {
  const columns = [...(Object.keys(AMOUNTS) as (keyof typeof AMOUNTS)[]), 'fee' as const];
  return Object.fromEntries(columns.map((column) => [column, new ExactSum()])) as unknown as Sums;
}
