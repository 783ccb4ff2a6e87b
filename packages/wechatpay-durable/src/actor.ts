import { WechatPayRequestError } from 'wechatpay-core';

/** What a function takes that a person may have asked for. */
export interface ActorOptions {
  /**
   * Who asked for it, as the application knows them: noted in the journal. 1 to 128 characters, without line breaks and other
   * control characters; not a secret, and best a number or a role, for a journal is kept for long.
   */
  readonly actor?: string | undefined;
}

/** @throws {WechatPayRequestError} an actor that is no text, is empty or too long, or holds control characters. */
export function readActor({ actor }: ActorOptions): { readonly actor?: string } {
  if (actor === undefined) return {};
  const isWrong = typeof (actor as unknown) !== 'string' || !/^[^\u0000-\u001f\u007f-\u009f]{1,128}$/u.test(actor);
  if (isWrong || actor.trim() === '') {
    throw new WechatPayRequestError('actor', 'must be a text of 1 to 128 characters, without control characters.');
  }
  return { actor };
}
