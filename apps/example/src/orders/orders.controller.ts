import type { ServerResponse } from 'node:http';
import { Body, Controller, Get, HttpCode, Inject, Ip, Param, Post, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { PaymentService, ReverseService } from 'nestjs-wechatpay';
import { isWechatPayError, WechatPayRequestError, type QueryOrderResult } from 'wechatpay-core';
import { ApiGuarded, ApiOrderNumber, ApiProblems, ApiToken, schemaNamed } from '../http/open-api.js';
import { WithToken } from '../http/token.guard.js';
import { Till } from '../till/till.js';
import { toAnswer, type TillOrderAnswer, type TillRefund } from '../till/till.order.js';
import { errorWord } from '../till/till.words.js';
import { toDurableOrder, type Reversal } from './durable-orders.schemas.js';
import {
  orderParams,
  payRequest,
  refundRequest,
  reverseBody,
  type OrderParams,
  type PayRequest,
  type RefundRequest,
  type ReverseAnswer,
  type ReverseBody,
} from './orders.schemas.js';

@ApiTags('orders')
@Controller('orders')
export class OrdersController {
  readonly #till: Till;
  readonly #payments: PaymentService;
  readonly #reversals: ReverseService;

  constructor(
    @Inject(Till) till: Till,
    @Inject(PaymentService) payments: PaymentService,
    @Inject(ReverseService) reversals: ReverseService,
  ) {
    this.#till = till;
    this.#payments = payments;
    this.#reversals = reversals;
  }

  @Get()
  @ApiOperation({ operationId: 'listOrders', summary: 'The orders that were charged, the newest first' })
  @ApiOkResponse({
    description: 'As this server knows them, by itself and from what is written down.',
    schema: { type: 'array', items: schemaNamed('TillOrder') },
  })
  async list(): Promise<TillOrderAnswer[]> {
    return (await this.#till.list()).map(toAnswer);
  }

  @Post(':outTradeNo/pay')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'payOrder',
    summary: 'Charge the customer whose code was scanned, and resolve the order',
    description:
      'Answers at once. The order is written down, then charged; how it goes on is at `GET /orders` and, live, at ' +
      '`GET /events`. A number is charged once.',
  })
  @ApiOrderNumber()
  @ApiBody({ schema: schemaNamed('PayRequest') })
  @ApiAcceptedResponse({ description: 'It is worked on.', schema: schemaNamed('TillOrder') })
  @ApiGuarded()
  @ApiProblems()
  async pay(
    @Param({ schema: orderParams }) { outTradeNo }: OrderParams,
    @Body({ schema: payRequest }) { description, ...request }: PayRequest,
    @Ip() spbillCreateIp: string,
  ): Promise<TillOrderAnswer> {
    return toAnswer(await this.#till.pay({ ...request, outTradeNo, body: description, spbillCreateIp }));
  }

  /** With the token: each call is a query of the merchant's, of which WeChat Pay takes so many and no more. */
  @Get(':outTradeNo')
  @WithToken()
  @ApiOperation({ operationId: 'queryOrder', summary: 'How an order stands, as WeChat Pay says it now' })
  @ApiOrderNumber()
  @ApiOkResponse({ description: "WeChat Pay's answer, signed.", schema: schemaNamed('OrderResult') })
  @ApiToken()
  @ApiProblems()
  async query(@Param({ schema: orderParams }) { outTradeNo }: OrderParams): Promise<Omit<QueryOrderResult, 'raw'>> {
    const { subMerchantId } = this.#till.get(outTradeNo) ?? {};
    try {
      const { raw, ...answer } = await this.#payments.query({ outTradeNo, subMerchantId });
      this.#till.asked(outTradeNo, answer);
      return answer;
    } catch (error) {
      const isUnknown = isWechatPayError(error) && errorWord(error) === 'ORDERNOTEXIST';
      if (isUnknown) this.#till.asked(outTradeNo, undefined);
      throw error;
    }
  }

  @Post(':outTradeNo/refund')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'refundOrder',
    summary: 'Return a payment, in whole or in part',
    description:
      'The refund is written down, and driven until the customer has the money: `GET /orders` and `GET /events` tell. Sent again with the ' +
      'same `outRefundNo`, it is the same refund.',
  })
  @ApiOrderNumber()
  @ApiBody({ schema: schemaNamed('RefundRequest') })
  @ApiAcceptedResponse({ description: 'It is worked on.', schema: schemaNamed('TillRefund') })
  @ApiGuarded()
  @ApiProblems()
  refund(
    @Param({ schema: orderParams }) { outTradeNo }: OrderParams,
    @Body({ schema: refundRequest }) { currency, ...request }: RefundRequest,
  ): Promise<TillRefund> {
    return this.#till.refund({ ...request, outTradeNo, refundCurrency: currency });
  }

  @Post(':outTradeNo/reverse')
  @HttpCode(200)
  @ApiOperation({
    operationId: 'reverseOrder',
    summary: 'Reverse an order: a paid one is refunded, an unpaid one closed',
    description:
      'An order that is written down here is reversed by a worker: 202, and `GET /orders` and `GET /events` tell. Not beside a refund of it ' +
      'that has no proven end: 503, and nothing was sent. Of any other order, Revoke Order is called at once: 200, not earlier than 15 s ' +
      'after it was created, not later than 7 days. Reversing twice is safe.',
  })
  @ApiOrderNumber()
  @ApiBody({ required: false, schema: schemaNamed('ReverseRequest') })
  @ApiOkResponse({ description: 'WeChat Pay took it, signed.', schema: schemaNamed('ReverseResult') })
  @ApiAcceptedResponse({
    description: 'It is worked on, or has ended, as `status` says.',
    schema: schemaNamed('Reversal'),
  })
  @ApiGuarded()
  @ApiProblems()
  async reverse(
    @Param({ schema: orderParams }) { outTradeNo }: OrderParams,
    @Body({ schema: reverseBody }) { transactionId, ...body }: ReverseBody,
    @Res({ passthrough: true }) response: ServerResponse,
  ): Promise<ReverseAnswer | Reversal> {
    if (transactionId !== undefined) await this.#assertSameOrder({ outTradeNo, ...body }, transactionId);
    // By our own number alone: WeChat Pay would go by the other one, whatever stands in the path.
    const order = { outTradeNo, ...body };
    // A caller that hangs up does not end the call: half a reversal helps nobody.
    const { durable, answer } = await this.#till.reverse(order, () => this.#reversals.reverse(order));
    if (durable) {
      response.statusCode = 202;
      return toDurableOrder(durable);
    }
    const { raw, ...reversed } = answer;
    return reversed;
  }

  /** @throws {WechatPayRequestError} a WeChat order number that is another order's. */
  async #assertSameOrder(
    { outTradeNo, ...body }: OrderParams & Omit<ReverseBody, 'transactionId'>,
    transactionId: string,
  ): Promise<void> {
    const { subMerchantId, subAppId } = body;
    const found = await this.#payments.query({ outTradeNo, subMerchantId, subAppId });
    if (found.transactionId === transactionId) return;
    throw new WechatPayRequestError(
      'transactionId',
      'is not that of the order in the path, as far as WeChat Pay tells. Nothing was reversed: check both numbers, or leave it out.',
    );
  }
}
