// Headers and summaries as published samples show them; the values of the rows are made up.

const START = (sub: string): string =>
  `交易时间,公众账号ID,商户号,${sub},设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类`;
const REFUND = '微信退款单号,商户退款单号,退款金额';
const END = '退款类型,退款状态,商品名称,商户数据包,手续费,费率';

export interface Edition {
  readonly name: string;
  /** Where the header was seen. */
  readonly source: string;
  readonly header: string;
  readonly summary: string;
  readonly columns: number;
}

const NOW = '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';
const RED_PACKET = '总交易单数,总交易额,总退款金额,总企业红包退款金额,手续费总金额';
const COUPON = '总交易单数,总交易额,总退款金额,总代金券或立减优惠退款金额,手续费总金额';

export const EDITIONS: readonly Edition[] = [
  {
    name: 'ALL since 2019',
    source: 'wechatpay-apiv3/wechatpay-php tests/fixtures/bill.ALL.csv',
    header: `${START('特约商户号')},应结订单金额,代金券金额,${REFUND},充值券退款金额,${END},订单金额,申请退款金额,费率备注`,
    summary: NOW,
    columns: 27,
  },
  {
    name: 'SUCCESS since 2019',
    source: 'WxJava WxPayBillResultTest',
    header: `${START('特约商户号')},应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注`,
    summary: NOW,
    columns: 20,
  },
  {
    name: 'REFUND since 2019',
    source: 'WxJava WxPayBillResultTest',
    header: `${START('特约商户号')},应结订单金额,代金券金额,退款申请时间,退款成功时间,${REFUND},充值券退款金额,${END},订单金额,申请退款金额,费率备注`,
    summary: NOW,
    columns: 29,
  },
  {
    name: 'ALL of 2016 to 2018',
    source: 'overtrue/laravel-wechat#25',
    header: `${START('子商户号')},总金额,企业红包金额,${REFUND},企业红包退款金额,${END}`,
    summary: RED_PACKET,
    columns: 24,
  },
  {
    name: 'SUCCESS of 2016',
    source: 'roncoo/roncoo-pay WEIXINParser',
    header: `${START('子商户号')},总金额,企业红包金额,商品名称,商户数据包,手续费,费率`,
    summary: RED_PACKET,
    columns: 18,
  },
  {
    name: 'REFUND of 2018',
    source: 'a public file of 2018',
    header: `${START('子商户号')},总金额,企业红包金额,退款申请时间,退款成功时间,${REFUND},企业红包退款金额,${END}`,
    summary: RED_PACKET,
    columns: 26,
  },
  {
    name: 'ALL of the first documentation',
    source: 'WxJava#308, #1275',
    header: `${START('子商户号')},总金额,代金券或立减优惠金额,${REFUND},代金券或立减优惠退款金额,${END}`,
    summary: COUPON,
    columns: 24,
  },
  {
    name: 'REFUND of the first documentation',
    source: 'WxJava#308',
    header: `${START('子商户号')},总金额,代金券或立减优惠金额,退款申请时间,退款成功时间,${REFUND},代金券或立减优惠退款金额,${END}`,
    summary: COUPON,
    columns: 26,
  },
  {
    name: 'with full-width commas in the header',
    source: 'WxJava#308, quoting the documentation',
    header: `${START('子商户号')},总金额,代金券或立减优惠金额,${REFUND},代金券或立减优惠退款金额，退款类型，退款状态,商品名称,商户数据包,手续费,费率`,
    summary: COUPON,
    columns: 24,
  },
  {
    name: 'the words of an institution',
    source: 'a documentation page of 2020',
    header: `${START('特约商户号').replace('公众账号ID', '服务商的APPID')},应结订单金额,代金券金额,${REFUND},充值券退款金额,${END},订单金额,申请退款金额,费率备注`,
    summary: NOW,
    columns: 27,
  },
  {
    name: 'English, of an overseas account',
    source: 'two programs of overseas merchants that parse it',
    header:
      'Transaction time,official account ID (appid),vendor ID (mch_id),sub vendor ID (sub_mch_id),device ID (Device_info),' +
      'wechat order number (transaction_id),vendor order number (out_transaction_id),user tag (openid),transaction type (trade_type),' +
      'transaction status (trade_state),payment bank (bank_type),currency type (fee_type),total amount (total_fee),coupon amount,' +
      'wechat refund number (refund_id),vendor refund number (out_refund_no),refund amount (refund_fee),coupon refund amount,refund type,' +
      "refund status (refund_status_$n),product name,vendor's data package (attach),fee,rate,payment Currency type (Cash_fee_type)," +
      'cash payment amount (Cash_fee),settlement currency type,settlement currency amount,exchange rate,refund exchange rate,' +
      "payer's Refund amount,payer's Refund currency type,refund currency type,refund settlement currency type,Refund settlement amount",
    summary: 'Total transaction count',
    columns: 35,
  },
];

/** What a payment of HKD 8.88 shows in each column, whatever it is called. */
export const CELLS: Readonly<Record<string, string>> = {
  交易时间: '2026-03-01 23:59:58',
  公众账号ID: 'wx1111111111111111',
  商户号: '1900000301',
  设备号: 'till-1',
  微信订单号: '4200009999202603010000000001',
  商户订单号: '0012',
  用户标识: 'oTest1',
  交易类型: 'MICROPAY',
  交易状态: 'SUCCESS',
  付款银行: 'OTHERS',
  货币种类: 'HKD',
  应结订单金额: '8.88',
  总金额: '8.88',
  订单金额: '8.88',
  商品名称: 'Tea, "hot", 2 cups',
  商户数据包: 'a,b',
  手续费: '0.05328',
  费率: '0.60%',
  微信退款单号: '0',
  商户退款单号: '0',
  退款金额: '0.00',
  申请退款金额: '0.00',
  'Transaction time': '2026-03-01 23:59:58',
  'wechat order number (transaction_id)': '4200009999202603010000000001',
  'vendor order number (out_transaction_id)': '0012',
  'user tag (openid)': 'oTest1',
  'transaction status (trade_state)': 'SUCCESS',
  'currency type (fee_type)': 'HKD',
  'total amount (total_fee)': '8.88',
  'settlement currency type': 'USD',
  'settlement currency amount': '1.13',
  'payment Currency type (Cash_fee_type)': 'CNY',
  'cash payment amount (Cash_fee)': '8.17',
  'product name': 'Tea, "hot", 2 cups',
  "vendor's data package (attach)": 'a,b',
  fee: '0.05328',
  rate: '0.60%',
};

export function rowOf(header: string, changes: Readonly<Record<string, string>> = {}): string {
  return header
    .split(/[,，]/)
    .map((name) => `\`${changes[name] ?? CELLS[name] ?? ''}`)
    .join(',');
}

/** The sums of rows that are all like {@link CELLS}. */
export function summaryOf(summary: string, rows = 1): string {
  const sums: Readonly<Record<string, string>> = {
    总交易额: (8.88 * rows).toFixed(2),
    订单总金额: (8.88 * rows).toFixed(2),
    应结订单总金额: (8.88 * rows).toFixed(2),
    手续费总金额: (0.05328 * rows).toFixed(5),
  };
  return summary
    .split(',')
    .map((name, index) => `\`${index === 0 ? rows : (sums[name] ?? '0.00')}`)
    .join(',');
}

/** ST1: 27 columns, commas and quotes in a product's name, a payment and a refund. */
export const ST1 = [
  EDITIONS[0]!.header,
  '`2026-03-01 23:59:58,`wx1111111111111111,`1900000301,`0,`,`4200009999202603010000000001,`0012,`oTest1,`JSAPI,`SUCCESS,`OTHERS,`HKD,`8.88,`0.00,`0,`0,`0.00,`0.00,`,`,`Tea, "hot", 2 cups,`a,b,`0.05328,`0.60%,`8.88,`0.00,`',
  '`2026-03-01 23:59:59,`wx1111111111111111,`1900000301,`0,`,`4200009999202603010000000001,`0012,`oTest1,`JSAPI,`REFUND,`OTHERS,`HKD,`0.00,`0.00,`50000000000000000000000000001,`R-0001,`3.00,`0.00,`ORIGINAL,`PROCESSING,`Tea, "hot", 2 cups,`a,b,`-0.01800,`0.60%,`0.00,`3.00,`',
  NOW,
  '`2,`8.88,`3.00,`0.00,`0.03528,`8.88,`3.00',
];
