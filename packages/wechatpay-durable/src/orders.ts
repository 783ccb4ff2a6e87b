import { WechatPayRequestError, type ResolutionState, type WechatPayClient } from 'wechatpay-core';
import { durableOrderId } from './durable-order-id.js';
import { EndListeners } from './end-listeners.js';
import { readOrder, type OrderOf } from './intent.js';
import { durableRefundId } from './refunds/refund-id.js';
import { readRefundOf, type RefundOf } from './refunds/refund-intent.js';
import { isOrder, isRefund } from './stores/kinds.js';
import type { DurableOrder, DurableRefund, OrderStore } from './stores/store.js';
import type { TraceContext } from './trace-context.js';
import { UNTRACED, type Tracing } from './tracing.js';

/** What every operation on durable orders needs: the store, the merchants' clients, and the time from one clock to the other. */
export class Orders {
  readonly store: OrderStore;
  readonly clients: ReadonlyMap<string, WechatPayClient>;
  readonly speed: number;
  /** Whether the journal keeps the customers' openid. */
  readonly keepsOpenId: boolean;
  /** Who waits in this process for an order to end. */
  readonly ends = new EndListeners();
  /** Who traces what is done with them. */
  tracing: Tracing = UNTRACED;

  constructor({ store, clients, speed, keepsOpenId }: Pick<Orders, 'store' | 'clients' | 'speed' | 'keepsOpenId'>) {
    this.store = store;
    this.clients = clients;
    this.speed = speed;
    this.keepsOpenId = keepsOpenId;
  }

  /** @throws {WechatPayRequestError} a merchant that is not known here, or none where there are several. */
  clientOf(merchantId?: string): WechatPayClient {
    const only = this.clients.size === 1 ? [...this.clients.keys()][0] : undefined;
    const client = this.clients.get(merchantId ?? only ?? '');
    if (client) return client;
    throw new WechatPayRequestError(
      'merchantId',
      merchantId === undefined ? 'is missing; there are several clients.' : 'has no client here; add it to `clients`.',
    );
  }

  /** Where what is stored now belongs, as a part of what is stored. */
  traced(): { readonly trace?: TraceContext } {
    const trace = this.tracing.current();
    return trace ? { trace } : {};
  }

  idOf(order: OrderOf): string {
    const { outTradeNo, merchantId, subMerchantId } = readOrder(order);
    const client = this.clientOf(merchantId);
    return durableOrderId({
      merchantId: client.merchantId,
      subMerchantId: subMerchantId ?? client.subMerchantId,
      outTradeNo,
    });
  }

  refundIdOf(refund: RefundOf): string {
    const { outRefundNo, merchantId, subMerchantId } = readRefundOf(refund);
    const client = this.clientOf(merchantId);
    return durableRefundId({
      merchantId: client.merchantId,
      subMerchantId: subMerchantId ?? client.subMerchantId,
      outRefundNo,
    });
  }

  async getRefund(refund: RefundOf): Promise<DurableRefund | undefined> {
    const row = await this.store.get(this.refundIdOf(refund));
    return row && isRefund(row) ? row : undefined;
  }

  async get(order: OrderOf): Promise<DurableOrder | undefined> {
    const row = await this.store.get(this.idOf(order));
    return row && isOrder(row) ? row : undefined;
  }

  /** Real milliseconds from a time of the client's clock to another. The store is told how long, not when: its clock may differ. */
  delay(until: number, now: number): number {
    return Math.max(0, Math.ceil((until - now) / this.speed));
  }

  /** As {@link delay}, for an order: a clock that says a time before it was created was set back since. */
  delayOf({ orderCreatedAt }: ResolutionState, until: number, now: number): number {
    return this.delay(until, Math.max(now, orderCreatedAt));
  }
}
