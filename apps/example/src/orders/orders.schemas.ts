import type { TradeState } from 'wechatpay-core';
import { z } from 'zod';
import type { TillOrder, TillRefund } from '../till/till.order.js';

// One definition of each shape: requests are checked by it, and the OpenAPI page shows it.

export function identifier(description: string, example: string): z.ZodString {
  return z
    .string('must be a string; as a number it could lose digits.')
    .min(1, 'is empty; leave it out instead.')
    .max(32, 'has more than 32 characters; WeChat Pay accepts no more.')
    .meta({ description, example });
}

export const orderParams = z.object({
  outTradeNo: identifier("The merchant's own order number.", 'demo-paid'),
});
export type OrderParams = z.infer<typeof orderParams>;

export const refundParams = z.object({ outRefundNo: identifier("The merchant's own number of a refund.", 'R-1') });
export type RefundParams = z.infer<typeof refundParams>;

export const findQuery = z.object({
  number: z.string('is missing.').trim().min(1, 'is empty.').max(64, 'has more than 64 characters.'),
});
export type FindQuery = z.infer<typeof findQuery>;

/** A field that a request does not know is refused: it may be a misspelt one. */
export function request<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  remedy = '.',
): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys'
        ? `is no field of this request; there are ${Object.keys(shape).join(', ')}.`
        : `must be a JSON object${remedy}`,
  });
}

function amount(description: string): z.ZodInt {
  return z
    .int('must be a whole number.')
    .min(1, 'must be 1 or more.')
    .meta({ description: `${description}, in the currency's minor unit: HKD 8.88 is 888.`, example: 888 });
}

const currency = z
  .string('must be a currency by ISO 4217, as in HKD.')
  .regex(/^[A-Z]{3}$/, 'must be a currency by ISO 4217, as in HKD.')
  .meta({ description: 'ISO 4217.', example: 'HKD' });

const institution = {
  subMerchantId: identifier("Institutional mode: the institution's sub-merchant.", '1900000109').optional(),
  subAppId: identifier("Institutional mode: the sub-merchant's Official Account.", 'wx8888888888888888').optional(),
};

export const payRequest = request({
  description: z
    .string('must be a string.')
    .min(1, 'is empty: say what is sold.')
    .max(128, 'has more than 128 characters.')
    .meta({ description: 'What is sold, as the customer sees it.', example: 'Two cups of tea' }),
  totalFee: amount('What it costs'),
  currency,
  authCode: z
    .string('must be a string of digits.')
    .regex(/^\d{1,128}$/, 'must be the digits that were scanned.')
    .meta({ description: "The digits of the customer's code.", example: '130000000000000002' }),
  ...institution,
});
export type PayRequest = z.infer<typeof payRequest>;

const time = z.string().meta({ format: 'date-time' });

/** A refund of the till. */
export const tillRefund = z.strictObject({
  outRefundNo: z.string(),
  refundFee: amount('What is returned'),
  state: z.enum(['pending', 'refunded', 'rejected', 'stuck'] satisfies TillRefund['state'][]).meta({
    description: 'stuck: a person has to look at it. rejected: nothing was returned.',
  }),
});

/** An order of the till. */
export const tillOrder = z.strictObject({
  outTradeNo: z.string(),
  subMerchantId: z.string().optional(),
  transactionId: z.string().optional().meta({ description: "WeChat Pay's number of the payment." }),
  description: z.string().optional().meta({ description: 'Not written down: absent after a restart.' }),
  product: z.enum(['quick-pay', 'unified-order']),
  totalFee: amount('What it costs'),
  currency,
  createdAt: time,
  state: z
    .enum([
      'paying',
      'declined',
      'paid',
      'reversed',
      'closed',
      'refunding',
      'refunded',
      'refund-required',
      'needs-attention',
      'unresolved',
    ] satisfies TillOrder['state'][])
    .meta({
      description:
        'paying, needs-attention and unresolved: it is not known whether the customer paid. paying: it is worked on.',
    }),
  kept: z.number().optional().meta({ description: 'What the shop has of it. Absent where that is not known.' }),
  remedy: z.string().meta({ description: 'What the cashier should do, or know.' }),
  why: z.string().optional().meta({ description: 'Why it is not paid, as one would say it to the customer.' }),
  steps: z.array(z.strictObject({ at: time, text: z.string() })),
  next: z.strictObject({ at: time, text: z.string() }).optional(),
  knownBy: time.optional().meta({ description: 'While the customer may still pay: when it is known at the latest.' }),
  refunds: z.array(tillRefund),
});

export const refundRequest = request({
  outRefundNo: identifier('A number for this refund. Sent again with the same one, it is the same refund.', 'R-1'),
  totalFee: amount('What the order costs'),
  refundFee: amount('What to refund'),
  currency: currency.optional(),
  ...institution,
});
export type RefundRequest = z.infer<typeof refundRequest>;

/** In every answer of WeChat Pay. */
const replyFields = {
  appId: z.string().meta({ example: 'wx8888888888888888' }),
  merchantId: z.string().meta({ example: '1900000109' }),
  subAppId: z.string().optional(),
  subMerchantId: z.string().optional(),
};

const coupons = z.array(
  z.strictObject({
    couponId: z.string().optional(),
    couponType: z.string().optional(),
    couponFee: z.number().optional(),
  }),
);
const text = z.string().optional();
const number = z.number().optional();

/** wechatpay-core's result of Query Order, without `raw`. */
export const orderAnswer = z.strictObject({
  ...replyFields,
  tradeState: z.enum([
    'SUCCESS',
    'REFUND',
    'NOTPAY',
    'CLOSED',
    'REVOKED',
    'USERPAYING',
    'PAYERROR',
    'ACCEPT',
  ] satisfies TradeState[]),
  tradeStateDescription: text,
  transactionId: text,
  outTradeNo: text,
  totalFee: number,
  currency: text,
  settlementTotalFee: number,
  couponFee: number,
  coupons,
  cashFee: number,
  cashCurrency: text,
  rate: text,
  openId: text,
  subOpenId: text,
  isSubscribed: z.boolean().optional(),
  tradeType: text,
  bankType: text,
  deviceInfo: text,
  attach: text,
  promotionDetail: text,
  paidAt: time.optional(),
});

/** The body of a reversal: may be left out. */
export const reverseRequest = request(
  {
    transactionId: identifier(
      'The WeChat order number, as a check: where it is not of the order in the path, nothing is reversed.',
      '1217752501201407033233368018',
    ).optional(),
    orderCreatedAt: z.iso
      .datetime({ offset: true, error: 'must be a time in ISO 8601 with its zone, as in 2025-02-20T09:30:00Z.' })
      .meta({
        description:
          'When the order was created, of one that is not written down here. Give it, and a reversal earlier than 15 s or later than 7 ' +
          'days after it is refused here.',
        example: '2025-02-20T09:30:00Z',
      })
      .transform((text) => new Date(text))
      .optional(),
    ...institution,
  },
  ', or left out.',
);
export const reverseBody = reverseRequest.default({});
export type ReverseBody = z.infer<typeof reverseBody>;

/** wechatpay-core's result without `raw`, whose fields are these by their wire names. */
export const reverseAnswer = z.strictObject({
  returnCode: z.literal('SUCCESS'),
  returnMessage: z.string().optional(),
  resultCode: z.literal('SUCCESS'),
  recall: z.boolean().meta({
    description:
      'false: done, a paid order is refunded and an unpaid one closed. true: reverse again, in some seconds.',
    example: false,
  }),
  rate: z
    .string()
    .optional()
    .meta({ description: 'The exchange rate to RMB times 10^8: 92000000 is 0.92.', example: '92000000' }),
  ...replyFields,
  nonceStr: z.string().optional(),
  errorCode: z.string().optional(),
  errorDescription: z.string().optional(),
});
export type ReverseAnswer = z.infer<typeof reverseAnswer>;
