import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { WechatPayRequestError } from 'wechatpay-core';
import { DurableReversals } from 'wechatpay-durable';
import { ApiGuarded, ApiOrderNumber, ApiProblems, schemaNamed, toOpenApi } from '../http/open-api.js';
import { orderParams, type OrderParams } from './orders.schemas.js';
import {
  redriveBody,
  reversalQuery,
  toReversal,
  type RedriveBody,
  type Reversal,
  type ReversalQuery,
} from './reversals.schemas.js';

const { shape } = reversalQuery;
const ApiFilter = (name: keyof typeof shape): MethodDecorator =>
  ApiQuery({ name, required: false, schema: toOpenApi(shape[name]) });

/** What is written down of orders: those that are to be seen to their end, and those that need a person. */
@ApiTags('reversals')
@Controller('reversals')
export class ReversalsController {
  readonly #reversals: DurableReversals;

  constructor(@Inject(DurableReversals) reversals: DurableReversals) {
    this.#reversals = reversals;
  }

  @Get()
  @ApiOperation({ operationId: 'listReversals', summary: 'Reversals as they are stored, the oldest first' })
  @ApiFilter('status')
  @ApiFilter('merchantId')
  @ApiFilter('createdBefore')
  @ApiFilter('limit')
  @ApiOkResponse({
    description: 'Of all processes.',
    schema: { type: 'array', items: schemaNamed('Reversal') },
  })
  @ApiProblems()
  async list(
    @Query({ schema: reversalQuery }) { status, merchantId, createdBefore, limit }: ReversalQuery,
  ): Promise<Reversal[]> {
    const list = await this.#reversals.list({
      ...(status && { status }),
      ...(merchantId !== undefined && { merchantId }),
      ...(createdBefore && { createdBefore }),
      limit,
    });
    return list.map(toReversal);
  }

  @Post(':outTradeNo/redrive')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'redriveReversal',
    summary: 'Set a dead reversal going again, once what was wrong is mended',
    description: 'The order is asked for first.',
  })
  @ApiOrderNumber()
  @ApiBody({ required: false, schema: schemaNamed('RedriveRequest') })
  @ApiOkResponse({ description: 'It goes on.', schema: schemaNamed('Reversal') })
  @ApiGuarded()
  @ApiProblems()
  async redrive(
    @Param({ schema: orderParams }) { outTradeNo }: OrderParams,
    @Body({ schema: redriveBody }) { subMerchantId, refundWhenExpired, ifPaid, ifAmountDiffers }: RedriveBody,
  ): Promise<Reversal> {
    const order = { outTradeNo, subMerchantId };
    const policy = {
      ...(refundWhenExpired !== undefined && { refundWhenExpired }),
      ...(ifPaid && { ifPaid }),
      ...(ifAmountDiffers && { ifAmountDiffers }),
    };
    const isRedriven = await this.#reversals.redrive(order, { policy });
    const stored = isRedriven ? await this.#reversals.get(order) : undefined;
    if (stored) return toReversal(stored);
    throw new WechatPayRequestError('outTradeNo', 'has no dead reversal; GET /reversals?status=dead lists those.');
  }
}
