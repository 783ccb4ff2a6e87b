import {
  Controller,
  Get,
  HttpCode,
  Inject,
  Module,
  NotFoundException,
  Param,
  Post,
  Redirect,
  type DynamicModule,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { WechatPayModule } from 'nestjs-wechatpay';
import type { WechatPayConfig } from 'wechatpay-core';
import { Sandbox, wellKnownAuthCodes, type OrderOptions } from 'wechatpay-sandbox';
import { FastClock, type Demo, type DemoClock } from './demo.js';

/** The same at each start, so that what an earlier one has written down finds its merchant. */
const MERCHANT_ID = '1900000109';
const DAY_MS = 24 * 60 * 60 * 1000;

/** Trouble on demand, and the telephones of customers. */
@ApiExcludeController()
@Controller('demo')
class DemoController {
  readonly #sandbox: Sandbox;

  constructor(@Inject(Sandbox) sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  /** The next Quick Pay does its work, and then the line is cut: nobody knows whether the customer paid. */
  @Post('lose-answer')
  @HttpCode(204)
  loseAnswer(): void {
    this.#sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
  }

  /** What a customer sees who has scanned the QR code of an order. */
  @Get('phone/:outTradeNo')
  @Redirect()
  phone(@Param('outTradeNo') outTradeNo: string): { readonly url: string } {
    try {
      return { url: this.#sandbox.payerPage(outTradeNo) };
    } catch (error) {
      throw new NotFoundException((error as Error).message);
    }
  }
}

/** A WeChat Pay gateway inside this process, for trying things out: real HTTPS and signatures, no account, no money. */
@Module({})
export class DemoSandboxModule implements OnApplicationShutdown {
  readonly #sandbox: Sandbox;

  constructor(@Inject(Sandbox) sandbox: Sandbox) {
    this.#sandbox = sandbox;
  }

  /**
   * A WechatPayModule whose gateway is the sandbox, both by the same clock.
   *
   * @param file where the sandbox keeps its orders, so that they are there after the next start; nowhere without it.
   */
  static wechatPay(clock: DemoClock = new FastClock(), file?: string): DynamicModule {
    const sandbox: DynamicModule = {
      module: DemoSandboxModule,
      controllers: [DemoController],
      providers: [{ provide: Sandbox, useFactory: () => startDemoSandbox(clock, file) }],
      exports: [Sandbox],
    };
    return WechatPayModule.forRootAsync({
      imports: [sandbox],
      inject: [Sandbox],
      // Its time goes on from that of an earlier start.
      useFactory: (started: Sandbox) => ({ ...merchantOf(started), now: () => started.clock.now() }),
    });
  }

  /** Nest shuts a module down after those that import it: by now the calls in flight have ended. */
  async onApplicationShutdown(): Promise<void> {
    await this.#sandbox.stop();
  }
}

/** Whom a person at the till can play, and with which code. */
export const DEMO_CUSTOMERS: Demo['customers'] = [
  { name: 'Pays at once', authCode: wellKnownAuthCodes.paysAtOnce },
  { name: 'Types a password for 10 s', authCode: wellKnownAuthCodes.paysAfter10s },
  { name: 'Types a password for 40 s', authCode: wellKnownAuthCodes.paysAfter40s },
  { name: 'Pays when asked twice', authCode: wellKnownAuthCodes.paysAfter2Queries },
  { name: 'Says no', authCode: wellKnownAuthCodes.refuses },
  { name: 'Has too little money', authCode: wellKnownAuthCodes.balanceTooLow },
  { name: 'Walks away', authCode: wellKnownAuthCodes.walksAway },
  { name: 'Shows an old code', authCode: wellKnownAuthCodes.expired },
];

/** A sandbox with an order in each state that answers a reversal differently. */
async function startDemoSandbox({ now }: DemoClock, file: string | undefined): Promise<Sandbox> {
  const merchant = { merchantId: MERCHANT_ID };
  const sandbox = await Sandbox.start({ now, payerPort: 0, merchant, ...(file !== undefined && { file }) });
  const enter = (order: OrderOptions & { outTradeNo: string }): void => {
    if (!sandbox.orders.get(order.outTradeNo)) sandbox.orders.create(order);
  };
  enter({ outTradeNo: 'demo-paid', state: 'paid', rate: '92000000' });
  enter({ outTradeNo: 'demo-unpaid', state: 'not-paid' });
  enter({ outTradeNo: 'demo-paying', state: 'user-paying' });
  enter({ outTradeNo: 'demo-expired', state: 'paid', createdAt: now() - 8 * DAY_MS });
  return sandbox;
}

/** The settings of the sandbox's merchant. */
export function merchantOf({ merchant }: Sandbox): WechatPayConfig {
  const { appId, merchantId, apiKey, certificate, ca, baseUrl } = merchant;
  return { appId, merchantId, apiKey, certificate: { pfx: certificate.pfx }, ca, baseUrl };
}
