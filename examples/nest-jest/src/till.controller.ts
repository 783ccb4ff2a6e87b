import { Body, Controller, Get, Ip, Logger, NotFoundException, Param, Post } from '@nestjs/common';
import { OnOrderResolved } from 'nestjs-wechatpay/durable';
import { DurableOrders, type ResolvedOrder } from 'wechatpay-durable';

/** What the till sends. wechatpay-core checks each property, before anything is sent. */
interface Scan {
  readonly authCode: string;
  readonly totalFee: number;
  readonly body: string;
}

@Controller('orders')
export class TillController {
  private readonly logger = new Logger(TillController.name);

  constructor(private readonly orders: DurableOrders) {}

  /** `paid`, `declined`, or `pending`: neither yes nor no. Then wait, ask how it stands, and do not charge again. */
  @Post(':outTradeNo/pay')
  async pay(
    @Param('outTradeNo') outTradeNo: string,
    @Body() { authCode, totalFee, body }: Scan,
    @Ip() spbillCreateIp: string,
  ): Promise<{ outcome: string; message?: string }> {
    const { outcome } = await this.orders.pay({
      outTradeNo,
      authCode,
      totalFee,
      body,
      currency: 'HKD',
      spbillCreateIp,
    });
    return outcome.kind === 'declined'
      ? { outcome: outcome.kind, message: outcome.error.message }
      : { outcome: outcome.kind };
  }

  /** As it is stored: also after a restart, and whoever resolved it. */
  @Get(':outTradeNo')
  async look(@Param('outTradeNo') outTradeNo: string): Promise<{ outcome: string }> {
    const order = await this.orders.get({ outTradeNo });
    if (!order) throw new NotFoundException('There is no such order.');
    return { outcome: order.status === 'cancelled' ? 'declined' : (order.outcome?.kind ?? 'pending') };
  }

  /** Called with each end, at least once: write it into your own books here. */
  @OnOrderResolved()
  onEnd({ order, outcome, end }: ResolvedOrder): void {
    this.logger.log(`${order.outTradeNo}: ${outcome.kind} (end ${end})`);
  }
}
