import { Inject, Injectable } from '@nestjs/common';
import { WechatPayClient } from 'wechatpay-core';
import {
  DurableOrders,
  type DurableOrder,
  type DurableRefund,
  type KnownMoney,
  type KnownRefund,
  type OrderExplanation,
} from 'wechatpay-durable';

/** How the note begins with which somebody says that an order, or a refund, is seen to. */
export const RESOLVED_BY_HAND = 'Resolved by hand: ';

/** So many are shown: who has more than that has another trouble. */
const MAX_SHOWN = 50;

/** An order, or a refund, that needs a person. */
export interface Dead {
  readonly row: DurableOrder | DurableRefund;
  /** What verified answers have said about its money. */
  readonly known: Known;
  /** The same in the library's words, in English. */
  readonly summary: string;
  readonly timeline: readonly { readonly at: Date; readonly text: string }[];
  /** Whether somebody has said, since it needs a person, that it is seen to. */
  readonly isResolved: boolean;
}

type Known =
  | { readonly of: 'order'; readonly money: KnownMoney | undefined }
  | { readonly of: 'refund'; readonly money: KnownRefund | undefined };

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
      ...orders.map(async (row) => {
        const explained = await this.#durableOrders.explain(orderOf(row));
        return deadOf(row, { of: 'order', money: explained?.money }, explained);
      }),
      ...refunds.map(async (row) => {
        const explained = await this.#durableOrders.explain(refundOf(row));
        return deadOf(row, { of: 'refund', money: explained?.money }, explained);
      }),
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

function deadOf(row: Dead['row'], known: Known, explained: Explained): Dead {
  const { summary = '', timeline = [] } = explained ?? {};
  const died = timeline.findLastIndex(({ kind }) => kind === 'ended');
  return {
    row,
    known,
    summary,
    timeline,
    isResolved: timeline
      .slice(died + 1)
      .some((one) => one.kind === 'noted' && one.fields.text.startsWith(RESOLVED_BY_HAND)),
  };
}
