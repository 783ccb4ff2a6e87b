import { join } from 'node:path';
import type { DynamicModule } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { WechatPayModule } from 'nestjs-wechatpay';
import { wechatPayConfig } from 'nestjs-wechatpay/config';
import { FastClock, type Demo } from './demo/demo.js';
import { dataFolder } from './orders/store.js';
import { readSpeed, SettingError } from './settings.js';

/** Whom the application talks to. */
export interface Gateway {
  readonly module: DynamicModule;
  /** Where it is a sandbox. */
  readonly demo?: Demo;
}

/** Where the sandbox may stand in for WeChat Pay. Any other NODE_ENV means real customers. */
const SANDBOX_ENVIRONMENTS = ['', 'development', 'test'];

/**
 * WeChat Pay as soon as any WECHATPAY_* variable is set, in the environment or in a .env file; else a sandbox.
 *
 * Any of them, and not just the required ones: a half-configured deployment must stop, not pretend that it reverses.
 *
 * @throws {SettingError} no such variable in an environment that is not for trying things out.
 */
export async function chooseGateway(): Promise<Gateway> {
  const configModule = await ConfigModule.forRoot(); // takes .env into process.env
  const isConfigured = Object.entries(process.env).some(([name, value]) => name.startsWith('WECHATPAY_') && value);
  if (isConfigured) {
    const wechatPay = WechatPayModule.forRootAsync(wechatPayConfig.asProvider());
    return { module: { ...wechatPay, imports: [...(wechatPay.imports ?? []), configModule] } };
  }
  const { NODE_ENV: environment = '' } = process.env;
  if (!SANDBOX_ENVIRONMENTS.includes(environment)) {
    throw new SettingError(
      `NODE_ENV: is ${JSON.stringify(environment)}, and no WECHATPAY_* variable is set: the sandbox would take orders that nobody ` +
        'pays. Set WECHATPAY_APP_ID, WECHATPAY_MERCHANT_ID, WECHATPAY_API_KEY and the certificate (README.md), or, to try the ' +
        'sandbox, set NODE_ENV to development.',
    );
  }
  const clock = new FastClock(readSpeed(process.env.DEMO_SPEED));
  // Loaded only here, so that a production install can leave it out.
  const { DEMO_CUSTOMERS, DemoSandboxModule } = await import('./demo/demo-sandbox.js');
  const folder = dataFolder();
  const file = folder === undefined ? undefined : join(folder, 'wechatpay-sandbox.json');
  const { makeSampleDay } = await import('./demo/sample-day.js');
  const demo = { clock, customers: DEMO_CUSTOMERS, sampleDay: () => makeSampleDay(Date.now()) };
  return { module: DemoSandboxModule.wechatPay(clock, file), demo };
}
