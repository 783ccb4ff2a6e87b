// Over 250 lines, as one idea: what each page of the documentation says of its reply.
/**
 * What decides about money, and what only informs.
 *
 * - `party`, `identifier`: whom and what a reply is about. A false one can be seen: it is not what was asked.
 * - `amount`: what was paid or refunded. A false one can be seen where the client knows what to expect.
 * - `state`: how the order or the refund stands. Signed, it is true: a rightly signed lie about it, nobody can see through.
 * - `informs`: anything else. It may be odd, false or missing, and decides nothing.
 */
type Role = 'party' | 'identifier' | 'amount' | 'state' | 'informs';

/** A page of the documentation: the fields of its reply, and its error codes. */
export interface Page {
  readonly name: string;
  readonly path: string;
  readonly reply: Readonly<Record<string, Role>>;
  /** Its error codes: whether nothing was done, or it may have been done all the same. Any other code: it may. */
  readonly errorCodes: Readonly<Record<string, 'nothing-done' | 'unclear'>>;
}

const COMMON: Page['reply'] = {
  return_code: 'state',
  return_msg: 'informs',
  appid: 'party',
  mch_id: 'party',
  sub_appid: 'party',
  sub_mch_id: 'party',
  nonce_str: 'informs',
  sign_type: 'informs',
  result_code: 'state',
  err_code: 'informs',
  err_code_des: 'informs',
};

const PAYMENT: Page['reply'] = {
  device_info: 'informs',
  openid: 'informs',
  is_subscribe: 'informs',
  sub_openid: 'informs',
  sub_is_subscribe: 'informs',
  trade_type: 'informs',
  bank_type: 'informs',
  fee_type: 'amount',
  total_fee: 'amount',
  settlement_total_fee: 'informs',
  coupon_fee: 'informs',
  cash_fee: 'informs',
  cash_fee_type: 'informs',
  rate: 'informs',
  transaction_id: 'identifier',
  out_trade_no: 'identifier',
  attach: 'informs',
  time_end: 'informs',
  promotion_detail: 'informs',
};

const REQUEST_IS_WRONG: Page['errorCodes'] = {
  PARAM_ERROR: 'nothing-done',
  LACK_PARAMS: 'nothing-done',
  SIGNERROR: 'nothing-done',
  XML_FORMAT_ERROR: 'nothing-done',
  REQUIRE_POST_METHOD: 'nothing-done',
  POST_DATA_EMPTY: 'nothing-done',
  NOT_UTF8: 'nothing-done',
  APPID_NOT_EXIST: 'nothing-done',
  MCHID_NOT_EXIST: 'nothing-done',
  APPID_MCHID_NOT_MATCH: 'nothing-done',
  NOAUTH: 'nothing-done',
  INVALID_REQUEST: 'unclear',
};

/** https://pay.weixin.qq.com/doc/global/v2/en/4013658162 */
export const QUICK_PAY_PAGE: Page = {
  name: 'Submit Quick Pay',
  path: '/pay/micropay',
  reply: { ...COMMON, ...PAYMENT },
  errorCodes: {
    ...REQUEST_IS_WRONG,
    SYSTEMERROR: 'unclear',
    BANKERROR: 'unclear',
    USERPAYING: 'unclear',
    TRADE_ERROR: 'unclear',
    ORDERPAID: 'unclear',
    OUT_TRADE_NO_USED: 'unclear',
    ORDERCLOSED: 'nothing-done',
    ORDERREVERSED: 'nothing-done',
    AUTHCODEEXPIRE: 'nothing-done',
    AUTH_CODE_ERROR: 'nothing-done',
    AUTH_CODE_INVALID: 'nothing-done',
    NOTENOUGH: 'nothing-done',
    NOTSUPORTCARD: 'nothing-done',
    BUYER_MISMATCH: 'nothing-done',
  },
};

/** https://pay.weixin.qq.com/doc/global/v2/en/4013658530 */
export const QUERY_ORDER_PAGE: Page = {
  name: 'Query Order',
  path: '/pay/orderquery',
  reply: {
    ...COMMON,
    ...PAYMENT,
    trade_state: 'state',
    trade_state_desc: 'informs',
    coupon_count: 'informs',
    coupon_type_0: 'informs',
    coupon_id_0: 'informs',
    coupon_fee_0: 'informs',
  },
  errorCodes: {
    ...REQUEST_IS_WRONG,
    ORDERNOTEXIST: 'nothing-done',
    SYSTEMERROR: 'unclear',
    FREQUENCY_LIMITED: 'nothing-done',
  },
};

/** https://pay.weixin.qq.com/doc/global/v2/en/4013659173 */
export const REVERSE_PAGE: Page = {
  name: 'Revoke Order',
  path: '/secapi/pay/reverse',
  reply: { ...COMMON, recall: 'state', rate: 'informs' },
  errorCodes: {
    SYSTEMERROR: 'unclear',
    INVALID_TRANSACTIONID: 'nothing-done',
    PARAM_ERROR: 'nothing-done',
    REQUIRE_POST_METHOD: 'nothing-done',
    SIGNERROR: 'nothing-done',
    INVALID_REQUEST: 'unclear',
    REVERSE_EXPIRE: 'nothing-done',
    USERPAYING: 'nothing-done',
  },
};

/** https://wechatpay.im/openapi/v2/secapi/pay/refund */
export const REFUND_PAGE: Page = {
  name: 'Submit Refund',
  path: '/secapi/pay/refund',
  reply: {
    ...COMMON,
    transaction_id: 'identifier',
    out_trade_no: 'identifier',
    out_refund_no: 'identifier',
    refund_id: 'identifier',
    refund_fee: 'amount',
    settlement_refund_fee: 'informs',
    total_fee: 'amount',
    settlement_total_fee: 'informs',
    fee_type: 'amount',
    cash_fee: 'informs',
    cash_fee_type: 'informs',
    cash_refund_fee: 'informs',
    coupon_refund_fee: 'informs',
    coupon_refund_count: 'informs',
    coupon_type_0: 'informs',
    coupon_refund_id_0: 'informs',
    coupon_refund_fee_0: 'informs',
    rate: 'informs',
  },
  errorCodes: {
    ...REQUEST_IS_WRONG,
    SYSTEMERROR: 'unclear',
    BIZERR_NEED_RETRY: 'unclear',
    FREQUENCY_LIMITED: 'nothing-done',
    INVALID_TRANSACTIONID: 'nothing-done',
    ORDERNOTEXIST: 'nothing-done',
    REFUND_FEE_MISMATCH: 'nothing-done',
    REFUND_FEE_INVALID: 'nothing-done',
    TRADE_OVERDUE: 'nothing-done',
    NOTENOUGH: 'nothing-done',
    USER_ACCOUNT_ABNORMAL: 'nothing-done',
  },
};

/** https://wechatpay.im/openapi/v2/pay/refundquery; the fields of each refund end in its number, as in `refund_fee_0`. */
export const QUERY_REFUND_PAGE: Page = {
  name: 'Query Refund',
  path: '/pay/refundquery',
  reply: {
    ...COMMON,
    device_info: 'informs',
    transaction_id: 'identifier',
    out_trade_no: 'identifier',
    total_fee: 'amount',
    settlement_total_fee: 'informs',
    fee_type: 'amount',
    cash_fee: 'informs',
    rate: 'informs',
    total_refund_count: 'amount',
    refund_count: 'amount',
    out_refund_no_0: 'identifier',
    refund_id_0: 'identifier',
    refund_channel_0: 'informs',
    refund_fee_0: 'amount',
    settlement_refund_fee_0: 'informs',
    coupon_refund_fee_0: 'informs',
    refund_status_0: 'amount',
    refund_account_0: 'informs',
    refund_recv_accout_0: 'informs',
    refund_success_time_0: 'informs',
  },
  errorCodes: {
    ...REQUEST_IS_WRONG,
    SYSTEMERROR: 'unclear',
    REFUNDNOTEXIST: 'nothing-done',
    INVALID_TRANSACTIONID: 'nothing-done',
    FREQUENCY_LIMITED: 'nothing-done',
  },
};

/** https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/NativePay/chapter8_3.shtml */
export const CLOSE_PAGE: Page = {
  name: 'Close Order',
  path: '/pay/closeorder',
  reply: COMMON,
  errorCodes: {
    ...REQUEST_IS_WRONG,
    ORDERPAID: 'nothing-done',
    ORDERCLOSED: 'nothing-done',
    ORDERNOTEXIST: 'nothing-done',
    TRADE_STATE_ERROR: 'nothing-done',
    SYSTEMERROR: 'unclear',
  },
};

/** The pages whose answers name no order. */
export function isNameless(page: Page): boolean {
  return page === REVERSE_PAGE || page === CLOSE_PAGE;
}

export const PAGES: readonly Page[] = [
  QUICK_PAY_PAGE,
  QUERY_ORDER_PAGE,
  REVERSE_PAGE,
  REFUND_PAGE,
  QUERY_REFUND_PAGE,
  CLOSE_PAGE,
];

/** Every code of every page, and some that none lists. */
export const ERROR_CODES: readonly string[] = [
  ...new Set([
    ...PAGES.flatMap(({ errorCodes }) => Object.keys(errorCodes)),
    'TRADE_STATE_ERROR',
    'NEVER_HEARD_OF',
    '',
  ]),
];

/** What an error code of a page says about what was asked. */
export function meaningOf(page: Page, code: string): 'nothing-done' | 'unclear' {
  return Object.hasOwn(page.errorCodes, code) ? page.errorCodes[code]! : 'unclear';
}
