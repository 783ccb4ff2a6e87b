import { Body, Controller, Get, HttpCode, Inject, Param, Post, Query } from '@nestjs/common';
import {
  ApiBody,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger';
import { WechatPayRequestError } from 'wechatpay-core';
import { DurableOrders, type OrderOf, type RefundOf } from 'wechatpay-durable';
import { ApiGuarded, ApiOrderNumber, ApiProblems, schemaNamed, toOpenApi } from '../http/open-api.js';
import { RESOLVED_BY_HAND } from '../attention/attention.js';
import { orderParams, refundParams, type OrderParams, type RefundParams } from './orders.schemas.js';
import {
  noteRequest,
  redriveBody,
  durableOrderQuery,
  toDurableOrder,
  type NoteRequest,
  refundRedriveBody,
  type RedriveBody,
  type RefundRedriveBody,
  type Reversal,
  type DurableOrderQuery,
} from './durable-orders.schemas.js';

const { shape } = durableOrderQuery;
const ApiFilter = (name: keyof typeof shape): MethodDecorator =>
  ApiQuery({ name, required: false, schema: toOpenApi(shape[name]) });

const ApiRefundNumber = (): MethodDecorator =>
  ApiParam({ name: 'outRefundNo', schema: toOpenApi(refundParams.shape.outRefundNo) });

/** What is written down of orders: those that are being resolved, and those that need a person. */
@ApiTags('durable-orders')
@Controller()
export class DurableOrdersController {
  readonly #durableOrders: DurableOrders;

  constructor(@Inject(DurableOrders) durableOrders: DurableOrders) {
    this.#durableOrders = durableOrders;
  }

  @Get('durable-orders')
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

  @Post('durable-orders/:outTradeNo/redrive')
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
  @Post('durable-orders/:outTradeNo/note')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'noteDurableOrder',
    summary: 'Note in the journal of a durable order that a person has seen to it',
    description: 'It moves no money, and changes nothing else of the order.',
  })
  @ApiOrderNumber()
  @ApiBody({ schema: schemaNamed('NoteRequest') })
  @ApiNoContentResponse({ description: 'It is noted.' })
  @ApiGuarded()
  @ApiProblems()
  async note(
    @Param({ schema: orderParams }) { outTradeNo }: OrderParams,
    @Body({ schema: noteRequest }) body: NoteRequest,
  ): Promise<void> {
    await this.#note('outTradeNo', { outTradeNo, subMerchantId: body.subMerchantId }, body);
  }

  @Post('durable-refunds/:outRefundNo/redrive')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'redriveDurableRefund',
    summary: 'Redrive a dead durable refund, once its cause is fixed',
    description: 'The refund is asked for first, and is sent again under the same number only where there is none.',
  })
  @ApiRefundNumber()
  @ApiBody({ required: false, schema: schemaNamed('RefundRedriveRequest') })
  @ApiNoContentResponse({ description: 'It goes on.' })
  @ApiGuarded()
  @ApiProblems()
  async redriveRefund(
    @Param({ schema: refundParams }) { outRefundNo }: RefundParams,
    @Body({ schema: refundRedriveBody }) { subMerchantId }: RefundRedriveBody,
  ): Promise<void> {
    if (await this.#durableOrders.redrive({ outRefundNo, subMerchantId })) return;
    throw new WechatPayRequestError('outRefundNo', 'has no dead durable refund.');
  }

  @Post('durable-refunds/:outRefundNo/note')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'noteDurableRefund',
    summary: 'Note in the journal of a durable refund that a person has seen to it',
    description: 'It moves no money, and changes nothing else of the refund.',
  })
  @ApiRefundNumber()
  @ApiBody({ schema: schemaNamed('NoteRequest') })
  @ApiNoContentResponse({ description: 'It is noted.' })
  @ApiGuarded()
  @ApiProblems()
  async noteRefund(
    @Param({ schema: refundParams }) { outRefundNo }: RefundParams,
    @Body({ schema: noteRequest }) body: NoteRequest,
  ): Promise<void> {
    await this.#note('outRefundNo', { outRefundNo, subMerchantId: body.subMerchantId }, body);
  }

  async #note(field: string, one: OrderOf | RefundOf, { note, actor }: NoteRequest): Promise<void> {
    if (await this.#durableOrders.note(one, { text: `${RESOLVED_BY_HAND}${note}`, actor })) return;
    throw new WechatPayRequestError(field, 'is the number of nothing that is stored.');
  }
}
