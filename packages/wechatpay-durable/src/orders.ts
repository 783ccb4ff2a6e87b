import type { ResolutionState, WechatPayClient } from 'wechatpay-core';
import { durableOrderId } from './durable-order-id.js';
import { EndListeners } from './end-listeners.js';
import { readOrder, type OrderOf } from './intent.js';
import type { MerchantClients } from './merchant-clients.js';
import { durableRefundId } from './refunds/refund-id.js';
import { readRefundOf, type RefundOf } from './refunds/refund-intent.js';
import { isOrder, isRefund } from './stores/kinds.js';
import type { DurableOrder, DurableRefund, OrderStore } from './stores/store.js';
import type { TraceContext } from './trace-context.js';
import { UNTRACED, type Tracing } from './tracing.js';

/** A row of the store, and the client of its merchant. */
export interface Located {
  readonly id: string;
  readonly client: WechatPayClient;
}

/** What every operation on durable orders needs: the store, the merchants' clients, and the time from one clock to the other. */
export class Orders {
  readonly store: OrderStore;
  readonly clients: MerchantClients;
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

  /**
   * @throws {WechatPayRequestError} a merchant that is not known here, or none where there are several.
   * @throws {WechatPayMerchantError} a registry could not ask for it, or was given settings that cannot be used.
   */
  clientOf(merchantId?: string): Promise<WechatPayClient> {
    return this.clients.get(merchantId);
  }

  /** Where what is stored now belongs, as a part of what is stored. */
  traced(): { readonly trace?: TraceContext } {
    const trace = this.tracing.current();
    return trace ? { trace } : {};
  }

  /** Where an order is stored, and the client of its merchant. The order is read at once: it may be changed while a registry is asked. */
  async locate(order: OrderOf): Promise<Located> {
    const { outTradeNo, merchantId, subMerchantId } = readOrder(order);
    const client = await this.clientOf(merchantId);
    const id = durableOrderId({
      merchantId: client.merchantId,
      subMerchantId: subMerchantId ?? client.subMerchantId,
      outTradeNo,
    });
    return { id, client };
  }

  /** As {@link locate}, of a refund. */
  async locateRefund(refund: RefundOf): Promise<Located> {
    const { outRefundNo, merchantId, subMerchantId } = readRefundOf(refund);
    const client = await this.clientOf(merchantId);
    const id = durableRefundId({
      merchantId: client.merchantId,
      subMerchantId: subMerchantId ?? client.subMerchantId,
      outRefundNo,
    });
    return { id, client };
  }

  async get(order: OrderOf): Promise<DurableOrder | undefined> {
    return this.read((await this.locate(order)).id);
  }

  async getRefund(refund: RefundOf): Promise<DurableRefund | undefined> {
    return this.readRefund((await this.locateRefund(refund)).id);
  }

  /** The order that is stored under an id. */
  async read(id: string): Promise<DurableOrder | undefined> {
    const row = await this.store.get(id);
    return row && isOrder(row) ? row : undefined;
  }

  /** The refund that is stored under an id. */
  async readRefund(id: string): Promise<DurableRefund | undefined> {
    const row = await this.store.get(id);
    return row && isRefund(row) ? row : undefined;
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
