import type { ExitCode } from './exit-codes.js';

/** Why a command ends without a result of its own: told to a person as `message`, to a script as `code`. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly exitCode: ExitCode;
  /** As in `NEEDS_YES`; stable. */
  readonly code: string;
  /** What a script is told beside it. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    exitCode: ExitCode,
    code: string,
    message: string,
    { cause, details = {} }: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.exitCode = exitCode;
    this.code = code;
    this.details = details;
  }
}
