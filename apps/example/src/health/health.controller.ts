import { Controller, Get, Inject, Logger, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { WechatPayHealthIndicator } from 'nestjs-wechatpay';
import { DurableOrders } from 'wechatpay-durable';
import { schemaNamed } from '../http/open-api.js';
import type { Health } from './health.schemas.js';

/** In the words of @nestjs/terminus, whose indicator this is, without the dependency. */
@ApiTags('health')
@Controller('health')
export class HealthController {
  readonly #logger = new Logger(HealthController.name);
  readonly #wechatPay: WechatPayHealthIndicator;
  readonly #durableOrders: DurableOrders;

  constructor(
    @Inject(WechatPayHealthIndicator) wechatPay: WechatPayHealthIndicator,
    @Inject(DurableOrders) durableOrders: DurableOrders,
  ) {
    this.#wechatPay = wechatPay;
    this.#durableOrders = durableOrders;
  }

  @Get()
  @ApiOperation({
    operationId: 'health',
    summary:
      'Whether orders can be charged and reversed: the certificate with its days left, and the durable orders, counted',
  })
  @ApiOkResponse({ description: 'Up.', schema: schemaNamed('Health') })
  @ApiServiceUnavailableResponse({
    description: 'The certificate has expired, or the store cannot be reached.',
    schema: schemaNamed('Health'),
  })
  async check(): Promise<Health> {
    const details = { ...this.#wechatPay.isHealthy('wechatpay'), durableOrders: await this.#countDurableOrders() };
    if (details.wechatpay.status === 'up' && details.durableOrders.status === 'up') return { status: 'ok', details };
    throw new ServiceUnavailableException({ status: 'error', details } satisfies Health);
  }

  async #countDurableOrders(): Promise<Health['details']['durableOrders']> {
    try {
      const { oldestOpenAt, ...counts } = await this.#durableOrders.counts();
      return { status: 'up', ...counts, ...(oldestOpenAt && { oldestOpenAt: oldestOpenAt.toISOString() }) };
    } catch (error) {
      this.#logger.warn(error instanceof Error ? error.message : String(error));
      return { status: 'down', message: 'The store cannot be reached: nothing can be charged.' };
    }
  }
}
