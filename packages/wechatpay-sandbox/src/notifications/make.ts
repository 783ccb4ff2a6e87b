import { randomUUID } from 'node:crypto';
import { newFacts } from '../orders/new-order.js';
import { newRefund, type OrderEntry } from '../orders/order-entry.js';
import type { Order, Refund } from '../orders/order.js';
import type { Orders } from '../orders/orders.js';
import type { Merchant } from '../parties/merchants.js';
import { randomAlphanumeric, randomOpenId } from '../random.js';
import type { SignType } from '../wire/sign.js';
import type { Fields } from '../wire/xml.js';
import { documentOf } from './document.js';
import type { DocumentFault } from './faults.js';
import { headersOf } from './post.js';

/** What `sandbox.notification` takes. */
export interface NotificationOptions {
  /** @default 'payment' */
  readonly kind?: 'payment' | 'refund';
  /** @default a paid order of the merchant that is in no book, of HKD 12.50 */
  readonly order?: Order;
  /** Of `kind: 'refund'`. @default the order's last one, or one of the whole amount */
  readonly refund?: Refund;
  /** Whose, where `order` is left out. @default the sandbox's own merchant */
  readonly merchant?: Merchant;
  /** Changes or (with '') removes fields by their wire names, before they are signed; of a refund, before they are encrypted. */
  readonly fields?: Fields;
  /** @default that of the order's request; else MD5, the gateway's default */
  readonly signType?: SignType;
  readonly fault?: DocumentFault;
}

/** An HTTP request that the gateway would make. */
export interface MadeNotification {
  readonly method: 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** @throws {Error} where the order is of another sandbox. */
export function makeNotification(
  { kind = 'payment', order, refund, merchant, fields, signType, fault }: NotificationOptions,
  orders: Orders,
  merchants: readonly Merchant[],
  now: Date,
): MadeNotification {
  const known = order && orders.entryOf(order);
  const owner = merchants.find(({ merchantId }) => merchantId === known?.facts.merchantId) ?? merchant ?? merchants[0];
  if (owner === undefined) throw new Error('this sandbox has no merchant');
  const about: Pick<OrderEntry, 'facts' | 'particulars' | 'product' | 'paidAt' | 'refunds'> =
    known ?? madeUp(owner, now);
  const last = refund ?? about.refunds.at(-1) ?? newRefund(randomAlphanumeric(32), about.facts.totalFee, now);
  const body = documentOf({
    order: about,
    merchant: owner,
    paidAt: about.paidAt ?? now,
    ...(kind === 'refund' && { refund: { refund: last, succeededAt: now } }),
    ...(fields && { fields }),
    ...(signType && { signType }),
    fault,
  });
  return { method: 'POST', headers: headersOf(body, randomUUID()), body };
}

function madeUp(
  merchant: Merchant,
  now: Date,
): Pick<OrderEntry, 'facts' | 'particulars' | 'product' | 'paidAt' | 'refunds'> {
  const [sub] = merchant.subMerchants;
  const facts = newFacts({ state: 'paid', ...(sub && { subMerchantId: sub.subMerchantId }) }, merchant, now.getTime());
  return { facts, particulars: { openId: randomOpenId() }, product: undefined, paidAt: now, refunds: [] };
}
