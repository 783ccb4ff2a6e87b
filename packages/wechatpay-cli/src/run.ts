import { CommanderError } from 'commander';
import { EXIT_CODES, type ExitCode } from './exit-codes.js';
import { processIo, type Io } from './io.js';
import { colorsFor } from './output/colors.js';
import { createProgram } from './program.js';
import { SCHEMA } from './schema.js';
import type { Report, Session } from './session.js';
import { languageOf, wordsIn } from './words/language.js';

/**
 * Runs the command line, in this process: what the program `wechatpay` does.
 *
 * @param argv the arguments alone, as in `['query', '1415717424', '--json']`.
 * @param given what differs from the process's own streams, environment, folder and clock.
 * @returns the exit code; nothing is thrown.
 * @example process.exitCode = await run(process.argv.slice(2));
 */
export async function run(argv: readonly string[], given: Partial<Io> = {}): Promise<ExitCode> {
  const io: Io = { ...processIo(), ...given };
  const words = await wordsIn(languageOf(io.env, languageIn(argv)));
  const ended: Ended[] = [];
  const program = createProgram(io, words, async (command, options, work) => {
    const session: Session = { io, words, options, colors: colorsFor(io.stderr, io.env) };
    ended.push(await endOf(session, command, work));
  });
  if (argv[0] === 'complete') return complete(program, argv);
  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT_CODES.done;
    if (argv.includes('--json')) {
      writeJson(io, { exitCode: EXIT_CODES.usage, error: { code: 'USAGE', message: error.message } });
    }
    return EXIT_CODES.usage;
  }
  return ended[0]?.exitCode ?? EXIT_CODES.usage;
}

interface Ended {
  readonly exitCode: ExitCode;
}

/** Runs one command, and tells how it ended. */
async function endOf(session: Session, command: string, work: (session: Session) => Promise<Report>): Promise<Ended> {
  const { io, options, colors } = session;
  try {
    const { exitCode, result, lines } = await work(session);
    if (options.json) writeJson(io, { command, exitCode, result });
    else for (const line of lines) io.stdout.write(`${line}\n`);
    return { exitCode };
  } catch (error) {
    // Loaded where something went wrong: it brings the core along, which help and completion do not need.
    const { describeFailure } = await import('./failure.js');
    const failure = describeFailure(error, session.words);
    if (options.json) writeJson(io, { command, exitCode: failure.exitCode, error: failure.error });
    io.stderr.write(`${colors.red('wechatpay:')} ${failure.text}\n`);
    return failure;
  }
}

function writeJson(io: Io, report: object): void {
  io.stdout.write(`${JSON.stringify({ schema: SCHEMA, ...report })}\n`);
}

async function complete(program: ReturnType<typeof createProgram>, argv: readonly string[]): Promise<ExitCode> {
  const { default: tab } = await import('@bomb.sh/tab/commander');
  tab(program);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return EXIT_CODES.done;
  } catch (error) {
    if (error instanceof CommanderError) return EXIT_CODES.usage;
    throw error;
  }
}

// Before the arguments are read: the help is in a language too.
function languageIn(argv: readonly string[]): string | undefined {
  const at = argv.indexOf('--lang');
  return at === -1 ? argv.find((argument) => argument.startsWith('--lang='))?.slice('--lang='.length) : argv[at + 1];
}
