import type { ErrorCodes } from '../advice.js';
import { WechatPayRequestError } from '../errors.js';
import { findAmbiguous } from './deciding.js';
import { readGiven, type Properties } from './given.js';
import type { TransportResponse } from '../transport/transport.js';
import type { VerifiedReply } from './reply.js';
import type { Fields } from './sign.js';

/** A page of WeChat Pay's documentation: its name, its address on the gateway, its parameters, error codes and return data. */
export interface Operation<Request, Result> {
  readonly name: string;
  /** As in `/secapi/pay/reverse`. Below `/secapi/` the gateway demands the client certificate. */
  readonly path: string;
  /** Goes before new payments where calls have to wait: an order in doubt matters more than the next sale. @default false */
  readonly isUrgent?: boolean;
  readonly errorCodes: ErrorCodes;
  /** Every property that a request may have, with its name on the wire; any other is refused, by name. */
  readonly properties: Properties<keyof Request & string>;
  /**
   * Checks a request and gives it its wire names; throws {@link WechatPayRequestError}. It is given a plain copy, of which each
   * property was read once. `now` is the client's clock, read only where a rule of time needs it.
   */
  readonly toFields: (request: Request, now: () => number) => Fields;
  /**
   * Reads a verified reply with `result_code` SUCCESS; throws {@link WechatPayResponseError} where it is not as documented, or
   * lacks an identifier. `sent` is what `toFields` gave.
   */
  readonly toResult: (reply: VerifiedReply, sent: Fields) => Result;
  /**
   * Reads an answer that is no flat, signed reply, in place of `toResult`. Only what `verify` returns may be called verified.
   *
   * @param verify what every other reply passes: its signature, its parties, its `result_code`.
   */
  readonly readAnswer?: (
    answer: TransportResponse,
    sent: Fields,
    verify: (reply: Record<string, string>) => VerifiedReply,
  ) => Result;
  /**
   * Its page lists neither `nonce_str` nor `sign_type`, so that MD5 signs, nor `result_code`: a reply without one is a success.
   *
   * @default false
   */
  readonly isBare?: boolean;
}

export interface CallOptions {
  /** Stops waiting. A request that was already sent may still take effect: the error's `outcome` tells. */
  signal?: AbortSignal | undefined;
}

/**
 * Reads a request once, as a call does: what is checked is what is sent, whatever its owner does to it meanwhile.
 *
 * @returns a plain copy of the properties that the operation reads, own or inherited.
 * @throws {WechatPayRequestError} no object, one that cannot be read, or an unknown property.
 */
export function readRequest<Request, Result>(operation: Operation<Request, Result>, request: Request): Request {
  const { values, unknown } = readGiven(request, operation.properties, 'request');
  if (unknown) throw unknown;
  return values as Request;
}

/**
 * Another order's reply could be made of an honest one that repeats such a text, and another request of this one.
 *
 * @throws {WechatPayRequestError} names the property that could be read in two ways.
 */
export function assertUnambiguousRequest(sent: Fields, properties: Properties): void {
  const name = findAmbiguous(sent);
  if (name === undefined) return;
  const property = Object.keys(properties).find((candidate) => properties[candidate] === name) ?? name;
  throw new WechatPayRequestError(
    property,
    'holds "&", the name of a WeChat Pay field and "=": what is signed could be read as another order. Write it without "&".',
  );
}
