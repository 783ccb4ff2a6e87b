/** What a cell shows. */
export type Cell =
  | 'time'
  | 'appId'
  | 'merchantId'
  | 'subMerchantId'
  | 'deviceInfo'
  | 'transactionId'
  | 'outTradeNo'
  | 'openId'
  | 'tradeType'
  | 'tradeState'
  | 'bankType'
  | 'currency'
  | 'total'
  | 'coupon'
  | 'appliedAt'
  | 'refundedAt'
  | 'refundId'
  | 'outRefundNo'
  | 'refund'
  | 'couponRefund'
  | 'refundType'
  | 'refundStatus'
  | 'body'
  | 'attach'
  | 'fee'
  | 'feeRate'
  | 'feeRateNote'
  | 'rate'
  | 'refundRate'
  | 'refundCurrency';

/** A number of the summary. */
export type SummaryCell = 'count' | 'total' | 'refund' | 'couponRefund' | 'fee';

export type StatementType = 'ALL' | 'SUCCESS' | 'REFUND' | 'REVOKED';

/**
 * How a statement is written:
 *
 * - `current`: 27 columns (ALL), 20 (SUCCESS), 29 (REFUND), as since 2019.
 * - `red-packet` and `coupon`: the two older editions, of 24, 18 and 26 columns, in the words of 2016 and before.
 * - `english`: 35 columns, as an overseas account may get. Names of columns as read from programs that parse it; the names in its
 *   summary are made up, except the first.
 */
export const statementEditions = ['current', 'red-packet', 'coupon', 'english'] as const;

export type StatementEdition = (typeof statementEditions)[number];

export type Columns = readonly (readonly [name: string, cell: Cell])[];

const start = (subMerchant: string): Columns => [
  ['交易时间', 'time'],
  ['公众账号ID', 'appId'],
  ['商户号', 'merchantId'],
  [subMerchant, 'subMerchantId'],
  ['设备号', 'deviceInfo'],
  ['微信订单号', 'transactionId'],
  ['商户订单号', 'outTradeNo'],
  ['用户标识', 'openId'],
  ['交易类型', 'tradeType'],
  ['交易状态', 'tradeState'],
  ['付款银行', 'bankType'],
  ['货币种类', 'currency'],
];

const chinese = (
  words: { subMerchant: string; total: string; coupon: string; couponRefund: string },
  type: StatementType,
  end: { requested: Columns; order: Columns },
): Columns => [
  ...start(words.subMerchant),
  [words.total, 'total'],
  [words.coupon, 'coupon'],
  ...(type === 'REFUND'
    ? ([
        ['退款申请时间', 'appliedAt'],
        ['退款成功时间', 'refundedAt'],
      ] as const)
    : []),
  ...(type === 'SUCCESS'
    ? []
    : ([
        ['微信退款单号', 'refundId'],
        ['商户退款单号', 'outRefundNo'],
        ['退款金额', 'refund'],
        [words.couponRefund, 'couponRefund'],
        ['退款类型', 'refundType'],
        ['退款状态', 'refundStatus'],
      ] as const)),
  ['商品名称', 'body'],
  ['商户数据包', 'attach'],
  ['手续费', 'fee'],
  ['费率', 'feeRate'],
  ...end.order,
  ...(type === 'SUCCESS' ? [] : end.requested),
  ...(end.order.length > 0 ? ([['费率备注', 'feeRateNote']] as const) : []),
];

const english: Columns = [
  ['Transaction time', 'time'],
  ['official account ID (appid)', 'appId'],
  ['vendor ID (mch_id)', 'merchantId'],
  ['sub vendor ID (sub_mch_id)', 'subMerchantId'],
  ['device ID (Device_info)', 'deviceInfo'],
  ['wechat order number (transaction_id)', 'transactionId'],
  ['vendor order number (out_transaction_id)', 'outTradeNo'],
  ['user tag (openid)', 'openId'],
  ['transaction type (trade_type)', 'tradeType'],
  ['transaction status (trade_state)', 'tradeState'],
  ['payment bank (bank_type)', 'bankType'],
  ['currency type (fee_type)', 'currency'],
  ['total amount (total_fee)', 'total'],
  ['coupon amount', 'coupon'],
  ['wechat refund number (refund_id)', 'refundId'],
  ['vendor refund number (out_refund_no)', 'outRefundNo'],
  ['refund amount (refund_fee)', 'refund'],
  ['coupon refund amount', 'couponRefund'],
  ['refund type', 'refundType'],
  ['refund status (refund_status_$n)', 'refundStatus'],
  ['product name', 'body'],
  ["vendor's data package (attach)", 'attach'],
  ['fee', 'fee'],
  ['rate', 'feeRate'],
  ['payment Currency type (Cash_fee_type)', 'currency'],
  ['cash payment amount (Cash_fee)', 'total'],
  ['settlement currency type', 'currency'],
  ['settlement currency amount', 'total'],
  ['exchange rate', 'rate'],
  ['refund exchange rate', 'refundRate'],
  ["payer's Refund amount", 'refund'],
  ["payer's Refund currency type", 'refundCurrency'],
  ['refund currency type', 'refundCurrency'],
  ['refund settlement currency type', 'refundCurrency'],
  ['Refund settlement amount', 'refund'],
];

/** The header of a statement. */
export function columnsOf(edition: StatementEdition, type: StatementType): Columns {
  switch (edition) {
    case 'current':
      return chinese(
        { subMerchant: '特约商户号', total: '应结订单金额', coupon: '代金券金额', couponRefund: '充值券退款金额' },
        type,
        { order: [['订单金额', 'total']], requested: [['申请退款金额', 'refund']] },
      );
    case 'red-packet':
      return chinese(
        { subMerchant: '子商户号', total: '总金额', coupon: '企业红包金额', couponRefund: '企业红包退款金额' },
        type,
        { order: [], requested: [] },
      );
    case 'coupon':
      return chinese(
        {
          subMerchant: '子商户号',
          total: '总金额',
          coupon: '代金券或立减优惠金额',
          couponRefund: '代金券或立减优惠退款金额',
        },
        type,
        { order: [], requested: [] },
      );
    case 'english':
      return english;
  }
}

/** The header of the summary. */
export function summaryOf(edition: StatementEdition): readonly (readonly [name: string, cell: SummaryCell])[] {
  switch (edition) {
    case 'current':
      return [
        ['总交易单数', 'count'],
        ['应结订单总金额', 'total'],
        ['退款总金额', 'refund'],
        ['充值券退款总金额', 'couponRefund'],
        ['手续费总金额', 'fee'],
        ['订单总金额', 'total'],
        ['申请退款总金额', 'refund'],
      ];
    case 'english':
      return [
        ['Total transaction count', 'count'],
        ['Total transaction amount', 'total'],
        ['Total refund amount', 'refund'],
        ['Total coupon refund amount', 'couponRefund'],
        ['Total fee', 'fee'],
      ];
    default:
      return [
        ['总交易单数', 'count'],
        ['总交易额', 'total'],
        ['总退款金额', 'refund'],
        [edition === 'coupon' ? '总代金券或立减优惠退款金额' : '总企业红包退款金额', 'couponRefund'],
        ['手续费总金额', 'fee'],
      ];
  }
}
