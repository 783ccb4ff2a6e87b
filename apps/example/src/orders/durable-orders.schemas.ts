import type { ResolutionCall, ResolutionOutcome } from 'wechatpay-core';
import type { DurableOrderStatus, DurableOrder } from 'wechatpay-durable';
import { z } from 'zod';
import { NEXT_STEPS } from '../till/till.words.js';
import { identifier, request } from './orders.schemas.js';

const statuses = ['waiting', 'active', 'done', 'dead', 'cancelled'] as const satisfies DurableOrderStatus[];

const status = z.enum(statuses, `must be one of ${statuses.join(', ')}.`).meta({
  description:
    'waiting: for the time of its next step. active: a worker has it. done: its order has an end. dead: it needs a person. ' +
    'cancelled: called off, since nothing was paid.',
});

export const durableOrderQuery = request({
  status: status.optional(),
  merchantId: identifier('Whose orders.', '1900000109').optional(),
  createdBefore: z.iso
    .datetime({ offset: true, error: 'must be a time in ISO 8601 with its zone, as in 2025-02-20T09:30:00Z.' })
    .transform((text) => new Date(text))
    .optional(),
  limit: z.coerce
    .number('must be a number.')
    .int('must be a whole number.')
    .min(1, 'must be 1 or more.')
    .max(1000, 'must be 1000 or less.')
    .default(100),
});
export type DurableOrderQuery = z.infer<typeof durableOrderQuery>;

export const redriveRequest = request(
  {
    subMerchantId: identifier("Institutional mode: the institution's sub-merchant.", '1900000109').optional(),
    refundWhenExpired: z.boolean('must be true or false.').optional().meta({
      description: 'true: where the order is to be returned and cannot be reversed any more, refund what is left.',
    }),
    ifPaid: z.enum(['keep', 'reverse'], "must be 'keep' or 'reverse'.").optional().meta({
      description: 'reverse: return the money where it turns out paid.',
    }),
    ifAmountDiffers: z.enum(['needs-attention', 'accept'], "must be 'needs-attention' or 'accept'.").optional().meta({
      description: 'accept: end an order that was paid with another amount: kept or returned, as ifPaid says.',
    }),
  },
  ', or left out.',
);
export const redriveBody = redriveRequest.default({});
export type RedriveBody = z.infer<typeof redriveBody>;

const { subMerchantId } = redriveRequest.shape;

export const refundRedriveRequest = request({ subMerchantId }, ', or left out.');
export const refundRedriveBody = refundRedriveRequest.default({});
export type RefundRedriveBody = z.infer<typeof refundRedriveBody>;

export const noteRequest = request({
  note: z
    .string('must be a string.')
    .trim()
    .min(1, 'is empty: say how it was seen to.')
    .max(900, 'has more than 900 characters.')
    .meta({ description: 'How it was seen to; never a secret.', example: 'The customer has paid in cash.' }),
  actor: z.string('must be a string.').trim().min(1, 'is empty.').max(64, 'has more than 64 characters.').meta({
    description: 'Who says so.',
    example: 'Ann',
  }),
  subMerchantId,
});
export type NoteRequest = z.infer<typeof noteRequest>;

const time = z.string().meta({ format: 'date-time' });

/** A durable order, as it is stored. */
export const durableOrder = z.strictObject({
  id: z.string(),
  merchantId: z.string(),
  outTradeNo: z.string(),
  subMerchantId: z.string().optional(),
  status,
  totalFee: z.number().optional(),
  currency: z.string().optional(),
  createdAt: time,
  dueAt: time.optional().meta({ description: 'When the next step is due, of one that waits.' }),
  endedAt: time.optional(),
  next: z.enum(['query', 'reverse', 'close', 'refund', 'query-refunds'] satisfies ResolutionCall['kind'][]).optional(),
  outcome: z
    .enum([
      'paid',
      'reversed',
      'closed',
      'refunded',
      'refund-required',
      'needs-attention',
      'unresolved',
    ] satisfies ResolutionOutcome['kind'][])
    .optional(),
  reason: z.string().optional().meta({ description: 'Of a dead one, or of the last step that failed.' }),
});
export type Reversal = z.input<typeof durableOrder>;

/** What callers are shown of a durable order. */
export function toDurableOrder({ id, merchantId, status, state, outcome, ...times }: DurableOrder): Reversal {
  const { order, totalFee, currency, lastError } = state;
  const { createdAt, dueAt, endedAt } = times;
  const error = outcome && 'error' in outcome ? outcome.error : lastError;
  return {
    id,
    merchantId,
    outTradeNo: order.outTradeNo,
    ...(order.subMerchantId !== undefined && { subMerchantId: order.subMerchantId }),
    status,
    ...(totalFee !== undefined && { totalFee }),
    ...(currency !== undefined && { currency }),
    createdAt: createdAt.toISOString(),
    ...(dueAt && { dueAt: dueAt.toISOString() }),
    ...(endedAt && { endedAt: endedAt.toISOString() }),
    ...(!endedAt && state.kind !== 'ended' && { next: NEXT_STEPS[state.kind] }),
    ...(outcome && { outcome: outcome.kind }),
    ...(error && { reason: error.message }),
  };
}

const count = z.number();

/** How many durable orders there are, in the health report. */
export const durableOrderHealth = z.strictObject({
  status: z.enum(['up', 'degraded', 'down']),
  waiting: count.optional(),
  active: count.optional(),
  done: count.optional(),
  dead: count.optional().meta({ description: 'They need a person.' }),
  cancelled: count.optional(),
  lateMs: count.optional().meta({ description: 'How late the most overdue step is.' }),
  oldestOpenAt: time.optional(),
  findings: z.array(z.string()).optional().meta({ description: 'The rules that do not hold.' }),
  message: z.string().optional(),
});
