import type { Fields } from '../wire/xml.js';

/** The error codes of the pages, with their descriptions, and whether to call again (`recall`, of Revoke Order). */
const documented = {
  // Revoke Order
  SYSTEMERROR: { description: 'API return error', recall: true },
  INVALID_TRANSACTIONID: { description: 'Invalid transaction_id', recall: false },
  PARAM_ERROR: { description: 'Parameter error', recall: false },
  REQUIRE_POST_METHOD: { description: 'Use post method', recall: false },
  SIGNERROR: { description: 'Signature error', recall: false },
  INVALID_REQUEST: { description: 'Invalid request', recall: false },
  REVERSE_EXPIRE: { description: 'The order is out of reverse limit date', recall: false },
  USERPAYING: { description: 'User is paying', recall: true },
  // Submit Quick Pay
  LACK_PARAMS: { description: 'Lack of parameters', recall: false },
  XML_FORMAT_ERROR: { description: 'XML format error', recall: false },
  NOT_UTF8: { description: 'Not UTF-8', recall: false },
  APPID_NOT_EXIST: { description: 'APPID does not exist', recall: false },
  MCHID_NOT_EXIST: { description: 'MCHID does not exist', recall: false },
  APPID_MCHID_NOT_MATCH: { description: 'APPID and MCHID do not match', recall: false },
  ORDERPAID: { description: 'The order has been paid', recall: false },
  ORDERCLOSED: { description: 'The order has been closed', recall: false },
  ORDERREVERSED: { description: 'The order has been reversed', recall: false },
  OUT_TRADE_NO_USED: { description: 'The merchant order number is used', recall: false },
  AUTHCODEEXPIRE: { description: 'The code has expired', recall: false },
  AUTH_CODE_ERROR: { description: 'Wrong code', recall: false },
  AUTH_CODE_INVALID: { description: 'Invalid code', recall: false },
  NOTENOUGH: { description: 'The balance is not enough', recall: false },
  // Query Order, Submit Refund, Query Refund
  ORDERNOTEXIST: { description: 'The order does not exist', recall: false },
  REFUND_FEE_MISMATCH: { description: 'The amount does not match', recall: false },
  TRADE_STATE_ERROR: { description: 'Order status error', recall: false },
  TRADE_OVERDUE: { description: 'The order is too old to be refunded', recall: false },
  REFUNDNOTEXIST: { description: 'The refund does not exist', recall: false },
} as const;

/** An error code that a page lists. */
export type DocumentedErrorCode = keyof typeof documented;

/** What the page says of a code; of one that it does not list: the code itself, and no recall. */
export function describe(errorCode: string): { description: string; recall: boolean } {
  return Object.hasOwn(documented, errorCode)
    ? documented[errorCode as DocumentedErrorCode]
    : { description: errorCode, recall: false };
}

/** Thrown where the gateway says no. */
export class Refusal extends Error {
  readonly errorCode: DocumentedErrorCode;
  readonly recall: boolean;

  /** @param reason follows the page's description where a code has many causes. Names fields, never repeats values. */
  constructor(errorCode: DocumentedErrorCode, reason?: string, recall = describe(errorCode).recall) {
    const { description } = describe(errorCode);
    super(reason === undefined ? description : `${description}: ${reason}`);
    this.errorCode = errorCode;
    this.recall = recall;
  }
}

/** What a signed refusal says. `recall` only where the endpoint has it. */
export function refusedFields(
  { errorCode, message, recall }: { errorCode: string; message: string; recall: boolean },
  hasRecall: boolean,
): Fields {
  return {
    result_code: 'FAIL',
    err_code: errorCode,
    err_code_des: message,
    ...(hasRecall && { recall: recall ? 'Y' : 'N' }),
  };
}
