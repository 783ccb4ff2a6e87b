import { Controller, Get, Inject, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { WechatPayHealthIndicator } from 'nestjs-wechatpay';
import { WechatPayDurableHealthIndicator } from 'nestjs-wechatpay/durable';
import { schemaNamed } from '../http/open-api.js';
import type { Health } from './health.schemas.js';

/** In the words of @nestjs/terminus, whose indicators these are, without the dependency. */
@ApiTags('health')
@Controller('health')
export class HealthController {
  readonly #wechatPay: WechatPayHealthIndicator;
  readonly #durableOrders: WechatPayDurableHealthIndicator;

  constructor(
    @Inject(WechatPayHealthIndicator) wechatPay: WechatPayHealthIndicator,
    @Inject(WechatPayDurableHealthIndicator) durableOrders: WechatPayDurableHealthIndicator,
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
  @ApiOkResponse({ description: 'Up, or degraded: somebody has to look.', schema: schemaNamed('Health') })
  @ApiServiceUnavailableResponse({
    description: 'The store cannot be reached.',
    schema: schemaNamed('Health'),
  })
  async check(): Promise<Health> {
    const durableOrders = await this.#durableOrders.isHealthy('durableOrders', { maxAgeMs: 0 });
    const details = { ...this.#wechatPay.isHealthy('wechatpay'), ...durableOrders };
    const statuses = Object.values(details).map(({ status }) => status);
    if (!statuses.includes('down')) return { status: statuses.includes('degraded') ? 'degraded' : 'ok', details };
    throw new ServiceUnavailableException({ status: 'error', details } satisfies Health);
  }
}
