import type { IncomingMessage } from 'node:http';
import type { INestApplication, ModuleMetadata, NestApplicationOptions } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterAll, afterEach, vi } from 'vitest';
import { OnPaymentNotified } from '../src/index.js';
import { unifiedOrder, WechatPayClient, type PaymentNotification, type WechatPayConfig } from 'wechatpay-core';
import { Sandbox, type Merchant } from 'wechatpay-sandbox';
import { settingsOf } from './shop.js';

export const ADAPTERS = ['express', 'fastify'] as const;
export type Adapter = (typeof ADAPTERS)[number];

export interface StartOptions extends NestApplicationOptions {
  /** What a `main.ts` does between create and listen. */
  readonly prepare?: (app: INestApplication) => unknown;
}

export interface NotifiedShop {
  readonly sandbox: Sandbox;
  /** Starts an application that listens on a port of 127.0.0.1, and gives its address; it is closed after the test. */
  readonly start: (adapter: Adapter, metadata: ModuleMetadata, options?: StartOptions) => Promise<string>;
  /** An order of Unified Order whose notifications go there. */
  readonly order: (outTradeNo: string, notifyUrl: string, merchant?: Merchant) => Promise<void>;
}

/** A sandbox whose clock the test moves, for one spec file, and applications that it notifies. */
export async function openNotifiedShop(): Promise<NotifiedShop> {
  const at = Date.UTC(2026, 2, 1, 4, 0, 5);
  const sandbox = await Sandbox.start({ now: () => at, notificationTimeoutMs: 60_000 });
  const apps: INestApplication[] = [];
  const clients = new Map<string, WechatPayClient>();
  afterEach(async () => {
    vi.restoreAllMocks();
    sandbox.reset();
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });
  afterAll(async () => {
    await Promise.all([...clients.values()].map((client) => client.close()));
    await sandbox.stop();
  });

  return {
    sandbox,
    start: async (adapter, metadata, { prepare, ...options } = {}) => {
      const module = await Test.createTestingModule(metadata).setLogger(SILENT).compile();
      const http = adapter === 'express' ? new ExpressAdapter() : new FastifyAdapter();
      const app = module.createNestApplication(http, options);
      apps.push(app);
      await prepare?.(app);
      await app.listen(0, '127.0.0.1');
      return app.getUrl();
    },
    order: async (outTradeNo, notifyUrl, merchant = sandbox.merchant) => {
      const client = clients.get(merchant.merchantId) ?? new WechatPayClient(settingsOf(merchant));
      clients.set(merchant.merchantId, client);
      await unifiedOrder(client, { ...TEA, outTradeNo, notifyUrl });
    },
  };
}

export interface CountingShop extends NotifiedShop {
  /** What its handler was called with: merchant and order, of each. */
  readonly paid: string[];
  readonly Shop: new () => { onPayment(notification: PaymentNotification): void };
  /** Pays an order whose notifications go to the application there. @returns `paid`, of that alone. */
  readonly payAt: (url: string, outTradeNo?: string) => Promise<string[]>;
}

/** The same, with a provider that notes whom it is told of. */
export async function openCountingShop(): Promise<CountingShop> {
  const shop = await openNotifiedShop();
  const { sandbox, order } = shop;
  const paid: string[] = [];
  class Shop {
    @OnPaymentNotified()
    onPayment({ merchantId, outTradeNo }: PaymentNotification): void {
      paid.push(`${merchantId} ${outTradeNo}`);
    }
  }
  const payAt = async (url: string, outTradeNo = 'tea'): Promise<string[]> => {
    paid.length = 0;
    await order(outTradeNo, `${url}/wechatpay/payments`);
    sandbox.payer(outTradeNo).pay();
    await sandbox.notifications.idle();
    return paid;
  };
  return { ...shop, paid, Shop, payAt };
}

const quiet = (): void => undefined;
const SILENT = { log: quiet, warn: quiet, error: quiet };

const TEA = {
  tradeType: 'NATIVE',
  productId: 'tea',
  body: 'a cup of tea',
  totalFee: 888,
  currency: 'HKD',
  spbillCreateIp: '203.0.113.7',
} as const;

/** The merchant of the published cases' documents, with the sandbox's certificate. */
export function settingsOfCases({ merchant }: Sandbox): WechatPayConfig {
  const { pfx, passphrase } = merchant.certificate;
  return {
    appId: 'wx1111111111111111',
    merchantId: '1900000301',
    apiKey: 'k0k1k2k3k4k5k6k7K0K1K2K3K4K5K6K7',
    signType: 'MD5',
    certificate: { pfx, passphrase },
    ca: merchant.ca,
    baseUrl: merchant.baseUrl,
  };
}

/** A payment notification of {@link settingsOfCases}, signed with MD5. */
export const N1 =
  '<xml><appid><![CDATA[wx1111111111111111]]></appid><mch_id><![CDATA[1900000301]]></mch_id><nonce_str><![CDATA[n1]]></nonce_str>' +
  '<openid><![CDATA[oTest1]]></openid><is_subscribe><![CDATA[N]]></is_subscribe><trade_type><![CDATA[JSAPI]]></trade_type>' +
  '<bank_type><![CDATA[OTHERS]]></bank_type><total_fee>888</total_fee><fee_type><![CDATA[HKD]]></fee_type><cash_fee>888</cash_fee>' +
  '<transaction_id><![CDATA[4200009999202603010000000001]]></transaction_id><out_trade_no><![CDATA[T-0001]]></out_trade_no>' +
  '<time_end><![CDATA[20260301120005]]></time_end><return_code><![CDATA[SUCCESS]]></return_code>' +
  '<result_code><![CDATA[SUCCESS]]></result_code><sign><![CDATA[294253FA519DEA6D795627223CB9AFCC]]></sign></xml>';

export const ACKNOWLEDGED =
  '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>';

export const refused = (words: string): string =>
  `<xml><return_code><![CDATA[FAIL]]></return_code><return_msg><![CDATA[${words}]]></return_msg></xml>`;

export interface Answer {
  readonly status: number;
  readonly contentType: string | null;
  readonly body: string;
}

/** Posts bytes, with a content type or without one. */
export async function post(url: string, body: string | Uint8Array, contentType?: string): Promise<Answer> {
  const headers = contentType === undefined ? undefined : { 'Content-Type': contentType };
  const response = await fetch(url, { method: 'POST', body: Buffer.from(body), ...(headers && { headers }) });
  return {
    status: response.status,
    contentType: response.headers.get('content-type'),
    body: await response.text(),
  };
}

/** What the two adapters call a request, with what a parser of the application has left. */
export type ParsedRequest = IncomingMessage & { body?: unknown; rawBody?: unknown };
