import type { Fields } from './xml.js';

/** The error codes of the Revoke Order page, with its descriptions, and whether to call again (`recall`). */
const documented = {
  SYSTEMERROR: { description: 'API return error', recall: true },
  INVALID_TRANSACTIONID: { description: 'Invalid transaction_id', recall: false },
  PARAM_ERROR: { description: 'Parameter error', recall: false },
  REQUIRE_POST_METHOD: { description: 'Use post method', recall: false },
  SIGNERROR: { description: 'Signature error', recall: false },
  INVALID_REQUEST: { description: 'Invalid request', recall: false },
  REVERSE_EXPIRE: { description: 'The order is out of reverse limit date', recall: false },
  USERPAYING: { description: 'User is paying', recall: true },
} as const;

/** An error code that the page lists. */
export type DocumentedErrorCode = keyof typeof documented;

/** What the page says of a code; of one that it does not list: the code itself, and no recall. */
export function describe(errorCode: string): { description: string; recall: boolean } {
  return Object.hasOwn(documented, errorCode)
    ? documented[errorCode as DocumentedErrorCode]
    : { description: errorCode, recall: false };
}

/** What a signed refusal says. `recall` only where the endpoint has it. */
export function refusedFields(errorCode: string, errorDescription: string, recall: boolean | undefined): Fields {
  return {
    result_code: 'FAIL',
    err_code: errorCode,
    err_code_des: errorDescription,
    ...(recall !== undefined && { recall: recall ? 'Y' : 'N' }),
  };
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
