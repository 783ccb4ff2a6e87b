import type { DynamicModule } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { WechatPayModule } from 'nestjs-wechatpay';
import { wechatPayConfig } from 'nestjs-wechatpay/config';

/** Whom the application talks to. */
export interface Gateway {
  readonly module: DynamicModule;
  readonly isDemo: boolean;
}

/**
 * WeChat Pay as soon as any WECHATPAY_* variable is set, in the environment or in a .env file; else a sandbox.
 *
 * Any of them, and not just the required ones: a half-configured deployment must stop, not pretend that it revokes.
 */
export async function chooseGateway(): Promise<Gateway> {
  const configModule = await ConfigModule.forRoot(); // takes .env into process.env
  const isConfigured = Object.entries(process.env).some(([name, value]) => name.startsWith('WECHATPAY_') && value);
  if (isConfigured) {
    const wechatPay = WechatPayModule.forRootAsync(wechatPayConfig.asProvider());
    return { isDemo: false, module: { ...wechatPay, imports: [...(wechatPay.imports ?? []), configModule] } };
  }
  // Loaded only here, so that a production install can leave it out.
  const { DemoSandboxModule } = await import('./demo-sandbox.js');
  return { isDemo: true, module: DemoSandboxModule.wechatPay() };
}
