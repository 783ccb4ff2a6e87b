import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { WechatPayClient, WechatPayTransportError, type WechatPayConfig } from 'wechatpay-core';
import { describe, expect, it, vi } from 'vitest';
import { openShop, settingsAmiss } from '../test/shop.js';
import { ReverseService, WechatPayModule } from './index.js';

const DAY_MS = 24 * 60 * 60 * 1000;

const { sandbox, settings, start } = await openShop();

describe('lifecycle', () => {
  it('logs merchant, gateway and certificate expiry at boot, and warns 30 days before it', async () => {
    const log = vi.spyOn(Logger.prototype, 'log').mockImplementation(() => undefined);
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const app = await start(WechatPayModule.forRoot(settings));
    const expiry = app.get(WechatPayClient).certificate!.validTo;
    const { merchantId, baseUrl } = sandbox.merchant;
    expect(log).toHaveBeenCalledWith(
      `Merchant ${merchantId} at ${baseUrl}, certificate valid until ${expiry.toISOString()}`,
    );
    expect(warn).not.toHaveBeenCalled();

    await start(WechatPayModule.forRoot({ ...settings, now: () => expiry.getTime() - 29.5 * DAY_MS }));
    expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/expires in 29 days: download a new one/));
    for (const [line] of [...log.mock.calls, ...warn.mock.calls]) expect(line).not.toContain(settings.apiKey);
  });

  it('closes the connections at shutdown', async () => {
    const app = await start(WechatPayModule.forRoot(settings));
    const reversals = app.get(ReverseService);
    await app.close();
    const error: unknown = await reversals.reverse({ outTradeNo: '1' }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WechatPayTransportError);
    expect(error).toMatchObject({ outcome: 'not-sent', message: expect.stringContaining('closed') as string });
  });

  it('does not boot with a wrong setting, and says which', async () => {
    await expect(start(WechatPayModule.forRoot({ ...settings, apiKey: 'short' }))).rejects.toThrow(/^apiKey: must be/);
  });
});

describe('self-test', () => {
  const { anotherKey, anothersCertificate, unreachable } = settingsAmiss(sandbox);
  const logged = () => {
    const lines: string[] = [];
    for (const level of ['log', 'warn'] as const) {
      vi.spyOn(Logger.prototype, level).mockImplementation((line: string) => {
        if (line.startsWith('Self-test')) lines.push(`${level} ${line}`);
      });
    }
    return lines;
  };

  it('is off by default', async () => {
    const calls = sandbox.requests.length;
    await start(WechatPayModule.forRoot(settings));
    expect(sandbox.requests.length).toBe(calls);
  });

  it.each([true, 'warn', 'fail'] as const)('boots with right settings (%s)', async (mode) => {
    const lines = logged();
    await start(WechatPayModule.forRoot({ ...settings, selfTest: mode }));
    expect(lines).toEqual([
      expect.stringMatching(/^log Self-test of merchant \d+: ok\. API key, appid, mch_id and certificate/),
    ]);
  });

  it("does not boot with a wrong API key, nor with another merchant's certificate", async () => {
    const boot = (changes: Partial<WechatPayConfig>, mode: 'fail' | true): Promise<unknown> =>
      start(WechatPayModule.forRootAsync({ useFactory: () => ({ ...settings, ...changes }), selfTest: mode }));
    await expect(boot(anotherKey, 'fail')).rejects.toThrow(/^selfTest: wrong-key: the API key \(v2\)/);
    await expect(boot(await anothersCertificate(), true)).rejects.toThrow(/^selfTest: wrong-certificate: /);
  });

  it('warns of them where it is to warn, and of a gateway that cannot be reached in any case', async () => {
    const lines = logged();
    await start(WechatPayModule.forRoot({ ...settings, ...anotherKey, selfTest: 'warn' }));
    await start(WechatPayModule.forRoot({ ...settings, ...(await anothersCertificate()), selfTest: 'warn' }));
    await start(WechatPayModule.forRoot({ ...settings, ...unreachable, selfTest: 'fail' }));
    expect(lines).toEqual([
      expect.stringMatching(/^warn Self-test of merchant \d+: wrong-key\. /),
      expect.stringMatching(/^warn Self-test of merchant \d+: wrong-certificate\. /),
      expect.stringMatching(/^warn Self-test of merchant \d+: unreachable\. /),
    ]);
    for (const line of lines) expect(line).not.toContain(settings.apiKey);
  });
});
