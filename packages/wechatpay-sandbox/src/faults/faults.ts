import type { Merchant } from '../parties/merchants.js';
import type { Fields } from '../wire/xml.js';

/**
 * Whether the request takes effect all the same: the order is paid, reversed, refunded. The default is `true`, since a
 * spoiled reply to what did happen is what loses money; the kinds where it is `false` say so.
 */
interface Effect {
  effect?: boolean;
}

/** A signed refusal with `recall` Y: call again. `effect` defaults to false. */
interface RecallFault extends Effect {
  kind: 'recall';
  /** With 'SUCCESS' the reply contradicts itself: success, and call again. @default 'FAIL', with SYSTEMERROR */
  resultCode?: 'SUCCESS' | 'FAIL';
}

/** A signed refusal with this code, on the page or not. `effect` defaults to false. */
interface ErrorFault extends Effect {
  kind: 'error';
  errorCode: string;
  /** @default the page's description */
  errorDescription?: string;
  /** @default true for SYSTEMERROR and USERPAYING, else false; none where the endpoint has none */
  recall?: boolean;
}

/** The reply comes late: after so many real milliseconds. */
interface DelayFault extends Effect {
  kind: 'delay';
  delayMs: number;
}

/** Nothing more comes, and the connection stays open: from before the headers, or from half of the body. */
interface HangFault extends Effect {
  kind: 'hang';
  /** @default 'headers' */
  at?: 'headers' | 'body';
}

/** The connection is cut: before the first byte of the reply, or in the middle of a body whose length was announced. */
interface CutFault extends Effect {
  kind: 'cut';
  /** @default 'headers' */
  at?: 'headers' | 'body';
}

/** An HTML page with this HTTP status, as a proxy gives it when it hears nothing from behind: 502, 504. */
interface StatusFault extends Effect {
  kind: 'status';
  status: number;
}

/** An HTTP 302. `effect` defaults to false. */
interface RedirectFault extends Effect {
  kind: 'redirect';
  /** @default another path of this gateway */
  location?: string;
}

/** An HTTP 200 without a body. */
interface EmptyBodyFault extends Effect {
  kind: 'empty-body';
}

/** A complete HTTP reply that holds the first half of the XML. */
interface TruncatedXmlFault extends Effect {
  kind: 'truncated-xml';
}

/** `sign` has the right form and the wrong value. */
interface WrongSignatureFault extends Effect {
  kind: 'wrong-signature';
}

/** There is no `sign`. */
interface MissingSignatureFault extends Effect {
  kind: 'missing-signature';
}

/** The reply is signed by the right key with the algorithm that the request did not use. */
interface OtherAlgorithmFault extends Effect {
  kind: 'other-algorithm';
}

/** The reply is another merchant's: its identities, correctly signed with its key. */
interface ForeignMerchantFault extends Effect {
  kind: 'foreign-merchant';
  /** @default one that is made up */
  merchant?: Merchant;
}

/** The reply has another identity in it, and is signed with the right key. */
interface ForeignIdentityFault extends Effect {
  kind: 'foreign-identity';
  /** Wire names, for instance `{ out_trade_no: '…' }`. @default another appid */
  fields?: Fields;
}

/** A field was changed after the reply was signed. */
interface TamperedFault extends Effect {
  kind: 'tampered';
  /** Wire names, for instance `{ result_code: 'SUCCESS' }`. @default recall is turned round, or result_code where the endpoint has no recall */
  fields?: Fields;
}

/** A DOCTYPE with an external entity that a field refers to (XXE). */
interface DoctypeFault extends Effect {
  kind: 'doctype';
}

/** A DOCTYPE whose entities multiply to a gigabyte. */
interface EntityBombFault extends Effect {
  kind: 'entity-bomb';
}

/** A reply far longer than any real one, correctly signed. */
interface OversizedFault extends Effect {
  kind: 'oversized';
  /** Of the field that fills it. @default 131072, twice 64 KiB */
  bytes?: number;
}

/** A reply that never ends, as fast as it is read. */
interface EndlessFault extends Effect {
  kind: 'endless';
}

/** A byte that is no UTF-8, in a field that is signed. */
interface InvalidUtf8Fault extends Effect {
  kind: 'invalid-utf8';
}

/** `recall` (or `result_code`, where there is none) twice: first turned round, then as signed. */
interface DuplicateFieldFault extends Effect {
  kind: 'duplicate-field';
}

/** `return_code` FAIL with a `return_msg`, unsigned. `effect` defaults to false. */
interface ReturnFailFault extends Effect {
  kind: 'return-fail';
  /** @default 'system error' */
  returnMessage?: string;
}

/** A `return_code` that is neither SUCCESS nor FAIL, in a reply that is signed and otherwise whole. */
interface ReturnCodeFault extends Effect {
  kind: 'return-code';
  /** @default 'UNKNOWN' */
  returnCode?: string;
}

/** `return_code` FAIL with `retmsg` and `retcode` in place of `return_msg`, as was seen. `effect` defaults to false. */
interface RetmsgFault extends Effect {
  kind: 'retmsg';
  /** @default 'system error' */
  message?: string;
}

/** A sound reply with a field more, signed: WeChat Pay may add some, and a client must bear it. */
interface ExtraFieldFault extends Effect {
  kind: 'extra-field';
  /** Wire names. @default one field */
  fields?: Fields;
}

/** A sound reply with an empty field, which the signature leaves out. */
interface EmptyFieldFault extends Effect {
  kind: 'empty-field';
  /** @default 'attach' */
  field?: string;
}

/** What can go wrong with a reply, on demand. */
export type Fault =
  | RecallFault
  | ErrorFault
  | DelayFault
  | HangFault
  | CutFault
  | StatusFault
  | RedirectFault
  | EmptyBodyFault
  | TruncatedXmlFault
  | WrongSignatureFault
  | MissingSignatureFault
  | OtherAlgorithmFault
  | ForeignMerchantFault
  | ForeignIdentityFault
  | TamperedFault
  | DoctypeFault
  | EntityBombFault
  | OversizedFault
  | EndlessFault
  | InvalidUtf8Fault
  | DuplicateFieldFault
  | ReturnFailFault
  | ReturnCodeFault
  | RetmsgFault
  | ExtraFieldFault
  | EmptyFieldFault;
