import { z } from 'zod';
import { payRequest, request } from '../orders/orders.schemas.js';
import type { CheckoutState } from './checkout.order.js';

const { description, totalFee, currency } = payRequest.shape;

export const checkoutRequest = request({ description, totalFee, currency });
export type CheckoutRequest = z.infer<typeof checkoutRequest>;

const time = z.string().meta({ format: 'date-time' });

/** An order of the checkout. */
export const checkoutOrder = z.strictObject({
  outTradeNo: z.string(),
  description: z.string().optional().meta({ description: 'Not written down: absent after a restart.' }),
  totalFee,
  currency,
  createdAt: time,
  expiresAt: time.optional().meta({ description: 'Until when the customer may begin to pay.' }),
  state: z
    .enum(['waiting', 'closing', 'paid', 'closed', 'refunding', 'refunded', 'attention'] satisfies CheckoutState[])
    .meta({
      description: 'refunding, refunded: it was paid after it was given up, and the money goes back by itself.',
    }),
  codeUrl: z.string().optional().meta({
    description: 'The text of the QR code, while the order can be paid. Not written down: absent after a restart.',
  }),
});
