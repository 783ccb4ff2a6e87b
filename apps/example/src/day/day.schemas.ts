import type { ReconciliationDifference } from 'wechatpay-durable';
import { z } from 'zod';
import { identifier, request } from '../orders/orders.schemas.js';
import { SAMPLE } from './days.js';

export const dayParams = z.object({
  date: z
    .string()
    .regex(/^(sample|\d{8})$/, `must be a day of Beijing as in 20260301, or ${SAMPLE}.`)
    .meta({ description: 'A day of Beijing.', example: '20260301' }),
});
export type DayParams = z.infer<typeof dayParams>;

export const dayQuery = z.object({ date: dayParams.shape.date.optional() });
export type DayQuery = z.infer<typeof dayQuery>;

const kind = z.enum(['payment', 'refund', 'reversal']);

const CLASSES = [
  ...(['statement-only', 'book-only', 'transaction-differs', 'reversed-in-book', 'reversed-in-statement'] as const),
  ...(['state-differs', 'currency-differs', 'amount-differs', 'fee-differs', 'repeated', 'paid-twice'] as const),
] as const satisfies readonly ReconciliationDifference['class'][];

export const acknowledgeRequest = request({
  kind,
  outTradeNo: identifier("The order's number, as the difference has it.", 'demo-paid'),
  outRefundNo: identifier("Of a refund: the refund's number.", 'R-1').optional(),
  class: z.enum(CLASSES).optional().meta({ description: 'Where an order has several differences: which.' }),
  line: z.int().optional().meta({ description: 'Where an order has several differences: the line of the statement.' }),
  ofSubMerchantId: identifier('Institutional mode: whose difference it is.', '1900000109').optional(),
  note: z.string().max(500).optional().meta({ description: 'What was done about it.' }),
});
export type AcknowledgeRequest = z.infer<typeof acknowledgeRequest>;

/** A day that was reconciled; the classes and the rest of a difference are those of wechatpay-durable. */
export const day = z.looseObject({
  merchantId: z.string(),
  date: z.string().meta({ example: '20260301' }),
  reconciledAt: z.number().meta({ description: 'Milliseconds since 1970.' }),
  rows: z.int(),
  agreed: z.int(),
  differing: z.int(),
  differences: z.array(
    z.looseObject({
      class: z.string().meta({ example: 'amount-differs' }),
      kind,
      outTradeNo: z.string(),
      status: z.string().meta({ example: 'needs-person' }),
      why: z.string().optional(),
      orderNow: z.string().optional().meta({ description: 'How its durable order stands now.' }),
    }),
  ),
});
