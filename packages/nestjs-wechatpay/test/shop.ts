import { Logger, type ModuleMetadata } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { afterAll, afterEach, vi } from 'vitest';
import type { QuickPayRequest, WechatPayConfig } from 'wechatpay-core';
import { Sandbox, type Behaviour, type Merchant } from 'wechatpay-sandbox';

export interface Shop {
  readonly sandbox: Sandbox;
  /** The settings of the sandbox's own merchant. */
  readonly settings: WechatPayConfig;
  /** Starts an application that listens; it is closed after the test. */
  readonly start: (...imports: NonNullable<ModuleMetadata['imports']>) => Promise<NestExpressApplication>;
  /** A purchase of a new customer, under a new number. */
  readonly purchase: (behaviour?: Behaviour) => QuickPayRequest;
}

/** A sandbox for one spec file, and applications of the test at hand. */
export async function openShop({
  controllers,
  now,
}: Pick<ModuleMetadata, 'controllers'> & { now?: () => number } = {}): Promise<Shop> {
  Logger.overrideLogger(false);
  const sandbox = await Sandbox.start({ ...(now && { now }) });
  const apps: NestExpressApplication[] = [];
  afterEach(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });
  afterAll(() => sandbox.stop());

  const start: Shop['start'] = async (...imports) => {
    const module = await Test.createTestingModule({ imports, ...(controllers && { controllers }) }).compile();
    const app = module.createNestApplication<NestExpressApplication>();
    apps.push(app);
    await app.listen(0);
    return app;
  };
  let orders = 0;
  const purchase: Shop['purchase'] = (behaviour = { behaviour: 'pays-at-once' }) => {
    orders += 1;
    const { authCode } = sandbox.customers.create(behaviour);
    return { outTradeNo: `N${orders}`, body: 'tea', totalFee: 888, spbillCreateIp: '203.0.113.7', authCode };
  };
  return { sandbox, settings: settingsOf(sandbox.merchant), start, purchase };
}

/** The passphrase is left out: it is the merchant ID. */
export function settingsOf({ appId, merchantId, apiKey, certificate, ca, baseUrl }: Merchant): WechatPayConfig {
  return { appId, merchantId, apiKey, certificate: { pfx: certificate.pfx }, ca, baseUrl };
}

/** What a self-test finds wrong, or cannot reach. */
export function settingsAmiss({ merchants }: Sandbox): {
  readonly anotherKey: Partial<WechatPayConfig>;
  readonly anothersCertificate: () => Promise<Partial<WechatPayConfig>>;
  readonly unreachable: Partial<WechatPayConfig>;
} {
  return {
    anotherKey: { apiKey: '0'.repeat(32) },
    anothersCertificate: async () => {
      const { pfx, passphrase } = (await merchants.create()).certificate;
      return { certificate: { pfx, passphrase } };
    },
    unreachable: { baseUrl: 'https://127.0.0.1:9' },
  };
}
