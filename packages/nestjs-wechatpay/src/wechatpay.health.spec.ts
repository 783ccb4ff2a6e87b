import 'reflect-metadata';
import type { HttpException } from '@nestjs/common';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { WechatPayClient, type WechatPayConfig } from 'wechatpay-core';
import { describe, expect, it } from 'vitest';
import { openShop, settingsAmiss } from '../test/shop.js';
import { WechatPayHealthIndicator, WechatPayModule } from './index.js';

const DAY_MS = 24 * 60 * 60 * 1000;

const { sandbox, settings, start } = await openShop();

describe('health', () => {
  it.each([
    ['up', 15, 'ok', 'up'],
    ['degraded', 1, 'degraded', 'degraded'],
    // A restart would end in no client at all: it is not alive any less. It is not ready.
    ['degraded', -1, 'degraded', 'down'],
  ] as const)(
    'is %s for @nestjs/terminus, %i days before the certificate expires',
    async (status, days, overall, ready) => {
      let now = Date.now();
      const app = await start(
        TerminusModule.forRoot({ logger: false }),
        WechatPayModule.forRoot({ ...settings, now: () => now }),
      );
      const wechatPay = app.get(WechatPayHealthIndicator);
      now = app.get(WechatPayClient).certificate!.validTo.getTime() - days * DAY_MS;
      const health = await app
        .get(HealthCheckService)
        .check([() => wechatPay.isHealthy('wechatpay')])
        .catch((error: unknown) => (error as HttpException).getResponse());
      expect(health).toMatchObject({
        status: overall,
        details: { wechatpay: { status, merchantId: settings.merchantId, certificateDaysLeft: days } },
      });
      expect(await wechatPay.isReady()).toMatchObject({ wechatpay: { status: ready, certificateDaysLeft: days } });
    },
  );
});

describe('self-test', () => {
  const { anotherKey, anothersCertificate, unreachable } = settingsAmiss(sandbox);

  it.each<[string, () => Promise<Partial<WechatPayConfig>>, object]>([
    ['ok', () => Promise.resolve({}), { status: 'up', selfTest: 'ok' }],
    ['wrong-key', () => Promise.resolve(anotherKey), { status: 'down', message: /API key/ }],
    ['wrong-certificate', anothersCertificate, { status: 'down', message: /certificate/ }],
    ['unreachable', () => Promise.resolve(unreachable), { status: 'up' }],
  ])('is in health: %s', async (outcome, changes, { message, ...expected }: { message?: RegExp }) => {
    const app = await start(WechatPayModule.forRoot({ ...settings, ...(await changes()) }));
    const { wechatpay } = await app.get(WechatPayHealthIndicator).isReady();
    expect(wechatpay).toMatchObject({ selfTest: outcome, ...expected });
    if (message) expect(wechatpay.message).toMatch(message);
  });

  it('asks the gateway once in a while, however often it is probed', async () => {
    const app = await start(WechatPayModule.forRoot(settings));
    const health = app.get(WechatPayHealthIndicator);
    const calls = sandbox.requests.length;
    await Promise.all([health.isReady(), health.isReady('wechatpay')]);
    await health.isReady();
    expect(sandbox.requests.length).toBe(calls + 2);
    await health.isReady('wechatpay', { maxAgeMs: 0 });
    expect(sandbox.requests.length).toBe(calls + 4);
  });
});
