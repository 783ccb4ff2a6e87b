import type { GlobalOptions } from './options.js';
import type { Colors } from './output/colors.js';
import type { Io } from './io.js';
import type { ExitCode } from './exit-codes.js';
import type { Words } from './words/words.js';

/** A command under way. */
export interface Session {
  readonly io: Io;
  readonly words: Words;
  readonly colors: Colors;
  readonly options: GlobalOptions;
}

/** How a command ended: as data for scripts, and as lines for people. */
export interface Report {
  readonly exitCode: ExitCode;
  /** Of a documented, stable form. */
  readonly result: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
}
