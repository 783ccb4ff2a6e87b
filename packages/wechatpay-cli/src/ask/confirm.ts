import type { Readable, Writable } from 'node:stream';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import { pairs } from '../output/table.js';
import type { Session } from '../session.js';

/** What a command is about to do to somebody's money. */
export interface Plan {
  /** One sentence. */
  readonly action: string;
  readonly facts: readonly (readonly [name: string, value: string | undefined])[];
  /** Where many are chosen at once: how many, which has to be typed, or given by `--expect`. */
  readonly many?: { readonly count: number; readonly expected: number | undefined };
}

/**
 * Shows the plan, and asks. The default is No.
 *
 * @returns `dry-run` where the plan is all that was asked for.
 * @throws {CliError} No, Ctrl-C, or nobody there to be asked.
 */
export async function confirm(session: Session, plan: Plan): Promise<'go' | 'dry-run'> {
  const { io, options, words, colors } = session;
  io.stderr.write(
    `${colors.bold(plan.action)}\n${pairs(plan.facts)
      .map((line) => `  ${line}\n`)
      .join('')}`,
  );
  if (options.dryRun) return 'dry-run';
  if (io.signal?.aborted) throw new CliError(EXIT_CODES.interrupted, 'INTERRUPTED', words.interrupted);
  if (plan.many?.expected !== undefined && plan.many.expected !== plan.many.count) {
    throw new CliError(EXIT_CODES.refused, 'COUNT_DIFFERS', words.countDiffers(plan.many.count, plan.many.expected));
  }
  if (options.yes) {
    // A --yes that was written for three must not do three hundred.
    if (plan.many && plan.many.expected === undefined) {
      throw new CliError(EXIT_CODES.usage, 'NEEDS_EXPECT', words.needsExpect(plan.many.count));
    }
    return 'go';
  }
  if (!canAsk(session)) {
    throw new CliError(EXIT_CODES.usage, 'NEEDS_YES', words.needsYes);
  }
  await ask(session, plan);
  return 'go';
}

/** Whether somebody is at a terminal. */
export function canAsk({ io }: Session): boolean {
  return io.stdin.isTTY === true && io.stderr.isTTY === true;
}

/** Asks for what nobody should read over a shoulder. @throws {CliError} Ctrl-C. */
export async function askHidden(session: Session, message: string): Promise<string> {
  const prompts = await import('@clack/prompts');
  const answer = await prompts.password({ message, ...streamsOf(session) });
  if (!prompts.isCancel(answer)) return answer;
  throw new CliError(EXIT_CODES.interrupted, 'INTERRUPTED', session.words.interrupted);
}

async function ask(session: Session, { many }: Plan): Promise<void> {
  const { words } = session;
  // Loaded where somebody is asked: with the program, it would slow each command down.
  const prompts = await import('@clack/prompts');
  const streams = streamsOf(session);
  const answer = many
    ? await prompts.text({ message: words.typeCount(many.count), ...streams })
    : await prompts.confirm({ message: words.goOn, initialValue: false, ...streams });
  if (prompts.isCancel(answer)) throw new CliError(EXIT_CODES.interrupted, 'INTERRUPTED', words.interrupted);
  const isYes = many ? answer === String(many.count) : answer === true;
  if (!isYes) throw new CliError(EXIT_CODES.refused, 'ANSWERED_NO', words.answeredNo);
}

function streamsOf({ io }: Session): { input: Readable; output: Writable; signal?: AbortSignal } {
  return {
    input: io.stdin as Readable,
    output: io.stderr as unknown as Writable,
    ...(io.signal && { signal: io.signal }),
  };
}
