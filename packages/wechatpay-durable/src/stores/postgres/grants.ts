import { DurableOrdersError } from '../../errors.js';

export function isForbidden(error: unknown): boolean {
  return codeOf(error) === '42501'; // insufficient_privilege
}

/** Where it may not be made, it does not exist. */
export function isMissing(error: unknown): boolean {
  return codeOf(error) === '3F000'; // invalid_schema_name
}

function codeOf(error: unknown): unknown {
  return (Object(error) as { code?: unknown }).code;
}

export function missingGrants(schema: string, cause: unknown): DurableOrdersError {
  const { message } = cause as Error;
  return new DurableOrdersError(
    'WECHATPAY_STORE_FORBIDDEN',
    `The database role lacks a right: ${message}. Let a role that has it open this store once, then grant: ` +
      `USAGE ON SCHEMA ${schema}; SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema}. ` +
      'The guide, durable-stores.md, has the statements.',
    { cause },
  );
}
