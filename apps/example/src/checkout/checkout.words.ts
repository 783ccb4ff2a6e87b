import type { Language } from '../http/language.js';
import type { CheckoutState } from './checkout.order.js';

// What a customer reads, in each language.

export interface Words {
  readonly language: Language;
  readonly title: string;
  readonly form: { readonly amount: string; readonly currency: string; readonly what: string; readonly goods: string };
  readonly show: string;
  readonly again: string;
  readonly pressAgain: string;
  readonly offline: string;
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
  language: 'en',
  title: 'Checkout',
  form: { amount: 'Amount', currency: 'Currency', what: 'What', goods: 'Two cups of tea' },
  show: 'Show the QR code',
  again: 'Next customer',
  pressAgain: 'Nobody has paid. Press again: it is the same order.',
  offline:
    'The server does not answer, so what is below may be out of date. Do not pay now. This page connects again by itself.',
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
  language: 'zh',
  title: '收银台',
  form: { amount: '金额', currency: '币种', what: '商品', goods: '两杯茶' },
  show: '显示二维码',
  again: '下一位顾客',
  pressAgain: '尚无人付款。请再次按下：仍是同一订单。',
  offline: '服务器没有响应，以下内容可能已过时，请暂勿支付。本页会自动重新连接。',
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

const traditional: Words = {
  language: 'zh-Hant',
  title: '收銀台',
  form: { amount: '金額', currency: '幣種', what: '商品', goods: '兩杯茶' },
  show: '顯示二維碼',
  again: '下一位顧客',
  pressAgain: '尚無人付款。請再次按下：仍是同一訂單。',
  offline: '伺服器沒有回應，以下內容可能已過時，請暫勿付款。本頁會自動重新連接。',
  noAddress: '微信支付需要能連接本伺服器以通知付款結果：請設定 PUBLIC_URL（例如 https://till.example.com）後重新啟動。',
  qrCode: '請用微信掃描的二維碼',
  left: '剩餘時間',
  phone: '開啟顧客的手機',
  number: '訂單',
  anOrder: '訂單',
  noCode: '該訂單的二維碼在本伺服器啟動之前顯示，已無法再次顯示。請重新下單；此訂單會自動關閉。',
  states: {
    waiting: { title: '請用微信掃碼付款', more: '' },
    closing: { title: '付款時間已過', more: '請勿再付款，此後付的款項將自動退回。' },
    paid: { title: '付款成功', more: '謝謝惠顧。' },
    closed: { title: '訂單已關閉', more: '未收取任何款項，此訂單也無法再付款。' },
    refunding: { title: '逾期付款', more: '款項正在自動退回給顧客，無需任何操作。' },
    refunded: { title: '逾期付款，已退款', more: '款項已退回給顧客。' },
    attention: { title: '請聯絡店員', more: '此訂單需要人工處理，請查看收款頁面。' },
  },
};

const WORDS: Readonly<Record<Language, Words>> = { en: english, zh: chinese, 'zh-Hant': traditional };

export function checkoutWords(language: Language): Words {
  return WORDS[language];
}
