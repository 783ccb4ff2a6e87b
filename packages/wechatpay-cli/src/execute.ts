import type { Command } from 'commander';
import type { GlobalOptions } from './options.js';
import type { Report, Session } from './session.js';
import type { Words } from './words/words.js';

/** Runs what a command does, and keeps how it ended. */
export type Execute = (
  command: string,
  options: GlobalOptions,
  work: (session: Session) => Promise<Report>,
) => Promise<void>;

/** What every part of the program is built with. */
export interface Building {
  readonly program: Command;
  readonly help: Words['help'];
  readonly general: (command: Command) => Command;
  readonly movesMoney: (command: Command) => Command;
  readonly execute: Execute;
}
