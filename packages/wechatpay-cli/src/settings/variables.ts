import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { Environment } from 'wechatpay-core';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { Session } from '../session.js';

/**
 * The environment over the env file, as Nest's ConfigModule reads them: what is set wins over what the file says.
 *
 * @throws {CliError} a file that was named and cannot be read.
 */
export function readVariables({ io, options, words }: Session): Environment {
  const { envFile } = options;
  const path = resolve(io.cwd, envFile ?? '.env');
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    if (envFile === undefined && code === 'ENOENT') return io.env;
    throw new CliError(EXIT_CODES.usage, 'ENV_FILE', words.envFileUnreadable(path, code));
  }
  return { ...parseEnv(text), ...io.env };
}
