import type { KnownMoney } from 'wechatpay-durable';
import type { Language } from '../http/language.js';
import { formatMoney } from '../till/money.js';
import type { Dead } from './attention.js';
import { attentionWord } from './attention.words.js';
import { knownWords } from './known.words.js';

/** What verified answers have said about the money, and why a person is needed, in the language of the page. */
export function knownText(language: Language, { row, known }: Dead): string {
  const words = knownWords(language);
  const text =
    known.of === 'refund'
      ? words.refund[known.money?.kind ?? 'unknown']
      : words.money[known.money?.kind ?? 'unknown'].replace('{0}', () => paidText(language, known.money));
  const change = known.money?.mayHaveChanged === undefined ? '' : words.reasons['may-have-changed'];
  return [text, change, reasonOf(language, row)].filter(Boolean).join(language === 'en' ? ' ' : '');
}

function paidText(language: Language, money: KnownMoney | undefined): string {
  const { totalFee, currency } = money ?? {};
  if (totalFee === undefined || currency === undefined) return attentionWord(language, 'not-known');
  return formatMoney(totalFee, currency);
}

function reasonOf(language: Language, row: Dead['row']): string {
  const { reasons } = knownWords(language);
  const { outcome } = row;
  switch (outcome?.kind) {
    case 'refund-required':
      return reasons['too-old'];
    case 'unresolved':
      return reasons['no-proof'];
    case 'needs-attention': {
      const { expected, paid } = 'amounts' in outcome ? (outcome.amounts ?? {}) : {};
      if (expected && paid && expected.totalFee !== paid.totalFee) return reasons['amount-differs'];
      return reasons.refused.replace('{0}', () => outcome.error.errorCode ?? outcome.error.code);
    }
    default:
      return '';
  }
}
