import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

/** What pages are written in: English, simplified Chinese, and traditional Chinese. */
export const LANGUAGES = ['en', 'zh', 'zh-Hant'] as const;
export type Language = (typeof LANGUAGES)[number];

/** As the `lang` of a page, and what each calls itself. */
export const LANGUAGE_NAMES: Readonly<Record<Language, { readonly code: string; readonly name: string }>> = {
  en: { code: 'en', name: 'English' },
  zh: { code: 'zh-CN', name: '简体中文' },
  'zh-Hant': { code: 'zh-HK', name: '繁體中文' },
};

/** The language of a page: `?lang=` of its address; else the first of the header accept-language decides. */
export const PageLanguage = createParamDecorator((_: unknown, context: ExecutionContext): Language => {
  const { query, headers } = context
    .switchToHttp()
    .getRequest<IncomingMessage & { readonly query: Readonly<Record<string, unknown>> }>();
  const accepted = headers['accept-language'] ?? '';
  const preferred = /^\s*zh-(hant|hk|mo|tw)\b/i.test(accepted) ? 'zh-Hant' : /^\s*zh\b/i.test(accepted) ? 'zh' : 'en';
  return LANGUAGES.find((known) => known === query.lang) ?? preferred;
});
