import type { Language } from '../http/language.js';

/** What a manager reads. `{0}` is an amount. */
const en = {
  title: 'Needs a person',
  none: 'Nothing needs a person.',
  intro:
    'What WeChat Pay has not proven by itself, the oldest first. Nothing here moves money before you press a button.',
  order: 'Order',
  refund: 'Refund',
  transaction: 'WeChat Pay',
  'order-since': 'Order, since {0}',
  'refund-since': 'Refund, since {0}',
  journal: 'What happened',
  'refund-of': 'Refund of order',
  'way-ask-keep':
    'WeChat Pay is asked again. Where the customer has paid, the shop keeps the money; where not, the order is reversed, and nothing is charged.',
  'way-ask-reverse':
    'WeChat Pay is asked again. Where the customer has paid, the money goes back to the customer; where not, nothing can be paid any more.',
  'do-ask': 'Ask again',
  'way-reverse':
    'The money goes back to the customer: {0}, where it is paid. Nothing can be paid after that. It cannot be undone.',
  'do-reverse': 'Return the money',
  'way-accept': 'The shop keeps what was paid: {0}, though the order should cost another amount. No money moves.',
  'do-accept': 'Keep what was paid',
  'way-refund-ask':
    'WeChat Pay is asked how the refund stands, and is sent the same refund again where it has none: {0} goes to the customer, once.',
  'do-refund-ask': 'Go on with the refund',
  'way-note': 'No money moves, and WeChat Pay is not told: you have seen to it yourself, and say how.',
  note: 'Note',
  who: 'Your name',
  'do-note': 'Mark as resolved',
  resolved: 'Resolved by hand',
  'resolved-more': 'They are kept as they are, for the record, and can still be set going again.',
  question: '{0} Really?',
  cancel: 'Cancel',
  'not-known': 'an amount that is not known',
} as const;

export type AttentionWord = keyof typeof en;
type Words = Readonly<Record<AttentionWord, string>>;

const zh: Words = {
  title: '需要人工处理',
  none: '没有需要人工处理的订单。',
  intro: '微信支付未能自行证实结果的订单，最早的在前。在您按下按钮之前，这里不会动用任何资金。',
  order: '商户订单号',
  refund: '退款单号',
  transaction: '微信支付订单号',
  'order-since': '订单，自 {0}',
  'refund-since': '退款，自 {0}',
  journal: '处理记录',
  'refund-of': '所属订单',
  'way-ask-keep': '再次询问微信支付。如顾客已付款，商户保留款项；如未付款，则撤销订单，不会扣款。',
  'way-ask-reverse': '再次询问微信支付。如顾客已付款，款项退给顾客；如未付款，此订单无法再支付。',
  'do-ask': '再次询问',
  'way-reverse': '款项退给顾客：如已付款，退还 {0}。此后无法再支付，且无法撤回。',
  'do-reverse': '退还款项',
  'way-accept': '商户保留已付的 {0}，尽管订单金额不同。不动用资金。',
  'do-accept': '保留已付款项',
  'way-refund-ask': '询问微信支付退款情况；如没有该笔退款，则再次提交同一笔退款：{0} 退给顾客，仅一次。',
  'do-refund-ask': '继续退款',
  'way-note': '不动用资金，也不通知微信支付：您已自行处理，并说明处理方式。',
  note: '说明',
  who: '您的姓名',
  'do-note': '标记为已处理',
  resolved: '已人工处理',
  'resolved-more': '记录会原样保留，仍可重新处理。',
  question: '{0}确定吗？',
  cancel: '取消',
  'not-known': '未知金额',
};

const zhHant: Words = {
  title: '需要人工處理',
  none: '沒有需要人工處理的訂單。',
  intro: '微信支付未能自行證實結果的訂單，最早的在前。在您按下按鈕之前，這裡不會動用任何資金。',
  order: '商戶訂單號',
  refund: '退款單號',
  transaction: '微信支付訂單號',
  'order-since': '訂單，自 {0}',
  'refund-since': '退款，自 {0}',
  journal: '處理記錄',
  'refund-of': '所屬訂單',
  'way-ask-keep': '再次詢問微信支付。如顧客已付款，商戶保留款項；如未付款，則撤銷訂單，不會扣款。',
  'way-ask-reverse': '再次詢問微信支付。如顧客已付款，款項退給顧客；如未付款，此訂單無法再支付。',
  'do-ask': '再次詢問',
  'way-reverse': '款項退給顧客：如已付款，退還 {0}。此後無法再支付，且無法撤回。',
  'do-reverse': '退還款項',
  'way-accept': '商戶保留已付的 {0}，儘管訂單金額不同。不動用資金。',
  'do-accept': '保留已付款項',
  'way-refund-ask': '詢問微信支付退款情況；如沒有該筆退款，則再次提交同一筆退款：{0} 退給顧客，僅一次。',
  'do-refund-ask': '繼續退款',
  'way-note': '不動用資金，也不通知微信支付：您已自行處理，並說明處理方式。',
  note: '說明',
  who: '您的姓名',
  'do-note': '標記為已處理',
  resolved: '已人工處理',
  'resolved-more': '記錄會原樣保留，仍可重新處理。',
  question: '{0}確定嗎？',
  cancel: '取消',
  'not-known': '未知金額',
};

const WORDS: Readonly<Record<Language, Words>> = { en, zh, 'zh-Hant': zhHant };

/** @param value what is put in; without it, the page's script does that. */
export function attentionWord(language: Language, word: AttentionWord, value = '{0}'): string {
  return WORDS[language][word].replace('{0}', () => value);
}
