import type { ResolutionCall, ResolutionError, ResolutionEvent, ResolutionOrder } from 'wechatpay-core';

/**
 * Refusals, signed, whose cause is a key or a permission, whatever the order: the same call fails for each order of the merchant, or
 * of the sub-merchant. What can be about one order alone, such as INVALID_REQUEST, is not here.
 */
const PERMISSIONS: ReadonlySet<string> = new Set([
  'NOAUTH',
  'APPID_NOT_EXIST',
  'APPID_MCHID_NOT_MATCH',
  'MCHID_NOT_EXIST',
]);
const KEYS: ReadonlySet<string> = new Set(['SIGNERROR', 'WECHATPAY_SIGNATURE_MISMATCH']);
/** Answers without a signature, such as a gateway gives where a key or a certificate is wrong. */
const UNSIGNED: ReadonlySet<string> = new Set([
  'WECHATPAY_SIGNATURE_MISMATCH',
  'WECHATPAY_GATEWAY_FAIL',
  'WECHATPAY_HTTP_STATUS',
]);

/**
 * Signed refusals of which the merchant's setup, the request, or the gateway itself is the cause, whatever the order: they say nothing about
 * whether a key or a permission works. Every other one was given of an order, once these were looked at.
 */
export const NOT_OF_THE_ORDER: ReadonlySet<string> = new Set([
  ...PERMISSIONS,
  ...KEYS,
  'BANKERROR',
  'FREQUENCY_LIMITED',
  'INVALID_REQUEST',
  'LACK_PARAMS',
  'NOT_UTF8',
  'PARAM_ERROR',
  'POST_DATA_EMPTY',
  'REQUIRE_POST_METHOD',
  'SYSTEMERROR',
  'XML_FORMAT_ERROR',
]);

/** A failure for which the merchant's setup is the likely cause. */
export interface MerchantFailure {
  readonly code: string;
  readonly step: ResolutionCall['kind'];
  /** Whether the gateway said, signed, that nothing was done. */
  readonly isRejected: boolean;
  /** Whose settings they are: all of a merchant, or in institutional mode one of its sub-merchants. */
  readonly subMerchantId: string | undefined;
}

/** @returns undefined where an event is no failure, or one that says nothing about the merchant's settings. */
export function merchantFailureOf(event: ResolutionEvent, order: ResolutionOrder): MerchantFailure | undefined {
  if (event.kind !== 'failed') return undefined;
  const { step, error } = event;
  const code = codeOf(error);
  const isSigned = error.code === 'WECHATPAY_BUSINESS_FAIL';
  const isOfIt = isSigned ? PERMISSIONS.has(code) || KEYS.has(code) : UNSIGNED.has(code);
  // Who is too frequent is not answered: that says nothing about settings.
  if (!isOfIt || error.outcome === 'not-sent' || error.advice === 'retry-later') return undefined;
  const subMerchantId = PERMISSIONS.has(code) ? order.subMerchantId : undefined;
  return { code, step, isRejected: isSigned && error.outcome === 'rejected', subMerchantId };
}

/** Whether an event shows that a key, a certificate and a permission work: it succeeded, or was refused, signed, for the order's sake. */
export function isAnswered(event: ResolutionEvent): boolean {
  if (event.kind !== 'failed') return true;
  return event.error.code === 'WECHATPAY_BUSINESS_FAIL' && !NOT_OF_THE_ORDER.has(codeOf(event.error));
}

function codeOf({ code, errorCode }: ResolutionError): string {
  return errorCode === undefined || errorCode === '' ? code : errorCode;
}

/** Whether a cause is the key, with which every operation is signed. */
export function isOfTheKey(code: string): boolean {
  return KEYS.has(code);
}
