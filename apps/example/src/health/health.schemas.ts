import { z } from 'zod';
import { durableOrderHealth } from '../orders/durable-orders.schemas.js';

const gatewayHealth = z.strictObject({
  status: z.enum(['up', 'down']),
  merchantId: z.string(),
  circuit: z.enum(['closed', 'open', 'half-open']),
  certificateExpiresAt: z.string().optional().meta({ format: 'date-time' }),
  certificateDaysLeft: z.number().optional(),
  message: z.string().optional(),
});

export const health = z.strictObject({
  status: z.enum(['ok', 'error']),
  details: z.strictObject({ wechatpay: gatewayHealth, durableOrders: durableOrderHealth }),
});
export type Health = z.input<typeof health>;
