import type { Cells } from './cells.js';
import { createCellReaders, type Sums } from './cell-readers.js';
import type { Header } from './header.js';
import type { StatementRow } from './row.js';

export interface RowReader {
  /** @throws {UnreadableCell} */
  read(cells: Cells, line: number): StatementRow;
  /** Of all rows read so far. */
  readonly sums: Sums;
}

/** Reads the rows of one file. Every row has the same shape, and is built without a lookup by name: there may be millions. */
export function createRowReader(header: Header): RowReader {
  const { indexes } = header;
  const readers = createCellReaders(header);
  const { next, digitsOf, fail, text, required, number, time, currency, informing, amount, fee, raw } = readers;
  let lastState = '';
  const of = {
    tradeTime: time('tradeTime'),
    appId: text('appId'),
    merchantId: text('merchantId'),
    subMerchantId: number('subMerchantId'),
    deviceInfo: text('deviceInfo'),
    transactionId: required('transactionId'),
    outTradeNo: required('outTradeNo'),
    openId: text('openId'),
    tradeType: text('tradeType'),
    tradeState: required('tradeState'),
    bankType: text('bankType'),
    currency: required('currency'),
    totalFee: amount('totalFee'),
    settlementTotalFee: (indexes.settlementCurrency < 0 ? amount : informing)('settlementTotalFee'),
    couponFee: amount('couponFee'),
    refundAppliedAt: time('refundAppliedAt'),
    refundedAt: time('refundedAt'),
    refundId: number('refundId'),
    outRefundNo: text('outRefundNo'),
    refundFee: amount('refundFee'),
    requestedRefundFee: amount('requestedRefundFee'),
    couponRefundFee: amount('couponRefundFee'),
    // What is no currency is refused where an amount stands beside it.
    refundsAreIn: number('refundCurrency'),
    refundCurrency: currency('refundCurrency'),
    refundType: text('refundType'),
    refundStatus: text('refundStatus'),
    body: text('body'),
    attach: text('attach'),
    fee: fee(),
    feeRate: text('feeRate'),
    feeRateNote: text('feeRateNote'),
    cashFee: informing('cashFee'),
    cashCurrency: currency('cashCurrency'),
    cashRefundFee: informing('cashRefundFee'),
    cashRefundCurrency: currency('cashRefundCurrency'),
    settlementCurrency: currency('settlementCurrency'),
    settlementRefundFee: informing('settlementRefundFee'),
    settlementRefundCurrency: currency('settlementRefundCurrency'),
    exchangeRate: text('exchangeRate'),
    refundExchangeRate: text('refundExchangeRate'),
  };

  return {
    sums: readers.sums,
    read(row, line) {
      next(row.cells);
      const orderCurrency = of.currency();
      if (digitsOf(orderCurrency) === undefined) fail('currency', 'must be a currency of ISO 4217');
      const tradeState = of.tradeState();
      if (tradeState !== lastState && !STATE.test(tradeState)) fail('tradeState', 'must be a state, as in SUCCESS');
      lastState = tradeState;
      const refundId = of.refundId();
      const outRefundNo = of.outRefundNo();
      const ofRefund = of.refundsAreIn() ?? orderCurrency;
      const refundCurrency = of.refundCurrency();
      const settlementCurrency = of.settlementCurrency();
      const cashCurrency = of.cashCurrency();
      const cashRefundCurrency = of.cashRefundCurrency();
      const settlementRefundCurrency = of.settlementRefundCurrency();
      return {
        line,
        tradeTime: of.tradeTime() ?? fail('tradeTime', 'must not be empty'),
        appId: of.appId(),
        merchantId: of.merchantId(),
        subMerchantId: of.subMerchantId(),
        deviceInfo: of.deviceInfo(),
        transactionId: of.transactionId(),
        outTradeNo: of.outTradeNo(),
        openId: of.openId(),
        tradeType: of.tradeType(),
        tradeState,
        bankType: of.bankType(),
        currency: orderCurrency,
        totalFee: of.totalFee(orderCurrency),
        settlementTotalFee: of.settlementTotalFee(indexes.settlementCurrency < 0 ? orderCurrency : settlementCurrency),
        couponFee: of.couponFee(orderCurrency),
        refundAppliedAt: of.refundAppliedAt(),
        refundedAt: of.refundedAt(),
        refundId,
        outRefundNo: refundId === undefined && outRefundNo === '0' ? undefined : outRefundNo,
        refundFee: magnitude(of.refundFee(ofRefund)),
        requestedRefundFee: magnitude(of.requestedRefundFee(ofRefund)),
        couponRefundFee: magnitude(of.couponRefundFee(ofRefund)),
        refundCurrency,
        refundType: of.refundType(),
        refundStatus: of.refundStatus(),
        body: of.body(),
        attach: of.attach(),
        unsplit: row.unsplit,
        fee: of.fee(),
        feeRate: of.feeRate(),
        feeRateNote: of.feeRateNote(),
        cashFee: of.cashFee(cashCurrency),
        cashCurrency,
        cashRefundFee: magnitude(of.cashRefundFee(cashRefundCurrency)),
        cashRefundCurrency,
        settlementCurrency,
        settlementRefundFee: magnitude(of.settlementRefundFee(settlementRefundCurrency)),
        settlementRefundCurrency,
        exchangeRate: of.exchangeRate(),
        refundExchangeRate: of.refundExchangeRate(),
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
