import type { Advice, Outcome } from 'wechatpay-core';
import { problemOf, type Failure, type WechatPayProblem } from './problem.js';
import { PROBLEM_TABLE } from './problem-table.js';

const text = (description: string): { type: string; description: string } => ({ type: 'string', description });

/** The schema of a problem, as OpenAPI 3.0 and 3.1 show it. */
export const WECHATPAY_PROBLEM_SCHEMA = {
  type: 'object',
  description: 'An error of WeChat Pay, by RFC 9457. `outcome` is about the money, `advice` is for a program.',
  required: ['type', 'title', 'status', 'detail', 'code', 'outcome', 'remedy'],
  properties: {
    type: { ...text('Which kind of answer. It is stable.'), format: 'uri' },
    title: text('The kind of answer, for a person.'),
    status: { type: 'integer', description: 'The HTTP status.' },
    detail: text('What happened, for the log.'),
    code: text('What kind of error it is, as in WECHATPAY_TIMEOUT.'),
    outcome: {
      ...text('Might the money have moved? not-sent and rejected: not by this call. unknown: it may have.'),
      enum: ['not-sent', 'rejected', 'unknown'] satisfies Outcome[] as string[],
    },
    advice: {
      ...text('What to do, for a program.'),
      enum: [
        'query-order',
        'fix-request',
        'retry-later',
        'reverse-again',
        'refund',
        'scan-again',
        'change-payment',
        'new-order',
      ] satisfies Advice[] as string[],
    },
    remedy: text('What to do, for a person.'),
    field: text('The field of the request that is wrong.'),
    errorCode: text("WeChat Pay's err_code."),
    errorDescription: text("WeChat Pay's err_code_des."),
    recall: { type: 'boolean', description: 'true: WeChat Pay asks for the reversal to be called again.' },
    retryAfterSeconds: { type: 'integer', description: 'As in the Retry-After header: call again then.' },
    order: {
      type: 'object',
      description: 'The order of the call that failed.',
      properties: { transactionId: text('Of WeChat Pay.'), outTradeNo: text("The merchant's own number.") },
    },
  },
};

/** A response of an operation of OpenAPI, with its status: what `ApiResponse()` of @nestjs/swagger takes. */
export interface WechatPayProblemResponse {
  status: number;
  description: string;
  headers: Record<string, { description: string; schema: { type: string } }>;
  content: {
    'application/problem+json': {
      schema: { $ref: string } | typeof WECHATPAY_PROBLEM_SCHEMA;
      examples: Record<string, { summary: string; value: WechatPayProblem }>;
    };
  };
}

/**
 * The answers of `WechatPayExceptionFilter` for an OpenAPI document: each status with what it stands for, and examples as they are answered.
 *
 * @param options `statuses`: those alone; default all. `schema`: a reference to where {@link WECHATPAY_PROBLEM_SCHEMA} is in the document; default
 *   the schema itself.
 * @example
 * const ApiWechatPayProblems = () => applyDecorators(...wechatPayProblemResponses().map((response) => ApiResponse(response)));
 */
export function wechatPayProblemResponses({
  statuses,
  schema = WECHATPAY_PROBLEM_SCHEMA,
}: {
  readonly statuses?: readonly number[];
  readonly schema?: { $ref: string } | typeof WECHATPAY_PROBLEM_SCHEMA;
} = {}): WechatPayProblemResponse[] {
  const examples = EXAMPLES.map(problemOf);
  const all = [...new Set(PROBLEM_TABLE.map(({ status }) => status))].sort((one, other) => one - other);
  return all
    .filter((status) => statuses?.includes(status) ?? true)
    .map((status) => {
      const rows = PROBLEM_TABLE.filter((row) => row.status === status);
      const own = examples.filter((example) => example.status === status);
      return {
        status,
        description: rows.map(({ when, remedy }) => `- ${when}. *${remedy}*`).join('\n'),
        headers: { 'Retry-After': { description: 'Seconds, where waiting helps.', schema: { type: 'integer' } } },
        content: {
          'application/problem+json': {
            schema,
            examples: Object.fromEntries(
              own.map((value) => [
                value.type.slice(value.type.lastIndexOf(':') + 1),
                { summary: value.errorCode ?? value.title, value },
              ]),
            ),
          },
        },
      };
    });
}

const order = { outTradeNo: 'A-0001' };

/** As the library says them: a test provokes each, and holds it against this. */
const EXAMPLES: readonly Failure[] = [
  {
    code: 'WECHATPAY_INVALID_REQUEST',
    outcome: 'not-sent',
    advice: 'query-order',
    field: 'outTradeNo',
    message:
      'outTradeNo: was charged before: see how that one stands before another payment is taken for it. Another sale takes a new number.',
  },
  {
    code: 'WECHATPAY_INVALID_REQUEST',
    outcome: 'not-sent',
    advice: 'fix-request',
    field: 'outTradeNo',
    message: 'Revoke Order: outTradeNo: has more than 32 characters; WeChat Pay accepts no more.',
  },
  {
    code: 'WECHATPAY_NO_SUCH_ORDER',
    message: 'Nothing is stored of order A-0001, or no longer: store it first, by pay, enqueue, reverse or refund.',
  },
  {
    code: 'WECHATPAY_INVALID_NOTIFICATION',
    outcome: 'unknown',
    message:
      'Payment notification: it names no mch_id, and no client is of that merchant. Give a client for each merchant that shares this address, also for those whose last orders are still open.',
  },
  {
    code: 'WECHATPAY_BUSINESS_FAIL',
    outcome: 'rejected',
    advice: 'retry-later',
    errorCode: 'USERPAYING',
    errorDescription: 'User is paying',
    recall: true,
    message: 'Revoke Order of order A-0001: USERPAYING ("User is paying"). Please retry it later',
    order,
  },
  {
    code: 'WECHATPAY_BUSINESS_FAIL',
    outcome: 'rejected',
    advice: 'refund',
    errorCode: 'REVERSE_EXPIRE',
    errorDescription: 'The order is out of reverse limit date',
    recall: false,
    message:
      'Revoke Order of order A-0001: REVERSE_EXPIRE ("The order is out of reverse limit date"). Please check whether the order is in 7 days. If you truly want to revoke the order, please refund it.',
    order,
  },
  {
    code: 'WECHATPAY_BUSINESS_FAIL',
    outcome: 'rejected',
    advice: 'query-order',
    errorCode: 'ORDERPAID',
    errorDescription: 'The order has been paid',
    message: 'Close Order of order A-0001: ORDERPAID ("The order has been paid"). Query the order: it is paid',
    order,
  },
  {
    code: 'WECHATPAY_BUSINESS_FAIL',
    outcome: 'rejected',
    advice: 'fix-request',
    errorCode: 'PARAM_ERROR',
    errorDescription: 'Parameter error',
    recall: false,
    message: 'Revoke Order of order A-0001: PARAM_ERROR ("Parameter error"). Parameter error. Check parameters again.',
    order,
  },
  {
    code: 'WECHATPAY_INVALID_CONFIG',
    outcome: 'not-sent',
    message: 'apiKey: must be the 32-character API key (v2) of the Merchant Platform; this one has 5.',
  },
  {
    code: 'WECHATPAY_MERCHANT_LOOKUP',
    outcome: 'not-sent',
    message: 'merchant 1900000109: `load` knows no such merchant. Check merchantId. Nothing was sent.',
  },
  {
    code: 'WECHATPAY_CONNECTION',
    outcome: 'not-sent',
    message:
      'Revoke Order of order A-0001: no connection: ECONNREFUSED, the host cannot be reached; check `baseUrl`, the firewall, and whether this network needs `proxy` (https://apihk.mch.weixin.qq.com). Nothing was sent.',
    order,
  },
  {
    code: 'WECHATPAY_TIMEOUT',
    outcome: 'unknown',
    message:
      'Query Order of order A-0001: no answer within 15000 ms (https://apihk.mch.weixin.qq.com). The request was sent, so its outcome is unknown: query the order, or repeat the call.',
    order,
  },
  {
    code: 'WECHATPAY_BUSINESS_FAIL',
    outcome: 'unknown',
    advice: 'fix-request',
    errorCode: 'INVALID_REQUEST',
    errorDescription: 'Invalid request: out_trade_no is unknown',
    recall: false,
    message:
      'Revoke Order of order A-0001: INVALID_REQUEST ("Invalid request: out_trade_no is unknown"). Please check the request parameters, whether the parameters are correct or whether the right certificate is used',
    order,
  },
  {
    code: 'WECHATPAY_CONNECTION',
    outcome: 'unknown',
    message:
      'Revoke Order of order A-0001: the connection broke before the answer was complete: UND_ERR_SOCKET (https://apihk.mch.weixin.qq.com). The request was sent, so its outcome is unknown: query the order, or repeat the call.',
    order,
  },
];
