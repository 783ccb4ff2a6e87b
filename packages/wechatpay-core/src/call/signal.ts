import { WechatPayRequestError } from '../errors.js';
import { readGiven, type Properties } from './given.js';
import type { CallOptions } from './operation.js';

export function signalOf(options: CallOptions | null | undefined): AbortSignal | undefined {
  if (options === undefined || options === null) return undefined;
  const { values, unknown } = readGiven(options, CALL_OPTIONS, 'options');
  if (unknown) throw unknown;
  assertSignal(values.signal);
  return values.signal ?? undefined;
}

const CALL_OPTIONS: Properties<keyof CallOptions> = { signal: 'signal' };

/** @throws {WechatPayRequestError} what is neither absent nor an AbortSignal. */
export function assertSignal(signal: unknown): asserts signal is AbortSignal | null | undefined {
  if (signal === undefined || signal === null || isSignal(signal)) return;
  throw new WechatPayRequestError('signal', 'must be an AbortSignal; of an AbortController, give its `signal`.');
}

function isSignal(signal: unknown): boolean {
  try {
    return signal instanceof AbortSignal && typeof signal.aborted === 'boolean';
  } catch {
    return false; // a proxy that is no more, or one of a signal where Node.js does not take it
  }
}
