import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import { ApiBody, ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { WechatPayRequestError } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { ApiGuarded, ApiOrderNumber, ApiProblems, schemaNamed, toOpenApi } from '../http/open-api.js';
import { orderParams, type OrderParams } from './orders.schemas.js';
import {
  redriveBody,
  durableOrderQuery,
  toDurableOrder,
  type RedriveBody,
  type Reversal,
  type DurableOrderQuery,
} from './durable-orders.schemas.js';

const { shape } = durableOrderQuery;
const ApiFilter = (name: keyof typeof shape): MethodDecorator =>
  ApiQuery({ name, required: false, schema: toOpenApi(shape[name]) });

/** What is written down of orders: those that are being resolved, and those that need a person. */
@ApiTags('durable-orders')
@Controller('durable-orders')
export class DurableOrdersController {
  readonly #durableOrders: DurableOrders;

  constructor(@Inject(DurableOrders) durableOrders: DurableOrders) {
    this.#durableOrders = durableOrders;
  }

  @Get()
  @ApiOperation({ operationId: 'listDurableOrders', summary: 'Durable orders, as they are stored, the oldest first' })
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
    @Query({ schema: durableOrderQuery }) { status, merchantId, createdBefore, limit }: DurableOrderQuery,
  ): Promise<Reversal[]> {
    const list = await this.#durableOrders.list({
      ...(status && { status }),
      ...(merchantId !== undefined && { merchantId }),
      ...(createdBefore && { createdBefore }),
      limit,
    });
    return list.map(toDurableOrder);
  }

  @Post(':outTradeNo/redrive')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'redriveDurableOrder',
    summary: 'Redrive a dead durable order, once its cause is fixed',
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
    const isRedriven = await this.#durableOrders.redrive(order, { policy });
    const stored = isRedriven ? await this.#durableOrders.get(order) : undefined;
    if (stored) return toDurableOrder(stored);
    throw new WechatPayRequestError(
      'outTradeNo',
      'has no dead durable order; GET /durable-orders?status=dead lists those.',
    );
  }
}
