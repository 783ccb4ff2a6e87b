import type { Advice, Outcome, WechatPayErrorCode } from 'wechatpay-core';
import { z } from 'zod';

// One definition of each shape: requests are checked by it, and the OpenAPI page shows it.

function identifier(description: string, example: string): z.ZodString {
  return z
    .string('must be a string; as a number it could lose digits.')
    .min(1, 'is empty; leave it out instead.')
    .max(32, 'has more than 32 characters; WeChat Pay takes no more.')
    .meta({ description, example });
}

export const reverseParams = z.object({
  outTradeNo: identifier("The merchant's own order number.", 'demo-paid'),
});
export type ReverseParams = z.infer<typeof reverseParams>;

const reverseFields = {
  transactionId: identifier(
    'The WeChat order number. WeChat Pay goes by it.',
    '1217752501201407033233368018',
  ).optional(),
  orderCreatedAt: z.iso
    .datetime({ offset: true, error: 'must be a time in ISO 8601 with its zone, as in 2025-02-20T09:30:00Z.' })
    .meta({
      description:
        'When the order was created. Give it, and a revoke earlier than 15 s or later than 7 days after it is refused here.',
      example: '2025-02-20T09:30:00Z',
    })
    .transform((text) => new Date(text))
    .optional(),
  subMerchantId: identifier("Institutional mode: the institution's sub-merchant.", '1900000109').optional(),
  subAppId: identifier("Institutional mode: the sub-merchant's Official Account.", 'wx8888888888888888').optional(),
};

/** The body of a revoke: may be left out. A field that it does not know is refused: it may be a misspelt one. */
export const reverseRequest = z.strictObject(reverseFields, {
  error: ({ code }) =>
    code === 'unrecognized_keys'
      ? `is no field of this request; there are ${Object.keys(reverseFields).join(', ')}.`
      : 'must be a JSON object, or left out.',
});
export const reverseBody = reverseRequest.default({});
export type ReverseBody = z.infer<typeof reverseBody>;

/** wechatpay-core's result without `raw`, whose fields are these by their wire names. */
export const reverseAnswer = z.strictObject({
  returnCode: z.literal('SUCCESS'),
  returnMessage: z.string().optional(),
  resultCode: z.literal('SUCCESS'),
  recall: z.boolean().meta({
    description: 'false: done, a paid order is refunded and an unpaid one closed. true: revoke again, in some seconds.',
    example: false,
  }),
  rate: z
    .string()
    .optional()
    .meta({ description: 'The exchange rate to RMB times 10^8: 92000000 is 0.92.', example: '92000000' }),
  appId: z.string().meta({ example: 'wx8888888888888888' }),
  merchantId: z.string().meta({ example: '1900000109' }),
  subAppId: z.string().optional(),
  subMerchantId: z.string().optional(),
  nonceStr: z.string().optional(),
  errorCode: z.string().optional(),
  errorDescription: z.string().optional(),
});
export type ReverseAnswer = z.infer<typeof reverseAnswer>;

const codes = [
  'WECHATPAY_INVALID_CONFIG',
  'WECHATPAY_INVALID_REQUEST',
  'WECHATPAY_CONNECTION',
  'WECHATPAY_TIMEOUT',
  'WECHATPAY_ABORTED',
  'WECHATPAY_HTTP_STATUS',
  'WECHATPAY_MALFORMED_RESPONSE',
  'WECHATPAY_SIGNATURE_MISMATCH',
  'WECHATPAY_GATEWAY_FAIL',
  'WECHATPAY_BUSINESS_FAIL',
] as const satisfies WechatPayErrorCode[];
const outcomes = ['not-sent', 'rejected', 'unknown'] as const satisfies Outcome[];
const advices = ['query-order', 'fix-request', 'refund', 'retry-later', 'revoke-again'] as const satisfies Advice[];

/** The body of every answer that is no success: what a cashier's software acts on. */
export const problem = z.strictObject({
  code: z.enum(codes).meta({ description: 'What kind of failure this is.' }),
  outcome: z.enum(outcomes).meta({
    description: 'Might the money have moved? not-sent and rejected: not by this call. unknown: it may have.',
  }),
  advice: z
    .enum(advices)
    .optional()
    .meta({ description: 'What to do, for a program. Absent where `field` says what to correct.' }),
  remedy: z.string().meta({ description: 'What to do, for a person.' }),
  message: z.string().meta({ description: 'What happened, for the log.' }),
  field: z.string().optional().meta({ description: 'The field of the request that is wrong.' }),
  errorCode: z.string().optional().meta({ description: "WeChat Pay's err_code.", example: 'USERPAYING' }),
  errorDescription: z.string().optional().meta({ description: "WeChat Pay's err_code_des." }),
  recall: z.boolean().optional().meta({ description: 'true: WeChat Pay asks for the revoke to be called again.' }),
  retryAfterSeconds: z.number().optional().meta({ description: 'As in the Retry-After header: call again then.' }),
  order: z.strictObject({ transactionId: z.string().optional(), outTradeNo: z.string().optional() }).optional(),
});
export type Problem = z.infer<typeof problem>;

const gatewayHealth = z.strictObject({
  status: z.enum(['up', 'down']),
  merchantId: z.string(),
  certificateExpiresAt: z.string().optional().meta({ format: 'date-time' }),
  certificateDaysLeft: z.number().optional(),
  message: z.string().optional(),
});

export const health = z.strictObject({
  status: z.enum(['ok', 'error']),
  details: z.strictObject({ wechatpay: gatewayHealth }),
});
export type Health = z.infer<typeof health>;
