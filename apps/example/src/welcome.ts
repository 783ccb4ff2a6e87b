import type { NestExpressApplication } from '@nestjs/platform-express';
import { WechatPayClient } from 'wechatpay-core';
import type { Gateway } from './gateway.js';
import type { Store } from './orders/store.js';

export interface Started {
  readonly gateway: Gateway;
  readonly store: Store;
  /** The token, where it was made at this start. */
  readonly newToken?: string;
}

/** What a person who has just started this wants to see. */
export function welcome(app: NestExpressApplication, { gateway, store, newToken }: Started): string {
  const { port } = app.getHttpServer().address() as { port: number };
  const url = `http://localhost:${port}`;
  // A token that was set is not shown: the shell puts it in.
  const header = newToken === undefined ? '"authorization: Bearer $TILL_TOKEN"' : `'authorization: Bearer ${newToken}'`;
  const reverse = (order: string): string => `curl -X POST -H ${header} ${url}/orders/${order}/reverse`;
  const lines = gateway.demo ? sandbox(reverse) : real(app, reverse);
  const places = [
    // What follows # stays in the browser.
    `The till:                      ${url}/${newToken === undefined ? '' : `#token=${newToken}`}`,
    `The API, to read and to try:   ${url}/docs`,
    `Orders are written down in:    ${store.place}`,
    `The token:                     ${newToken ?? 'TILL_TOKEN, as it was set'}`,
  ];
  return ['', ...lines, '', ...places, ''].map((line) => `  ${line}`.trimEnd()).join('\n');
}

function sandbox(reverse: (order: string) => string): string[] {
  return [
    'WeChat Pay example, with a sandbox gateway of its own: no account, no money.',
    '',
    'An order that was paid. It is refunded:',
    reverse('demo-paid'),
    '',
    'The customer is still typing a password. Try again later:',
    reverse('demo-paying'),
    '',
    'Older than 7 days. Refund it instead:',
    reverse('demo-expired'),
  ];
}

function real(app: NestExpressApplication, reverse: (order: string) => string): string[] {
  const { merchantId, baseUrls, certificate } = app.get(WechatPayClient, { strict: false });
  const until = certificate ? ` Its certificate is valid until ${certificate.validTo.toISOString()}.` : '';
  return [
    `WeChat Pay example, at ${baseUrls.join(', ')}.`,
    `Merchant ${merchantId}.${until}`,
    '',
    reverse('YOUR-ORDER'),
  ];
}
