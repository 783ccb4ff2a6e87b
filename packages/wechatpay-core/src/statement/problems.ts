import type { Advice } from '../advice.js';
import { WechatPayStatementError, type StatementProblem } from '../errors.js';

const ADVICE: Readonly<Record<StatementProblem, Advice>> = {
  'not-ready': 'retry-later',
  'no-statement': 'query-order',
  refused: 'fix-request',
  truncated: 'retry-later',
  malformed: 'retry-later',
  mismatch: 'retry-later',
};

const REMEDIES: Readonly<Record<StatementProblem, string>> = {
  'not-ready': 'Fetch it after 10:00 in Beijing, and then each half hour.',
  'no-statement': 'That is an empty day only if you know of no order of that day.',
  refused: 'Nothing of it counts as a statement.',
  truncated: 'No row of it counts; fetch it again.',
  malformed: 'No row of it counts; fetch it again, and keep the file if it stays.',
  mismatch: 'No row of it counts; fetch it again, and keep the file if it stays.',
};

/** What is wrong with a statement, and what to do. */
export function statementError(
  reason: StatementProblem,
  what: string,
  details: Omit<ConstructorParameters<typeof WechatPayStatementError>[1], 'reason' | 'advice'> & {
    readonly advice?: Advice;
  } = {},
  cause?: unknown,
): WechatPayStatementError {
  const { advice = ADVICE[reason], ...rest } = details;
  return new WechatPayStatementError(`${what} ${REMEDIES[reason]}`, { reason, advice, ...rest }, cause);
}
