import { isWechatPayError, type AnyWechatPayError } from 'wechatpay-core';
import { CliError } from './cli-error.js';
import { EXIT_CODES, type ExitCode } from './exit-codes.js';
import type { Words } from './words/words.js';

/** A command that has no result. */
export interface Failure {
  readonly exitCode: ExitCode;
  /** For people. */
  readonly text: string;
  /** For scripts. */
  readonly error: Readonly<Record<string, unknown>>;
}

/** What an error means for who called: by what may have happened to the money. */
export function describeFailure(error: unknown, words: Words): Failure {
  if (error instanceof CliError) {
    const { exitCode, code, message, details } = error;
    return { exitCode, text: message, error: { code, message, ...details } };
  }
  if (isWechatPayError(error)) return ofCore(error, words);
  const { code, message, outcome } = Object(error) as { code?: unknown; message?: unknown; outcome?: unknown };
  const text = typeof message === 'string' ? message : String(error);
  // wechatpay-durable's errors, which is not there where it is not installed.
  const isStore = typeof code === 'string' && code.startsWith('WECHATPAY_');
  const exitCode = code === 'WECHATPAY_STORE_FAILED' || !isStore ? EXIT_CODES.unknown : EXIT_CODES.refused;
  return {
    exitCode,
    text,
    error: { code: isStore ? code : 'UNEXPECTED', message: text, ...(typeof outcome === 'string' && { outcome }) },
  };
}

function ofCore(error: AnyWechatPayError, words: Words): Failure {
  const { code, outcome, message } = error;
  const text = outcome === 'unknown' && code !== 'WECHATPAY_ABORTED' ? `${message}\n${words.unknownOutcome}` : message;
  return {
    exitCode: exitCodeOf(error),
    text,
    error: {
      code,
      outcome,
      message,
      ...('advice' in error && { advice: error.advice }),
      ...(error.code === 'WECHATPAY_BUSINESS_FAIL' && { errorCode: error.errorCode }),
      ...(error.code === 'WECHATPAY_INVALID_CONFIG' && { problems: error.problems }),
    },
  };
}

function exitCodeOf(error: AnyWechatPayError): ExitCode {
  // What can be interrupted so is a question: what moves money tells how far it came.
  if (error.code === 'WECHATPAY_ABORTED') return EXIT_CODES.interrupted;
  if (error.code === 'WECHATPAY_INVALID_CONFIG') return EXIT_CODES.usage;
  if (error.code === 'WECHATPAY_INVALID_REQUEST' && error.advice === 'fix-request') return EXIT_CODES.usage;
  return error.outcome === 'unknown' ? EXIT_CODES.unknown : EXIT_CODES.refused;
}
