import { isWechatPayError, type AnyWechatPayError, type StatementProblem } from 'wechatpay-core';
import { CliError } from '../cli-error.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import type { Session } from '../session.js';

/** A statement that is not there, not yet, or not whole: each with its own exit code and words. None is an empty day. */
export function statementFailure({ words }: Session, error: unknown, rows: number): unknown {
  if (!isWechatPayError(error) || error.code === 'WECHATPAY_ABORTED') return error;
  if (error.code === 'WECHATPAY_INVALID_CONFIG' || isWrongArgument(error)) return error;
  const { message, code } = error;
  const exitCode = exitCodeOf(error);
  const notes = [
    ...(rows > 0 ? [words.statement.noRowCounts(rows)] : []),
    ...(exitCode === EXIT_CODES.later ? [words.statement.later] : []),
  ];
  return new CliError(exitCode, code, [message, ...notes].join('\n'), {
    cause: error,
    details: detailsOf(error, rows),
  });
}

const BY_REASON: Readonly<Record<Exclude<StatementProblem, 'refused'>, ExitCode>> = {
  'not-ready': EXIT_CODES.later,
  // Whether that is an empty day, only who knows the orders of that day can say.
  'no-statement': EXIT_CODES.person,
  truncated: EXIT_CODES.unknown,
  malformed: EXIT_CODES.unknown,
  mismatch: EXIT_CODES.unknown,
};

function exitCodeOf(error: AnyWechatPayError): ExitCode {
  const isForLater = 'advice' in error && error.advice === 'retry-later';
  if (error.code === 'WECHATPAY_STATEMENT' && error.reason !== 'refused') return BY_REASON[error.reason];
  // The day is not over, or the gateway has no time.
  if (isForLater && (error.code === 'WECHATPAY_STATEMENT' || error.code === 'WECHATPAY_INVALID_REQUEST')) {
    return EXIT_CODES.later;
  }
  if (error.code === 'WECHATPAY_STATEMENT') return EXIT_CODES.refused;
  return error.outcome === 'unknown' ? EXIT_CODES.unknown : EXIT_CODES.refused;
}

function isWrongArgument(error: AnyWechatPayError): boolean {
  return error.code === 'WECHATPAY_INVALID_REQUEST' && error.advice !== 'retry-later';
}

function detailsOf(error: AnyWechatPayError, rows: number): Record<string, unknown> {
  const shared = { outcome: error.outcome, ...('advice' in error && { advice: error.advice }), rows };
  if (error.code !== 'WECHATPAY_STATEMENT') return shared;
  // Not `received`: a row has its customer's openid. --keep has all of it.
  const { reason, line, errorCode, differences } = error;
  return { ...shared, reason, line, errorCode, ...(differences.length > 0 && { differences }) };
}
