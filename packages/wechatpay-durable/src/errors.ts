import { isWechatPayError, type AnyWechatPayError, type Outcome } from 'wechatpay-core';

/** Every `code` that a {@link DurableOrdersError} can have; the guide durable-failures.md says what to do about each. */
export type DurableOrdersErrorCode =
  | 'WECHATPAY_STORE_NOT_OPEN'
  | 'WECHATPAY_STORE_IN_USE'
  | 'WECHATPAY_STORE_FAILED'
  | 'WECHATPAY_STORE_FORBIDDEN'
  | 'WECHATPAY_PACKAGE_MISSING'
  | 'WECHATPAY_FOLDER_IN_USE'
  | 'WECHATPAY_FOLDER_UNUSABLE'
  | 'WECHATPAY_CLOCK_SKEW'
  | 'WECHATPAY_CLOCK_FAILED'
  | 'WECHATPAY_STOPPING'
  | 'WECHATPAY_NOT_STORED'
  | 'WECHATPAY_ORDER_BUSY'
  | 'WECHATPAY_ANSWER_NOT_STORED'
  | 'WECHATPAY_LEASE_LOST'
  | 'WECHATPAY_LEFT_TO_ANOTHER'
  | 'WECHATPAY_STEP_FAILED'
  | 'WECHATPAY_ON_RESOLVED_FAILED'
  | 'WECHATPAY_MERCHANT_PROBLEM'
  | 'WECHATPAY_MERCHANT_PAUSED'
  | 'WECHATPAY_NO_SUCH_ORDER'
  | 'WECHATPAY_ORDER_NOT_KNOWN'
  | 'WECHATPAY_WAIT_ABORTED'
  | 'WECHATPAY_DIFFERENCES_OPEN'
  | 'WECHATPAY_RECONCILING'
  | 'WECHATPAY_NOT_RECONCILED';

interface Details {
  /** What failed below, such as the database's driver. */
  readonly cause?: unknown;
  /** Might the money have moved? Left out where the call was not about a payment. */
  readonly outcome?: Outcome | undefined;
}

// As in wechatpay-core: a mark under a registered symbol is the same in every copy of a process.
const BRAND = Symbol.for('wechatpay-durable.error');
const API_VERSION = 1;

/**
 * What durable orders and their stores throw, or tell of in an event, beside the errors of wechatpay-core. `code` narrows in a switch.
 *
 * A custom store throws it too; whatever else it throws becomes the `cause` of one with `WECHATPAY_STORE_FAILED`.
 *
 * @example
 * if (isDurableOrdersError(error) && error.code === 'WECHATPAY_ORDER_BUSY') await reverseLater(order);
 */
export class DurableOrdersError extends Error {
  static {
    // On the prototype: no inspect, no JSON and no copy of its properties shows it.
    Object.defineProperty(this.prototype, BRAND, { value: API_VERSION });
  }

  override readonly name: string = 'DurableOrdersError';
  readonly code: DurableOrdersErrorCode;
  /** Might the money have moved? `not-sent`: nothing was sent. Absent where the call was not about a payment. */
  declare readonly outcome?: Outcome;

  constructor(code: DurableOrdersErrorCode, message: string, { cause, outcome }: Details = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    if (outcome !== undefined) this.outcome = outcome;
  }

  /** Name, message and the public fields, for structured logs; neither stack nor cause. */
  toJSON(): Record<string, unknown> {
    return { ...(this as object), name: this.name, message: this.message };
  }
}

/** Another worker has the durable order by now, or it was called off: what this one did is asked for by that one. */
export class LeaseLostError extends DurableOrdersError {
  override readonly name = 'LeaseLostError';
  declare readonly code: 'WECHATPAY_LEASE_LOST';

  constructor(id: string) {
    super('WECHATPAY_LEASE_LOST', `The lease of durable order ${id} is lost: another worker goes on with it.`);
  }
}

/**
 * Tells whether a value is an error of this package, also of another installed copy of it, where `instanceof` says no.
 *
 * @example if (isDurableOrdersError(error)) console.log(error.code, error.outcome);
 */
export function isDurableOrdersError(error: unknown): error is DurableOrdersError {
  try {
    return (Object(error) as Record<symbol, unknown>)[BRAND] === API_VERSION;
  } catch {
    return false; // a proxy whose trap throws
  }
}

/** The error of a store that is worked with already. */
export function storeInUse(): DurableOrdersError {
  return new DurableOrdersError(
    'WECHATPAY_STORE_IN_USE',
    'This store is worked with already: it takes one `start`, of one DurableOrders.',
  );
}

/** The error of a store that was not opened, or is closed. */
export function storeNotOpen(): DurableOrdersError {
  return new DurableOrdersError(
    'WECHATPAY_STORE_NOT_OPEN',
    'The store is not open: call `start()` first, and nothing after `stop()`.',
  );
}

/** What a store, or the driver below it, threw: as it is where it has a code of ours, else as the cause of one that has. */
export function toStoreError(error: unknown): DurableOrdersError | AnyWechatPayError {
  if (isDurableOrdersError(error) || isWechatPayError(error)) return error;
  return storeFailed(error, { cause: error });
}

export function storeFailed(error: unknown, details: Details = {}): DurableOrdersError {
  return new DurableOrdersError('WECHATPAY_STORE_FAILED', `The store failed: ${sentence(error)}`, details);
}

/** As {@link toStoreError}, of what a store told while it worked: with `id`, a step of that durable order failed. */
export function toProblem(error: unknown, id: string | undefined): DurableOrdersError | AnyWechatPayError {
  if (id === undefined || isDurableOrdersError(error) || isWechatPayError(error)) return toStoreError(error);
  const message = `A step of durable order ${id} failed, and is taken again: ${sentence(error)}`;
  return new DurableOrdersError('WECHATPAY_STEP_FAILED', message, { cause: error });
}

/** Runs what asks a store, or its driver. @throws {DurableOrdersError} whatever it throws, unless that is an error of ours. */
export async function asStoreError<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw toStoreError(error);
  }
}

// node-postgres and Node.js give some errors no message, only a code.
function sentence(error: unknown): string {
  const { message, code } = Object(error) as { message?: unknown; code?: unknown };
  const text = isText(message) ? message : isText(code) ? code : String(error);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
