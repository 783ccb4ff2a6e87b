import type { Language } from './language.js';

/** The pages in the navigation. */
export type PageName = 'till' | 'checkout' | 'attention' | 'day';

/** What a reader of any page reads. */
interface ShellWords {
  readonly pages: string;
  readonly languages: string;
  readonly names: Readonly<Record<PageName, string>>;
  readonly token: string;
  readonly noScript: string;
  /** What public/calls.js says. */
  readonly script: Readonly<Record<'no-answer' | 'http-status' | 'may-be-done' | 'wrong-amount', string>>;
}

const WORDS: Readonly<Record<Language, ShellWords>> = {
  en: {
    pages: 'Pages',
    languages: 'Languages',
    names: { till: 'Till', checkout: 'Checkout', attention: 'Attention', day: 'The day' },
    token: "The till's token, as the start printed it, or TILL_TOKEN",
    noScript: 'This page needs JavaScript.',
    script: {
      'no-answer': 'The server does not answer.',
      'http-status': '(HTTP status {0})',
      'may-be-done': 'It may have been done: load this page anew before you press again.',
      'wrong-amount': 'The amount must be a number with at most {0} digits after the point.',
    },
  },
  zh: {
    pages: '页面',
    languages: '语言',
    names: { till: '收款', checkout: '收银台', attention: '待处理', day: '每日对账' },
    token: '收银令牌：启动时显示，或为 TILL_TOKEN 的值',
    noScript: '本页需要启用 JavaScript。',
    script: {
      'no-answer': '服务器没有响应。',
      'http-status': '（HTTP 状态 {0}）',
      'may-be-done': '操作可能已经完成：再次按下之前请先刷新本页。',
      'wrong-amount': '金额必须是数字，小数点后最多 {0} 位。',
    },
  },
  'zh-Hant': {
    pages: '頁面',
    languages: '語言',
    names: { till: '收款', checkout: '收銀台', attention: '待處理', day: '每日對帳' },
    token: '收銀權杖：啟動時顯示，或為 TILL_TOKEN 的值',
    noScript: '本頁需要啟用 JavaScript。',
    script: {
      'no-answer': '伺服器沒有回應。',
      'http-status': '（HTTP 狀態 {0}）',
      'may-be-done': '操作可能已經完成：再次按下之前請先重新載入本頁。',
      'wrong-amount': '金額必須是數字，小數點後最多 {0} 位。',
    },
  },
};

export function shellWords(language: Language): ShellWords {
  return WORDS[language];
}
