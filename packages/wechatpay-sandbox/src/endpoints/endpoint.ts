import type { SandboxClock } from '../clock.js';
import type { DocumentedErrorCode, Refusal } from '../gateway/refusal.js';
import type { Answer } from '../http/answer.js';
import type { Notifications } from '../notifications/notifications.js';
import type { Ledger } from '../orders/ledger.js';
import type { Orders } from '../orders/orders.js';
import type { Customers } from '../parties/customers.js';
import type { Merchant } from '../parties/merchants.js';
import type { Statements } from '../statement/statements.js';
import type { Fields } from '../wire/xml.js';

/** One address of the gateway. Everything around it (TLS, XML, identities, signatures) is the gateway's. */
export interface Endpoint {
  readonly path: string;
  /** The fields of its page. Others are let through, and signed: WeChat Pay may add some. */
  readonly fields: Readonly<Record<string, FieldRule>>;
  /** Whether its replies, refusals too, carry `recall`. */
  readonly hasRecall: boolean;
  /** What its page calls by a name of its own, and the others by a broader one. */
  readonly codes?: Partial<FormCodes>;
  /** What its page answers in place of a signed refusal, of which it has none. */
  readonly unsignedRefusal?: (refusal: Refusal) => Fields;
  /** Its requests and replies have no `nonce_str`. */
  readonly isNonceless?: true;
  /** Whether an institution may ask without naming a sub-merchant. */
  readonly isOfWholeInstitution?: true;
  /** Judges a request whose sender and signature hold. Changes nothing yet. @throws {Refusal} */
  judge(call: Call): Verdict;
}

/** How long a field may be, in characters, whether it must be there, and what it looks like where that is fixed. */
export interface FieldRule {
  readonly maxLength: number;
  readonly required?: true;
  readonly format?: RegExp;
}

/** The codes for what is wrong with a request before its endpoint judges it. */
export interface FormCodes {
  readonly missingField: DocumentedErrorCode;
  readonly notXml: DocumentedErrorCode;
  readonly notUtf8: DocumentedErrorCode;
  readonly unknownMerchant: DocumentedErrorCode;
  readonly foreignApp: DocumentedErrorCode;
}

/** A request on its way through an endpoint. */
export interface Call {
  readonly fields: Fields;
  readonly merchant: Merchant;
  readonly orders: Orders;
  readonly ledger: Ledger;
  readonly statements: Statements;
  readonly customers: Customers;
  readonly clock: SandboxClock;
  readonly notifications: Notifications;
  readonly enforceReverseDelay: boolean;
  readonly enforceCloseDelay: boolean;
  readonly refundDelayMs: number;
}

/** What the endpoint decided. Apart from its effect, so that a fault can have the one without the other. */
export type Verdict = { readonly commit?: () => void } & (
  | {
      /** What the reply says beyond the identities. */
      readonly fields: Fields;
    }
  | {
      /** A refusal that has an effect all the same: USERPAYING leaves an order in the book. */
      readonly refusal: Refusal;
    }
  | {
      /** Sent as it is: no reply, and not signed. */
      readonly answer: Answer;
      /** For the log of requests. */
      readonly what: string;
    }
);

/** The fields that every request has. */
export const commonFields = {
  appid: { maxLength: 32, required: true },
  mch_id: { maxLength: 32, required: true },
  sub_appid: { maxLength: 32 },
  sub_mch_id: { maxLength: 32 },
  nonce_str: { maxLength: 32, required: true },
  sign: { maxLength: 64, required: true },
  sign_type: { maxLength: 32 },
} as const satisfies Record<string, FieldRule>;
