import { WechatPayRequestError } from 'wechatpay-core';

/** @throws {WechatPayRequestError} what is neither left out nor an AbortSignal. */
export function assertSignal(signal: unknown): void {
  if (signal === undefined || signal instanceof AbortSignal) return;
  throw new WechatPayRequestError('signal', 'must be an AbortSignal; of an AbortController, give its `signal`.');
}
