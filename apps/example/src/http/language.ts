import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';

const LANGUAGES = ['en', 'zh'] as const;

/** What pages are written in. */
export type Language = (typeof LANGUAGES)[number];

/** The language of a page: `?lang=` of its address; else the first of the header accept-language decides. */
export const PageLanguage = createParamDecorator((_: unknown, context: ExecutionContext): Language => {
  const { query, headers } = context
    .switchToHttp()
    .getRequest<IncomingMessage & { readonly query: Readonly<Record<string, unknown>> }>();
  const accepted = headers['accept-language'] ?? '';
  return LANGUAGES.find((known) => known === query.lang) ?? (/^\s*zh\b/i.test(accepted) ? 'zh' : 'en');
});
