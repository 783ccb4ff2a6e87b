import type { Environment } from 'wechatpay-core';
import type { Words } from './words.js';

/** `zh` or `en`: by `--lang`, or else as POSIX has it, LC_ALL before LC_MESSAGES before LANG. */
export function languageOf(env: Environment, given: string | undefined): 'en' | 'zh' {
  const locale = given ?? [env.LC_ALL, env.LC_MESSAGES, env.LANG].find(Boolean) ?? '';
  return /^zh\b|^zh_/i.test(locale) ? 'zh' : 'en';
}

export async function wordsIn(language: 'en' | 'zh'): Promise<Words> {
  return language === 'zh' ? (await import('./zh.js')).zh : (await import('./en.js')).en;
}
