import type { Fault } from './faults.js';

/** A kind of fault, as in `sandbox.faults.add({ kind })`. */
export type FaultKind = Fault['kind'];

/** What the catalogue says of a kind. */
export interface FaultDescription<Kind extends FaultKind = FaultKind> {
  /** What the client sees, in one sentence. */
  readonly description: string;
  /** Whether the order is paid, reversed or refunded all the same where `effect` is left out. */
  readonly takesEffect: boolean;
  /** The property that a fault of this kind must have, and its type. @default none */
  readonly requires?: readonly [property: string, type: 'string' | 'number'];
  /** Faults of this kind for `sandbox.faults.add`: the plainest one first, then its variants. */
  readonly examples: readonly [FaultOf<Kind>, ...FaultOf<Kind>[]];
}

type FaultOf<Kind extends FaultKind> = Extract<Fault, { kind: Kind }>;

/**
 * Every kind of fault: what the client sees, whether the request takes effect, and examples to add. A test that goes
 * through all of it also tries the kinds that later versions bring.
 *
 * @example
 * for (const { examples } of Object.values(faultCatalogue)) {
 *   for (const fault of examples) {
 *     sandbox.faults.add(fault);
 *     // … call, and check what your code made of the reply …
 *   }
 * }
 */
export const faultCatalogue: { readonly [Kind in FaultKind]: FaultDescription<Kind> } = {
  recall: {
    description: "a signed FAIL, SYSTEMERROR, recall Y; with resultCode: 'SUCCESS' a success that says recall Y",
    takesEffect: false,
    examples: [
      { kind: 'recall' },
      { kind: 'recall', effect: true },
      { kind: 'recall', resultCode: 'SUCCESS' },
      { kind: 'recall', resultCode: 'SUCCESS', effect: true },
    ],
  },
  error: {
    description: 'a signed FAIL with your errorCode, errorDescription, recall',
    takesEffect: false,
    requires: ['errorCode', 'string'],
    examples: [
      { kind: 'error', errorCode: 'SYSTEMERROR' },
      { kind: 'error', errorCode: 'SYSTEMERROR', effect: true },
      { kind: 'error', errorCode: 'USERPAYING' },
      { kind: 'error', errorCode: 'INVALID_REQUEST', effect: true },
      { kind: 'error', errorCode: 'PARAM_ERROR' },
      { kind: 'error', errorCode: 'NEVER_HEARD_OF', effect: true },
    ],
  },
  delay: {
    description: 'the sound reply, after delayMs real milliseconds',
    takesEffect: true,
    requires: ['delayMs', 'number'],
    examples: [
      { kind: 'delay', delayMs: 5_000 },
      { kind: 'delay', delayMs: 20_000 },
    ],
  },
  hang: {
    description: "no reply, on an open connection; with at: 'body', headers and half of the body first",
    takesEffect: true,
    examples: [{ kind: 'hang' }, { kind: 'hang', effect: false }, { kind: 'hang', at: 'body' }],
  },
  cut: {
    description: "a closed connection; with at: 'body', after headers and half of the announced body",
    takesEffect: true,
    examples: [{ kind: 'cut' }, { kind: 'cut', effect: false }, { kind: 'cut', at: 'body' }],
  },
  status: {
    description: 'an HTML page with your HTTP status (502, 504)',
    takesEffect: true,
    requires: ['status', 'number'],
    examples: [
      { kind: 'status', status: 502 },
      { kind: 'status', status: 504, effect: false },
    ],
  },
  redirect: {
    description: 'HTTP 302 to location',
    takesEffect: false,
    examples: [{ kind: 'redirect' }],
  },
  'empty-body': {
    description: 'HTTP 200 and nothing',
    takesEffect: true,
    examples: [{ kind: 'empty-body' }],
  },
  'truncated-xml': {
    description: 'a complete HTTP reply with half of the XML',
    takesEffect: true,
    examples: [{ kind: 'truncated-xml' }],
  },
  'wrong-signature': {
    description: 'a sign of the right form and the wrong value',
    takesEffect: true,
    examples: [{ kind: 'wrong-signature' }],
  },
  'missing-signature': {
    description: 'no sign',
    takesEffect: true,
    examples: [{ kind: 'missing-signature' }],
  },
  'other-algorithm': {
    description: 'the right key, the algorithm that you did not ask for',
    takesEffect: true,
    examples: [{ kind: 'other-algorithm' }],
  },
  'foreign-merchant': {
    description: "another merchant's identities, correctly signed with its key (merchant, or a random one)",
    takesEffect: true,
    examples: [{ kind: 'foreign-merchant' }],
  },
  'foreign-identity': {
    description: 'another appid (or your fields), signed with the right key',
    takesEffect: true,
    examples: [{ kind: 'foreign-identity' }, { kind: 'foreign-identity', fields: { out_trade_no: 'another' } }],
  },
  tampered: {
    description: 'recall inverted (result_code where there is no recall; or your fields) after signing',
    takesEffect: true,
    examples: [{ kind: 'tampered' }, { kind: 'tampered', fields: { result_code: 'SUCCESS', trade_state: 'SUCCESS' } }],
  },
  doctype: {
    description: 'a DOCTYPE with an external entity in use; the signature holds if that entity counts as empty',
    takesEffect: true,
    examples: [{ kind: 'doctype' }],
  },
  'entity-bomb': {
    description: 'entities that multiply to a gigabyte',
    takesEffect: true,
    examples: [{ kind: 'entity-bomb' }],
  },
  oversized: {
    description: 'a correctly signed reply with a field of bytes (128 KiB)',
    takesEffect: true,
    examples: [{ kind: 'oversized' }],
  },
  endless: {
    description: 'a body without end, as fast as it is read',
    takesEffect: true,
    examples: [{ kind: 'endless' }],
  },
  'invalid-utf8': {
    description: 'a byte that is not UTF-8; the signature holds if it is decoded leniently',
    takesEffect: true,
    examples: [{ kind: 'invalid-utf8' }],
  },
  'duplicate-field': {
    description: 'recall (result_code where there is none) twice, with both values',
    takesEffect: true,
    examples: [{ kind: 'duplicate-field' }],
  },
  'return-fail': {
    description: 'an unsigned return_code FAIL with returnMessage ("system error")',
    takesEffect: false,
    examples: [{ kind: 'return-fail' }],
  },
  'return-code': {
    description: 'a signed reply whose return_code is returnCode ("UNKNOWN")',
    takesEffect: true,
    examples: [{ kind: 'return-code' }],
  },
  retmsg: {
    description: 'FAIL with retmsg and retcode in place of return_msg',
    takesEffect: false,
    examples: [{ kind: 'retmsg' }],
  },
  'extra-field': {
    description: 'a sound reply with signed fields that no page lists',
    takesEffect: true,
    examples: [{ kind: 'extra-field' }],
  },
  'empty-field': {
    description: 'a sound reply with an empty field (attach)',
    takesEffect: true,
    examples: [{ kind: 'empty-field' }],
  },
};

/** @internal */
export function takesEffect(fault: Fault): boolean {
  return fault.effect ?? faultCatalogue[fault.kind].takesEffect;
}
