import { Inject, Injectable } from '@nestjs/common';
import { WechatPayClient } from 'wechatpay-core';
import { DurableOrders, type DurableOrder, type DurableRefund, type OrderExplanation } from 'wechatpay-durable';

/** How the note begins with which somebody says that an order, or a refund, is seen to. */
export const RESOLVED_BY_HAND = 'Resolved by hand: ';

/** So many are shown: who has more than that has another trouble. */
const MAX_SHOWN = 50;

/** An order, or a refund, that needs a person. */
export interface Dead {
  readonly row: DurableOrder | DurableRefund;
  /** What is known of its money. */
  readonly summary: string;
  readonly timeline: readonly { readonly at: Date; readonly text: string }[];
  /** Whether somebody has said, since it needs a person, that it is seen to. */
  readonly isResolved: boolean;
}

/** What is dead, from the store: orders and refunds that only a person can bring to an end. */
@Injectable()
export class Attention {
  readonly #durableOrders: DurableOrders;
  readonly #client: WechatPayClient;

  constructor(@Inject(DurableOrders) durableOrders: DurableOrders, @Inject(WechatPayClient) client: WechatPayClient) {
    this.#durableOrders = durableOrders;
    this.#client = client;
  }

  /** The oldest first, orders before refunds. */
  async list(): Promise<Dead[]> {
    const filter = { merchantId: this.#client.merchantId, limit: MAX_SHOWN };
    const [orders, refunds] = await Promise.all([
      this.#durableOrders.dead(filter),
      this.#durableOrders.dead({ ...filter, kind: 'refund' }),
    ]);
    return Promise.all([
      ...orders.map(async (row) => deadOf(row, await this.#durableOrders.explain(orderOf(row)))),
      ...refunds.map(async (row) => deadOf(row, await this.#durableOrders.explain(refundOf(row)))),
    ]);
  }
}

export function orderOf({ state: { order } }: DurableOrder): {
  readonly outTradeNo: string;
  readonly subMerchantId?: string;
} {
  const { outTradeNo, subMerchantId } = order;
  return { outTradeNo, ...(subMerchantId !== undefined && { subMerchantId }) };
}

export function refundOf({ state: { request } }: DurableRefund): {
  readonly outRefundNo: string;
  readonly subMerchantId?: string;
} {
  const { outRefundNo, subMerchantId } = request;
  return { outRefundNo, ...(subMerchantId !== undefined && { subMerchantId }) };
}

type Explained = Pick<OrderExplanation, 'summary' | 'timeline'> | undefined;

function deadOf(row: Dead['row'], explained: Explained): Dead {
  const { summary = '', timeline = [] } = explained ?? {};
  const died = timeline.findLastIndex(({ kind }) => kind === 'ended');
  return {
    row,
    summary,
    timeline,
    isResolved: timeline
      .slice(died + 1)
      .some((one) => one.kind === 'noted' && one.fields.text.startsWith(RESOLVED_BY_HAND)),
  };
}
