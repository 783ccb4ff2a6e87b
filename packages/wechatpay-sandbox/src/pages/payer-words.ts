/** What a customer's page shows of an order. */
export type PageState = 'open' | 'left' | 'expired' | 'closed' | 'paid' | 'partly-refunded' | 'refunded';

/** What a customer can press. */
export type Action = 'pay' | 'cancel' | 'pay-late';

interface Words {
  readonly language: 'en' | 'zh-CN';
  readonly sandbox: string;
  readonly merchant: string;
  readonly order: string;
  readonly until: string;
  readonly states: Readonly<Record<PageState, { readonly title: string; readonly more: string }>>;
  readonly actions: Readonly<Record<Action, string>>;
  readonly unknown: { readonly title: string; readonly more: string };
}

const english: Words = {
  language: 'en',
  sandbox: 'Sandbox: no account, no money',
  merchant: 'Merchant',
  order: 'Order',
  until: 'Pay until',
  states: {
    open: { title: 'Pay', more: '' },
    left: { title: 'Not paid', more: 'You left without paying. The shop was told nothing, and you can still pay.' },
    expired: { title: 'Expired', more: 'The time to pay is over. Nothing was paid.' },
    closed: { title: 'Closed', more: 'The shop has closed this order. Nothing was paid.' },
    paid: { title: 'Paid', more: 'WeChat Pay tells the shop.' },
    'partly-refunded': { title: 'Refunded in part', more: 'A part of the money was returned to you.' },
    refunded: { title: 'Refunded', more: 'The money was returned to you.' },
  },
  actions: { pay: 'Pay', cancel: 'Cancel', 'pay-late': 'Pay too late: it was begun before' },
  unknown: {
    title: 'No such order',
    more: 'This code is of no order of the sandbox, or of one that it has forgotten.',
  },
};

const chinese: Words = {
  language: 'zh-CN',
  sandbox: '沙箱：没有真实账户，不涉及真实资金',
  merchant: '商户',
  order: '订单',
  until: '请在此时间前支付',
  states: {
    open: { title: '支付', more: '' },
    left: { title: '未支付', more: '您已离开，未支付。商户没有收到任何通知，您仍可以继续支付。' },
    expired: { title: '已过期', more: '支付时间已过，没有扣款。' },
    closed: { title: '已关闭', more: '商户已关闭此订单，没有扣款。' },
    paid: { title: '支付成功', more: '微信支付会通知商户。' },
    'partly-refunded': { title: '已部分退款', more: '部分款项已退还给您。' },
    refunded: { title: '已退款', more: '款项已退还给您。' },
  },
  actions: { pay: '支付', cancel: '取消', 'pay-late': '仍然支付（此前已开始支付）' },
  unknown: { title: '订单不存在', more: '沙箱中没有此二维码对应的订单，或订单已被清除。' },
};

/** @param acceptLanguage the header; its first language decides. */
export function wordsFor(acceptLanguage = ''): Words {
  return /^\s*zh\b/i.test(acceptLanguage) ? chinese : english;
}
