import type { NestExpressApplication } from '@nestjs/platform-express';
import { WechatPayClient } from 'wechatpay-core';
import type { Gateway } from './gateway.js';
import type { Store } from './store.js';

export interface Started {
  readonly gateway: Gateway;
  readonly store: Store;
  /** The manager's token, where it was made at this start. */
  readonly newToken?: string;
}

/** What a person who has just started this wants to see. */
export function welcome(app: NestExpressApplication, { gateway, store, newToken }: Started): string {
  const { port } = app.getHttpServer().address() as { port: number };
  const url = `http://localhost:${port}`;
  const lines = gateway.demo ? sandbox(url) : real(app, url);
  const places = [
    `The till:                      ${url}/`,
    `The API, to read and to try:   ${url}/docs`,
    `Orders are written down in:    ${store.place}`,
    ...(newToken === undefined ? [] : [`The manager's token:           ${newToken}`]),
  ];
  return ['', ...lines, '', ...places, ''].map((line) => `  ${line}`.trimEnd()).join('\n');
}

function sandbox(url: string): string[] {
  return [
    'WeChat Pay example, with a sandbox gateway of its own: no account, no money.',
    '',
    'An order that was paid. It is refunded:',
    `curl -X POST ${url}/orders/demo-paid/reverse`,
    '',
    'The customer is still typing a password. Try again later:',
    `curl -X POST ${url}/orders/demo-paying/reverse`,
    '',
    'Older than 7 days. Refund it instead:',
    `curl -X POST ${url}/orders/demo-expired/reverse`,
  ];
}

function real(app: NestExpressApplication, url: string): string[] {
  const { merchantId, baseUrls, certificate } = app.get(WechatPayClient, { strict: false });
  const until = certificate ? ` Its certificate is valid until ${certificate.validTo.toISOString()}.` : '';
  return [
    `WeChat Pay example, at ${baseUrls.join(', ')}.`,
    `Merchant ${merchantId}.${until}`,
    '',
    `curl -X POST ${url}/orders/YOUR-ORDER/reverse`,
  ];
}
