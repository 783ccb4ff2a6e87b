import { Body, Controller, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiBadRequestResponse, ApiBody, ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { ReverseService } from 'nestjs-wechatpay';
import { ApiProblems, schemaNamed, toOpenApi } from './open-api.js';
import {
  reverseBody,
  reverseParams,
  type ReverseAnswer,
  type ReverseBody,
  type ReverseParams,
} from './orders.schemas.js';

@ApiTags('orders')
@Controller('orders')
export class OrdersController {
  readonly #reversals: ReverseService;

  constructor(@Inject(ReverseService) reversals: ReverseService) {
    this.#reversals = reversals;
  }

  @Post(':outTradeNo/reverse')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'reverseOrder',
    summary: 'Revoke an order: a paid one is refunded, an unpaid one closed',
    description: 'Not earlier than 15 s after the order was created, not later than 7 days. Revoking twice is safe.',
  })
  @ApiParam({ name: 'outTradeNo', schema: toOpenApi(reverseParams.shape.outTradeNo) })
  @ApiBody({ required: false, schema: schemaNamed('ReverseRequest') })
  @ApiOkResponse({ description: 'WeChat Pay took it, signed.', schema: schemaNamed('ReverseResult') })
  @ApiBadRequestResponse({
    description: 'The body is no JSON, or the path is no UTF-8.',
    schema: schemaNamed('HttpError'),
  })
  @ApiProblems()
  async reverse(
    @Param({ schema: reverseParams }) { outTradeNo }: ReverseParams,
    @Body({ schema: reverseBody }) body: ReverseBody,
  ): Promise<ReverseAnswer> {
    // A caller that hangs up does not end the call: half a revoke helps nobody.
    const { raw, ...answer } = await this.#reversals.reverse({ outTradeNo, ...body });
    return answer;
  }
}
