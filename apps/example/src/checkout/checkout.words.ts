import type { Language } from '../http/language.js';
import type { CheckoutState } from './checkout.order.js';

// What a customer reads, in English and in Chinese.

export interface Words {
  /** As the `lang` of a page. */
  readonly code: 'en' | 'zh-CN';
  /** As in `?lang=`. */
  readonly language: Language;
  readonly title: string;
  readonly till: string;
  readonly other: { readonly language: Language; readonly name: string };
  readonly form: { readonly amount: string; readonly currency: string; readonly what: string; readonly goods: string };
  readonly show: string;
  readonly again: string;
  readonly token: string;
  readonly offline: string;
  readonly noScript: string;
  readonly noAddress: string;
  readonly qrCode: string;
  readonly left: string;
  readonly phone: string;
  readonly number: string;
  readonly anOrder: string;
  readonly noCode: string;
  readonly states: Readonly<Record<CheckoutState, { readonly title: string; readonly more: string }>>;
}

const english: Words = {
  code: 'en',
  language: 'en',
  title: 'Checkout',
  till: 'Till',
  other: { language: 'zh', name: '中文' },
  form: { amount: 'Amount', currency: 'Currency', what: 'What', goods: 'Two cups of tea' },
  show: 'Show the QR code',
  again: 'Next customer',
  token: "The till's token, as the start printed it, or TILL_TOKEN",
  offline:
    'The server does not answer, so what is below may be out of date. Do not pay now. This page connects again by itself.',
  noScript: 'This page needs JavaScript.',
  noAddress:
    'WeChat Pay has to reach this server to tell of a payment: set PUBLIC_URL, as in https://till.example.com, and start it again.',
  qrCode: 'QR code, to be scanned with WeChat',
  left: 'Time left',
  phone: "Open the customer's phone",
  number: 'Order',
  anOrder: 'An order',
  noCode:
    'Its QR code was shown before this server was started, and is gone. Begin a new order; this one is closed by itself.',
  states: {
    waiting: { title: 'Scan with WeChat to pay', more: '' },
    closing: { title: 'The time is over', more: 'Please do not pay any more. What is paid from now on is returned.' },
    paid: { title: 'Paid', more: 'Thank you.' },
    closed: { title: 'Closed', more: 'Nothing was paid, and nothing can be paid any more.' },
    refunding: {
      title: 'Paid too late',
      more: 'The money is being returned to the customer. Nobody has to do anything.',
    },
    refunded: { title: 'Paid too late, and refunded', more: 'The money was returned to the customer.' },
    attention: { title: 'Please ask the staff', more: 'A person has to look at this order: see the till.' },
  },
};

const chinese: Words = {
  code: 'zh-CN',
  language: 'zh',
  title: '收银台',
  till: '收款',
  other: { language: 'en', name: 'English' },
  form: { amount: '金额', currency: '币种', what: '商品', goods: '两杯茶' },
  show: '显示二维码',
  again: '下一位顾客',
  token: '收银令牌：启动时显示，或为 TILL_TOKEN 的值',
  offline: '服务器没有响应，以下内容可能已过时，请暂勿支付。本页会自动重新连接。',
  noScript: '本页需要启用 JavaScript。',
  noAddress: '微信支付需要能访问本服务器以通知支付结果：请设置 PUBLIC_URL（例如 https://till.example.com）后重新启动。',
  qrCode: '请用微信扫描的二维码',
  left: '剩余时间',
  phone: '打开顾客的手机',
  number: '订单',
  anOrder: '订单',
  noCode: '该订单的二维码在本服务器启动之前显示，已无法再次显示。请重新下单；此订单会自动关闭。',
  states: {
    waiting: { title: '请用微信扫码支付', more: '' },
    closing: { title: '支付时间已过', more: '请勿再支付，此后支付的款项将自动退回。' },
    paid: { title: '支付成功', more: '谢谢惠顾。' },
    closed: { title: '订单已关闭', more: '未收取任何款项，此订单也无法再支付。' },
    refunding: { title: '逾期支付', more: '款项正在自动退回给顾客，无需任何操作。' },
    refunded: { title: '逾期支付，已退款', more: '款项已退回给顾客。' },
    attention: { title: '请联系店员', more: '此订单需要人工处理，请查看收款页面。' },
  },
};

const WORDS: Readonly<Record<Language, Words>> = { en: english, zh: chinese };

export function checkoutWords(language: Language): Words {
  return WORDS[language];
}
