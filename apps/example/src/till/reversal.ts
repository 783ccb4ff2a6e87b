import { ServiceUnavailableException } from '@nestjs/common';
import { WechatPayRequestError, type WechatPayClient } from 'wechatpay-core';
import type { DurableOrder, DurableOrders, OrderOf } from 'wechatpay-durable';

/** What is to be reversed. */
export interface Reversible {
  readonly outTradeNo: string;
  readonly subMerchantId?: string | undefined;
  readonly subAppId?: string | undefined;
  /** When it was created: counts where nothing is known of that here. */
  readonly orderCreatedAt?: Date | undefined;
}

/** An order that is worked on, or has ended; or the answer about one that is not written down. */
export type Reversed<Answer> =
  | { readonly durable: DurableOrder; readonly answer?: undefined }
  | { readonly answer: Answer; readonly durable?: undefined };

/** How orders are reversed of which anything is written down: never beside a refund that is under way. */
export class Reversals {
  readonly #durableOrders: DurableOrders;
  readonly #client: WechatPayClient;

  constructor(durableOrders: DurableOrders, client: WechatPayClient) {
    this.#durableOrders = durableOrders;
    this.#client = client;
  }

  /**
   * @param createdAt of one that this process knows, and may not have stored.
   * @returns undefined where nothing of it is written down, neither itself nor a refund: nothing was done.
   * @throws {DurableOrdersError} `WECHATPAY_ORDER_BUSY`: a refund of it has no proven end. Nothing was sent.
   */
  async reverse(order: Reversible, createdAt?: Date): Promise<DurableOrder | undefined> {
    const { outTradeNo, subMerchantId, subAppId } = order;
    const key: OrderOf = { outTradeNo, subMerchantId };
    const { state } = (await this.#durableOrders.get(key)) ?? {};
    const at = state ? new Date(state.orderCreatedAt) : createdAt;
    if (!at && !(await this.#hasRefund(order))) return undefined;
    const orderCreatedAt = at ?? order.orderCreatedAt;
    if (!orderCreatedAt) {
      throw new WechatPayRequestError(
        'orderCreatedAt',
        'is missing: only refunds of this order are written down here.',
      );
    }
    const timeExpire = state?.timeExpire === undefined ? undefined : new Date(state.timeExpire);
    await this.#durableOrders.reverse({
      outTradeNo,
      ...(subMerchantId !== undefined && { subMerchantId }),
      ...(subAppId !== undefined && { subAppId }),
      ...{ orderCreatedAt, product: state?.product, timeExpire },
    });
    const reversing = await this.#durableOrders.get(key);
    if (reversing) return reversing;
    throw new ServiceUnavailableException('The order is not in the store any more. See how it stands at WeChat Pay.');
  }

  async #hasRefund({ outTradeNo, subMerchantId }: Reversible): Promise<boolean> {
    const { merchantId, subMerchantId: byDefault } = this.#client;
    const refunds = await this.#durableOrders.find({ outTradeNo, merchantId, kind: 'refund' });
    const subMerchant = subMerchantId ?? byDefault;
    return refunds.some(({ state: { request } }) => (request.subMerchantId ?? byDefault) === subMerchant);
  }
}
