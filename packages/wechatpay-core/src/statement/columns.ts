/** What a column of a statement can hold, by the names that it had in each generation, in Chinese and in English. */
export const COLUMNS = {
  tradeTime: ['交易时间', 'Transaction time'],
  appId: ['公众账号ID', '服务商的APPID', 'official account ID (appid)'],
  merchantId: ['商户号', 'vendor ID (mch_id)'],
  subMerchantId: ['特约商户号', '子商户号', 'sub vendor ID (sub_mch_id)'],
  deviceInfo: ['设备号', 'device ID (Device_info)'],
  transactionId: ['微信订单号', 'wechat order number (transaction_id)'],
  outTradeNo: ['商户订单号', 'vendor order number (out_transaction_id)'],
  openId: ['用户标识', 'user tag (openid)'],
  tradeType: ['交易类型', 'transaction type (trade_type)'],
  tradeState: ['交易状态', 'transaction status (trade_state)'],
  bankType: ['付款银行', 'payment bank (bank_type)'],
  currency: ['货币种类', 'currency type (fee_type)'],
  totalFee: ['订单金额', '总金额', 'total amount (total_fee)'],
  settlementTotalFee: ['应结订单金额', 'settlement currency amount'],
  couponFee: ['代金券金额', '企业红包金额', '代金券或立减优惠金额', 'coupon amount'],
  refundAppliedAt: ['退款申请时间'],
  refundedAt: ['退款成功时间'],
  refundId: ['微信退款单号', 'wechat refund number (refund_id)'],
  outRefundNo: ['商户退款单号', 'vendor refund number (out_refund_no)'],
  refundFee: ['退款金额', 'refund amount (refund_fee)'],
  requestedRefundFee: ['申请退款金额'],
  couponRefundFee: ['充值券退款金额', '企业红包退款金额', '代金券或立减优惠退款金额', 'coupon refund amount'],
  refundType: ['退款类型', 'refund type'],
  refundStatus: ['退款状态', 'refund status (refund_status_$n)'],
  body: ['商品名称', 'product name'],
  attach: ['商户数据包', "vendor's data package (attach)"],
  fee: ['手续费', 'fee'],
  feeRate: ['费率', 'rate'],
  feeRateNote: ['费率备注'],
  cashCurrency: ['payment Currency type (Cash_fee_type)'],
  cashFee: ['cash payment amount (Cash_fee)'],
  settlementCurrency: ['settlement currency type'],
  exchangeRate: ['exchange rate'],
  refundExchangeRate: ['refund exchange rate'],
  cashRefundFee: ["payer's Refund amount"],
  cashRefundCurrency: ["payer's Refund currency type"],
  refundCurrency: ['refund currency type'],
  settlementRefundCurrency: ['refund settlement currency type'],
  settlementRefundFee: ['Refund settlement amount'],
} as const satisfies Record<string, readonly string[]>;

export type Column = keyof typeof COLUMNS;

/** Amounts of the major unit, and the column that names their currency. */
export const AMOUNTS = {
  totalFee: 'currency',
  settlementTotalFee: 'settlementCurrency',
  couponFee: 'currency',
  refundFee: 'refundCurrency',
  requestedRefundFee: 'refundCurrency',
  couponRefundFee: 'refundCurrency',
  cashFee: 'cashCurrency',
  cashRefundFee: 'cashRefundCurrency',
  settlementRefundFee: 'settlementRefundCurrency',
} as const satisfies Partial<Record<Column, Column>>;

/** The numbers of a summary, by all their names, and the column that each adds up. */
export const SUMS: readonly (readonly [column: keyof typeof AMOUNTS | 'fee', names: readonly string[]])[] = [
  ['totalFee', ['订单总金额', '总交易额']],
  ['settlementTotalFee', ['应结订单总金额']],
  ['refundFee', ['退款总金额', '总退款金额']],
  ['requestedRefundFee', ['申请退款总金额']],
  ['couponRefundFee', ['充值券退款总金额', '总企业红包退款金额', '总代金券或立减优惠退款金额']],
  ['fee', ['手续费总金额']],
];

/** Without what editions write differently: spaces, brackets, quotes and capitals, a backtick, a byte order mark. */
export function foldName(name: string): string {
  return name.replace(/[\s\uFEFF()（）?'’"`]/g, '').toLowerCase();
}

const BY_NAME: ReadonlyMap<string, Column> = new Map(
  Object.entries(COLUMNS).flatMap(([column, names]) =>
    names.flatMap((name) =>
      // With and without the wire name that some editions add in brackets.
      [foldName(name), foldName(name.replace(/ \(.*/, ''))].map((folded) => [folded, column as Column] as const),
    ),
  ),
);

/** What a column with this name holds; undefined of one that no known edition has. */
export function columnOf(name: string): Column | undefined {
  return BY_NAME.get(foldName(name));
}
