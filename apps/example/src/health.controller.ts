import { Controller, Get, Inject, ServiceUnavailableException } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { WechatPayHealthIndicator } from 'nestjs-wechatpay';
import { schemaNamed } from './open-api.js';
import type { Health } from './orders.schemas.js';

/** In the words of @nestjs/terminus, whose indicator this is, without the dependency. */
@ApiTags('health')
@Controller('health')
export class HealthController {
  readonly #wechatPay: WechatPayHealthIndicator;

  constructor(@Inject(WechatPayHealthIndicator) wechatPay: WechatPayHealthIndicator) {
    this.#wechatPay = wechatPay;
  }

  @Get()
  @ApiOperation({ operationId: 'health', summary: 'Whether orders can be revoked: the certificate and its days left' })
  @ApiOkResponse({ description: 'Up.', schema: schemaNamed('Health') })
  @ApiServiceUnavailableResponse({ description: 'The certificate has expired.', schema: schemaNamed('Health') })
  check(): Health {
    const details = this.#wechatPay.isHealthy('wechatpay');
    if (details.wechatpay.status === 'up') return { status: 'ok', details };
    throw new ServiceUnavailableException({ status: 'error', details } satisfies Health);
  }
}
