import { existsSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { resolve } from 'node:path';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { Session } from '../session.js';

/** What WeChat Pay sends, to the byte: under its name only once all of it has come, and before beside it. */
export interface KeptFile {
  readonly write: (chunk: Uint8Array) => Promise<void>;
  /** Closes it. @param isWhole gives it its name */
  readonly end: (isWhole: boolean) => Promise<void>;
}

/** @throws {CliError} a file that is there already, or that cannot be made. */
export async function openKeptFile({ io, words }: Session, given: string): Promise<KeptFile> {
  const path = resolve(io.cwd, given);
  const part = `${path}.part`;
  // What was kept is a record: no later statement takes its place.
  if (existsSync(path)) throw new CliError(EXIT_CODES.usage, 'FILE_EXISTS', words.statement.fileExists(path));
  const file = await open(part, 'w').catch((cause: unknown) => {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new CliError(EXIT_CODES.usage, 'FILE', words.statement.fileUnwritable(path, code), { cause });
  });
  return {
    write: (chunk) => file.appendFile(chunk),
    end: async (isWhole) => {
      if (isWhole) await file.sync();
      await file.close();
      if (isWhole) await rename(part, path);
    },
  };
}
