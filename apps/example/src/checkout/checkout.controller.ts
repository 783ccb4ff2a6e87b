import {
  Body,
  Controller,
  Get,
  Inject,
  Ip,
  NotFoundException,
  Optional,
  Param,
  Post,
  Sse,
  type MessageEvent,
} from '@nestjs/common';
import {
  ApiBody,
  ApiCreatedResponse,
  ApiExcludeEndpoint,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { distinctUntilChanged, map, type Observable } from 'rxjs';
import { WechatPayClient } from 'wechatpay-core';
import { DEMO, type Demo } from '../demo/demo.js';
import { ApiGuarded, ApiOrderNumber, ApiProblems, schemaNamed } from '../http/open-api.js';
import { PageLanguage, type Language } from '../http/language.js';
import { live, Page } from '../http/page.js';
import { orderParams, type OrderParams } from '../orders/orders.schemas.js';
import type { CheckoutOrder } from './checkout.order.js';
import { renderCheckout, renderOrder, renderOrderPage } from './checkout.page.js';
import { checkoutRequest, type CheckoutRequest } from './checkout.schemas.js';
import { Checkout } from './checkout.js';
import { checkoutWords } from './checkout.words.js';

/** What stands in a shop beside the till, or on its web site: the customer scans, and pays by themselves. */
@ApiTags('checkout')
@Controller('checkout')
export class CheckoutController {
  readonly #checkout: Checkout;
  readonly #client: WechatPayClient;
  readonly #demo: Demo | undefined;

  constructor(
    @Inject(Checkout) checkout: Checkout,
    @Inject(WechatPayClient) client: WechatPayClient,
    @Optional() @Inject(DEMO) demo?: Demo,
  ) {
    this.#checkout = checkout;
    this.#client = client;
    this.#demo = demo;
  }

  @Page()
  page(@PageLanguage() language: Language): string {
    return renderCheckout(checkoutWords(language), { isReachable: this.#checkout.notifyUrl !== undefined });
  }

  @Page(':outTradeNo')
  async order(
    @Param({ schema: orderParams }) { outTradeNo }: OrderParams,
    @PageLanguage() language: Language,
  ): Promise<string> {
    const order = await this.#find(outTradeNo);
    const clock = { now: this.#client.now(), speed: this.#demo?.clock.speed ?? 1 };
    return renderOrderPage(checkoutWords(language), order, { clock, hasPhone: this.#demo !== undefined });
  }

  /** The order whenever it looks otherwise to its customer. */
  @Sse(':outTradeNo/events')
  @ApiExcludeEndpoint()
  async events(
    @Param({ schema: orderParams }) { outTradeNo }: OrderParams,
    @PageLanguage() language: Language,
  ): Promise<Observable<MessageEvent>> {
    await this.#find(outTradeNo); // an order that is not there is looked for once
    const words = checkoutWords(language);
    const hasPhone = this.#demo !== undefined;
    const shown = this.#checkout.follow(outTradeNo).pipe(
      map((order) => renderOrder(words, order, hasPhone)),
      distinctUntilChanged(),
    );
    return live(shown.pipe(map((html) => ({ id: 'order', html }))));
  }

  @Post('orders/:outTradeNo')
  @ApiOperation({
    operationId: 'checkOut',
    summary: 'Make an order that its customer pays by a QR code, and resolve it',
    description:
      'The order is written down, then WeChat Pay is asked for the code. It can be paid for 5 minutes, and is closed then. Sent again ' +
      'with the same body, it is the same order.',
  })
  @ApiOrderNumber()
  @ApiBody({ schema: schemaNamed('CheckoutRequest') })
  @ApiCreatedResponse({
    description:
      'Without a `codeUrl`, WeChat Pay gave no clear answer: the order is closed by itself; take a new number.',
    schema: schemaNamed('CheckoutOrder'),
  })
  @ApiGuarded()
  @ApiProblems()
  create(
    @Param({ schema: orderParams }) { outTradeNo }: OrderParams,
    @Body({ schema: checkoutRequest }) sale: CheckoutRequest,
    @Ip() spbillCreateIp: string,
  ): Promise<CheckoutOrder> {
    return this.#checkout.create({ outTradeNo, ...sale }, spbillCreateIp);
  }

  @Get('orders/:outTradeNo')
  @ApiOperation({ operationId: 'checkoutOrder', summary: 'How an order of the checkout stands, as it is stored' })
  @ApiOrderNumber()
  @ApiOkResponse({ description: 'Of all processes.', schema: schemaNamed('CheckoutOrder') })
  @ApiNotFoundResponse({ description: 'No order of the checkout.', schema: schemaNamed('HttpError') })
  @ApiProblems()
  get(@Param({ schema: orderParams }) { outTradeNo }: OrderParams): Promise<CheckoutOrder> {
    return this.#find(outTradeNo);
  }

  async #find(outTradeNo: string): Promise<CheckoutOrder> {
    const order = await this.#checkout.get(outTradeNo);
    if (order) return order;
    throw new NotFoundException(`The checkout has no order ${JSON.stringify(outTradeNo)}.`);
  }
}
