import { Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { WechatPayModule } from 'nestjs-wechatpay';
import type { WechatPayConfig } from 'wechatpay-core';
import { Sandbox } from 'wechatpay-sandbox';

const DAY_MS = 24 * 60 * 60 * 1000;

/** A WeChat Pay gateway inside this process, for trying things out: real HTTPS and signatures, no account, no money. */
@Module({
  providers: [{ provide: Sandbox, useFactory: startDemoSandbox }],
  exports: [Sandbox],
})
export class DemoSandboxModule implements OnApplicationShutdown {
  readonly #sandbox: Sandbox;

  constructor(@Inject(Sandbox) sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  /** A WechatPayModule whose gateway is the sandbox. */
  static wechatPay(): DynamicModule {
    return WechatPayModule.forRootAsync({
      imports: [DemoSandboxModule],
      inject: [Sandbox],
      useFactory: merchantOf,
    });
  }

  /** Nest shuts a module down after those that import it: by now the calls in flight have ended. */
  async onApplicationShutdown(): Promise<void> {
    await this.#sandbox.stop();
  }
}

/** A sandbox with an order in each state that answers a revoke differently. */
async function startDemoSandbox(): Promise<Sandbox> {
  const sandbox = await Sandbox.start();
  sandbox.orders.create({ outTradeNo: 'demo-paid', state: 'paid', rate: '92000000' });
  sandbox.orders.create({ outTradeNo: 'demo-unpaid', state: 'not-paid' });
  sandbox.orders.create({ outTradeNo: 'demo-paying', state: 'user-paying' });
  sandbox.orders.create({ outTradeNo: 'demo-expired', state: 'paid', createdAt: Date.now() - 8 * DAY_MS });
  return sandbox;
}

/** The settings of the sandbox's merchant. */
export function merchantOf({ merchant }: Sandbox): WechatPayConfig {
  const { appId, merchantId, apiKey, certificate, ca, baseUrl } = merchant;
  return { appId, merchantId, apiKey, certificate: { pfx: certificate.pfx }, ca, baseUrl };
}
