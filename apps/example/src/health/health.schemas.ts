import { z } from 'zod';
import { durableOrderHealth } from '../orders/durable-orders.schemas.js';

const gatewayHealth = z.strictObject({
  status: z.enum(['up', 'degraded', 'down']),
  merchantId: z.string(),
  circuit: z.enum(['closed', 'open', 'half-open']),
  certificateExpiresAt: z.string().optional().meta({ format: 'date-time' }),
  certificateDaysLeft: z.number().optional(),
  findings: z.array(z.string()).optional().meta({ description: 'The rules that do not hold.' }),
  message: z.string().optional(),
});

export const health = z.strictObject({
  status: z.enum(['ok', 'degraded', 'error']),
  details: z.strictObject({ wechatpay: gatewayHealth, durableOrders: durableOrderHealth }),
});
export type Health = z.input<typeof health>;
