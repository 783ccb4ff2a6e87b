import type { DifferenceStatus, DifferenceWhy, ReconciliationDifference } from 'wechatpay-durable';
import type { Language } from '../http/language.js';
import type { OrderNow } from './days.js';

// What a bookkeeper reads, in English and in Chinese.

type DifferenceClass = ReconciliationDifference['class'];

/** What was done about a difference, and what is left for a person. */
interface Remedy {
  readonly done: string;
  readonly left?: string;
}

export interface DayWords {
  readonly code: 'en' | 'zh-CN';
  readonly language: Language;
  readonly title: string;
  readonly day: string;
  readonly show: string;
  readonly sample: string;
  readonly sampleMore: string;
  readonly reconcile: string;
  readonly none: string;
  readonly totals: {
    readonly rows: string;
    readonly agreed: string;
    readonly differing: string;
    readonly forPerson: string;
    readonly sums: string;
    readonly paid: string;
    readonly refunded: string;
    readonly fees: string;
  };
  readonly downloads: string;
  readonly differences: string;
  readonly allAgreed: string;
  readonly kinds: Readonly<Record<ReconciliationDifference['kind'], string>>;
  readonly classes: Readonly<Record<DifferenceClass, string>>;
  readonly statuses: Readonly<Record<Exclude<DifferenceStatus, 'needs-person'>, Remedy>>;
  readonly whys: Readonly<Record<DifferenceWhy, Remedy>>;
  readonly ours: string;
  readonly theirs: string;
  readonly twin: string;
  readonly orderNow: string;
  readonly nows: Readonly<Record<OrderNow, string>>;
  readonly done: string;
  readonly left: string;
  readonly nothingLeft: string;
  readonly note: string;
  readonly looked: string;
}

const english: DayWords = {
  code: 'en',
  language: 'en',
  title: 'The day',
  day: 'Day of Beijing',
  show: 'Show',
  sample: 'Sample day',
  sampleMore: 'A made-up day of another shop, with each kind of difference. Nothing of it is on the other pages.',
  reconcile: 'Reconcile',
  none: "This day is not reconciled. WeChat Pay's statement is there from 10:00 of the next day in Beijing.",
  totals: {
    rows: 'Rows of the statement',
    agreed: 'Agreed',
    differing: 'Differences',
    forPerson: 'For a person',
    sums: 'Sums of the statement, whatever the currency',
    paid: 'paid',
    refunded: 'refunded',
    fees: 'fees',
  },
  downloads: 'Download',
  differences: 'Differences',
  allAgreed: 'All rows agree.',
  kinds: { payment: 'Payment', refund: 'Refund', reversal: 'Reversal' },
  classes: {
    repeated: 'Listed twice',
    'statement-only': 'In the statement only',
    'transaction-differs': 'Another number of WeChat Pay',
    'reversed-in-book': 'Reversed here, paid there',
    'reversed-in-statement': 'Paid here, reversed there',
    'state-differs': 'Not paid here, paid there',
    'currency-differs': 'Another currency',
    'amount-differs': 'Another amount',
    'fee-differs': 'Another fee',
    'book-only': 'Here only',
    'paid-twice': 'Paid twice?',
  },
  statuses: {
    asking: {
      done: 'WeChat Pay was asked, and its answer counts. The order goes on from it: reconcile again to see what came of it.',
    },
    carried: { done: 'The statements of the next three days are looked through for it.' },
    matched: { done: 'The statement of another day has it:' },
    acknowledged: { done: 'A person has looked at it:' },
  },
  whys: {
    'unknown-order': {
      done: 'Nothing: this shop has no order of this number.',
      left: 'Find out who took this payment. Enter the sale, or refund it.',
    },
    'answer-agrees-with-order': {
      done: 'WeChat Pay was asked. Its signed answer says what the order says.',
      left: 'Nothing is wrong with the order. Show the statement to WeChat Pay.',
    },
    'answer-decides-nothing': {
      done: 'WeChat Pay was asked. Its answer agrees with neither.',
      left: 'Look the order up at WeChat Pay, and decide.',
    },
    'return-is-for-person': {
      done: 'WeChat Pay was asked: it is paid. Nothing was sent, since a person may have returned it in another way.',
      left: 'Return it on the page of what needs you, unless that was done.',
    },
    'unknown-refund': {
      done: 'WeChat Pay was asked, and has this refund; this shop has not.',
      left: 'Find out who refunded it, and enter it.',
    },
    'not-in-three-days': {
      done: 'The statements of three more days were looked through.',
      left: 'Ask WeChat Pay where this money is.',
    },
    'paid-twice': {
      done: 'Nothing: it is a suspicion, since nobody is refunded on a suspicion.',
      left: 'Ask the customer. Refund one of the two if it was a mistake.',
    },
  },
  ours: 'Here',
  theirs: 'Statement',
  twin: 'Like order',
  orderNow: 'The order now',
  nows: {
    paid: 'paid',
    reversed: 'reversed',
    closed: 'closed',
    refunded: 'refunded',
    'refund-required': 'to be refunded',
    'needs-attention': 'needs attention',
    unresolved: 'not resolved',
    open: 'being resolved',
    cancelled: 'never charged',
  },
  done: 'Done',
  left: 'Left for you',
  nothingLeft: 'Nothing',
  note: 'What you did',
  looked: 'I have looked at it',
};

const chinese: DayWords = {
  code: 'zh-CN',
  language: 'zh',
  title: '每日对账',
  day: '北京时间的日期',
  show: '查看',
  sample: '示例日',
  sampleMore: '虚构的另一家商店的一天，包含每一种差异，与其他页面无关。',
  reconcile: '对账',
  none: '这一天尚未对账。微信支付的账单在北京时间次日 10:00 之后提供。',
  totals: {
    rows: '账单行数',
    agreed: '一致',
    differing: '差异',
    forPerson: '待人工处理',
    sums: '账单合计（不区分币种）',
    paid: '支付',
    refunded: '退款',
    fees: '手续费',
  },
  downloads: '下载',
  differences: '差异',
  allAgreed: '所有行均一致。',
  kinds: { payment: '支付', refund: '退款', reversal: '撤销' },
  classes: {
    repeated: '重复列出',
    'statement-only': '仅在账单中',
    'transaction-differs': '微信支付订单号不同',
    'reversed-in-book': '本店已撤销，账单为已支付',
    'reversed-in-statement': '本店为已支付，账单已撤销',
    'state-differs': '本店未支付，账单为已支付',
    'currency-differs': '币种不同',
    'amount-differs': '金额不同',
    'fee-differs': '手续费不同',
    'book-only': '仅在本店',
    'paid-twice': '重复支付？',
  },
  statuses: {
    asking: { done: '已向微信支付查询，以其应答为准，订单由此继续处理：请再次对账查看结果。' },
    carried: { done: '将在之后三天的账单中查找。' },
    matched: { done: '另一天的账单中已有此项：' },
    acknowledged: { done: '已人工核对：' },
  },
  whys: {
    'unknown-order': { done: '未作处理：本店没有此订单号。', left: '请查明由谁收款，然后补录销售或退款。' },
    'answer-agrees-with-order': {
      done: '已向微信支付查询，其签名应答与本店订单一致。',
      left: '订单没有问题，请向微信支付反映账单问题。',
    },
    'answer-decides-nothing': {
      done: '已向微信支付查询，其应答与双方均不一致。',
      left: '请在微信支付商户平台查看该订单并作决定。',
    },
    'return-is-for-person': {
      done: '已向微信支付查询：已支付。可能已有人以其他方式退款，因此未发送任何请求。',
      left: '如尚未退还，请在待处理页面退还。',
    },
    'unknown-refund': {
      done: '已向微信支付查询：微信支付有此退款，本店没有。',
      left: '请查明由谁退款并补录。',
    },
    'not-in-three-days': { done: '已在之后三天的账单中查找。', left: '请向微信支付询问这笔款项。' },
    'paid-twice': {
      done: '未作处理：仅为怀疑，不会因怀疑而退款。',
      left: '请询问顾客；如属误付，请退还其中一笔。',
    },
  },
  ours: '本店',
  theirs: '账单',
  twin: '相似订单',
  orderNow: '订单现状',
  nows: {
    paid: '已支付',
    reversed: '已撤销',
    closed: '已关闭',
    refunded: '已退款',
    'refund-required': '待退款',
    'needs-attention': '待处理',
    unresolved: '未确定',
    open: '处理中',
    cancelled: '未收款',
  },
  done: '已处理',
  left: '待您处理',
  nothingLeft: '无',
  note: '处理说明',
  looked: '已核对',
};

const WORDS: Readonly<Record<Language, DayWords>> = {
  en: english,
  zh: chinese,
  // In simplified characters, under the headings of its own.
  'zh-Hant': { ...chinese, language: 'zh-Hant' },
};

export function dayWordsFor(language: Language): DayWords {
  return WORDS[language];
}
