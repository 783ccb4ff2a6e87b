import type { Fault } from '../faults/faults.js';
import type { Fields } from '../wire/xml.js';

/** What reached the gateway, and what it made of it. Holds no key: a request carries only its signature. */
export interface RecordedRequest {
  /** By the sandbox's clock. */
  readonly at: Date;
  readonly method: string;
  readonly path: string;
  /** Wire names and values; empty where the body was no flat XML. */
  readonly fields: Fields;
  /** Common name of the client certificate (the merchant ID), where one of the sandbox's authority was shown. */
  readonly clientCertificate?: string;
  /** `SUCCESS`, or the error code with its description, or for a request that got no further the HTTP status. */
  readonly answer?: string;
  /** The fault that spoiled the answer. */
  readonly fault?: Fault['kind'];
}

/** A request while it is being answered. */
export type RequestEntry = { -readonly [K in keyof RecordedRequest]: RecordedRequest[K] };

/** The last requests, and no more than that: a gateway that runs for days does not grow. */
export class RequestLog {
  readonly entries: RequestEntry[] = [];
  readonly #limit: number;

  /** @throws {RangeError} a limit that is no whole number from 0, nor Infinity. */
  constructor(limit: number) {
    if (!(limit >= 0) || (limit !== Infinity && !Number.isInteger(limit))) {
      throw new RangeError(`keepRequests: must be a whole number from 0, or Infinity; got ${String(limit)}.`);
    }
    this.#limit = limit;
  }

  add(entry: RequestEntry): void {
    this.entries.push(entry);
    if (this.entries.length > this.#limit) this.entries.shift();
  }

  clear(): void {
    this.entries.length = 0;
  }
}

/** For a log: what was asked, of which order, and what came of it. */
export function inOneLine({ method, path, fields, answer, fault }: RecordedRequest): string {
  // A value of the request may hold line breaks: one request is one line.
  const order = JSON.stringify(fields.transaction_id ?? fields.out_trade_no ?? '');
  return `${method} ${path} ${order} -> ${answer ?? ''}${fault === undefined ? '' : ` (fault: ${fault})`}`;
}
