import { expect } from 'vitest';
import { isWechatPayError, type WechatPayError } from '../src/index.js';
import { expectNoSecrets } from './secrets.js';

type Secrets = Parameters<typeof expectNoSecrets>[1];

/** What a call is rejected with: an error of this library. With `secrets`, it is searched for them. */
export async function failure<E extends WechatPayError = WechatPayError>(
  call: Promise<unknown>,
  secrets?: Secrets,
): Promise<E> {
  const error = await call.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  expect(isWechatPayError(error), String(error)).toBe(true);
  if (secrets) expectNoSecrets(error, secrets);
  return error as E;
}
