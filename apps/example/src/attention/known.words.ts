import type { KnownMoneyKind, KnownRefundKind } from 'wechatpay-durable';
import type { Language } from '../http/language.js';

type Reason = 'amount-differs' | 'refused' | 'too-old' | 'no-proof' | 'may-have-changed';

/** What is known about the money, and why a person is needed. `{0}` is an amount, or WeChat Pay's code. */
interface KnownWords {
  readonly money: Readonly<Record<KnownMoneyKind, string>>;
  readonly refund: Readonly<Record<KnownRefundKind, string>>;
  readonly reasons: Readonly<Record<Reason, string>>;
}

const en: KnownWords = {
  money: {
    unknown: 'Whether it is paid is not known: no verified answer has named the order.',
    absent: 'WeChat Pay knew no such order when it was last asked.',
    'not-paid': 'It was not paid when WeChat Pay was last asked, and could still be paid then.',
    paid: 'The customer has paid {0}.',
    closed: 'The order is closed: nobody can begin to pay it.',
    reversed: 'The order is reversed: whatever was paid goes back.',
    refunding: 'The customer has paid {0}. Some or all of it is refunded, or on its way.',
    refunded: 'All of {0} is refunded.',
  },
  refund: {
    unknown: 'No verified answer has named the refund.',
    absent: 'WeChat Pay knew no such refund when it was last asked.',
    accepted: 'WeChat Pay has accepted the refund, and has not said yet that it has arrived.',
    processing: 'The money is on its way to the customer.',
    refunded: 'The customer has the money.',
    'not-received': 'The money did not reach the customer, whose account or card is gone.',
    closed: 'WeChat Pay ended the refund, and nothing was returned.',
    differs: 'Its number belongs to another refund.',
  },
  reasons: {
    'amount-differs': 'That is not what the order costs.',
    refused: 'It stopped with {0}.',
    'too-old': 'It is too old to be reversed, and needs a refund.',
    'no-proof': 'No answer has proven how it ends, and the time for that is over.',
    'may-have-changed': 'This may have changed since: no answer has told yet.',
  },
};

const zh: KnownWords = {
  money: {
    unknown: '是否已付款尚不清楚：没有经过验证的应答提到此订单。',
    absent: '最近一次查询时，微信支付没有这笔订单。',
    'not-paid': '最近一次查询时尚未付款，当时仍可支付。',
    paid: '顾客已付款 {0}。',
    closed: '订单已关闭：无法再开始付款。',
    reversed: '订单已撤销：已付的款项会退回。',
    refunding: '顾客已付款 {0}，其中部分或全部已退款或退款处理中。',
    refunded: '{0} 已全部退款。',
  },
  refund: {
    unknown: '没有经过验证的应答提到此笔退款。',
    absent: '最近一次查询时，微信支付没有这笔退款。',
    accepted: '微信支付已受理退款，尚未确认到账。',
    processing: '退款处理中，款项正退给顾客。',
    refunded: '顾客已收到退款。',
    'not-received': '退款未能到达顾客：其账户或银行卡已失效。',
    closed: '微信支付已关闭此笔退款，没有退回款项。',
    differs: '此退款单号属于另一笔退款。',
  },
  reasons: {
    'amount-differs': '金额与订单不一致。',
    refused: '停止原因：{0}。',
    'too-old': '已超过可撤销的期限，需要退款。',
    'no-proof': '在期限内没有应答能证实结果。',
    'may-have-changed': '此后可能已有变化，尚无应答证实。',
  },
};

const zhHant: KnownWords = {
  money: {
    unknown: '是否已付款尚不清楚：沒有經過驗證的應答提到此訂單。',
    absent: '最近一次查詢時，微信支付沒有這筆訂單。',
    'not-paid': '最近一次查詢時尚未付款，當時仍可支付。',
    paid: '顧客已付款 {0}。',
    closed: '訂單已關閉：無法再開始付款。',
    reversed: '訂單已撤銷：已付的款項會退回。',
    refunding: '顧客已付款 {0}，其中部分或全部已退款或退款處理中。',
    refunded: '{0} 已全部退款。',
  },
  refund: {
    unknown: '沒有經過驗證的應答提到此筆退款。',
    absent: '最近一次查詢時，微信支付沒有這筆退款。',
    accepted: '微信支付已受理退款，尚未確認到帳。',
    processing: '退款處理中，款項正退給顧客。',
    refunded: '顧客已收到退款。',
    'not-received': '退款未能到達顧客：其帳戶或銀行卡已失效。',
    closed: '微信支付已關閉此筆退款，沒有退回款項。',
    differs: '此退款單號屬於另一筆退款。',
  },
  reasons: {
    'amount-differs': '金額與訂單不一致。',
    refused: '停止原因：{0}。',
    'too-old': '已超過可撤銷的期限，需要退款。',
    'no-proof': '在期限內沒有應答能證實結果。',
    'may-have-changed': '此後可能已有變化，尚無應答證實。',
  },
};

const WORDS: Readonly<Record<Language, KnownWords>> = { en, zh, 'zh-Hant': zhHant };

export function knownWords(language: Language): KnownWords {
  return WORDS[language];
}
