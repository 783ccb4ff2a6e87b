import { Readable } from 'node:stream';
import { expect } from 'vitest';
import type { Merchant } from 'wechatpay-sandbox';
import { run, type ExitCode, type Io } from '../src/index.js';
import { documentedNames } from './documented.js';

/** What a run wrote, and how it ended. */
export interface Ran {
  readonly code: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
  /** The last line of the standard output, which with `--json` is the result. */
  readonly json: Report;
}

interface Report {
  readonly schema: string;
  readonly command: string;
  readonly exitCode: number;
  readonly result: Record<string, unknown>;
  readonly error: Record<string, unknown>;
}

/** Runs the program in this process. Nobody is at a terminal, unless `given` says so. */
export async function cli(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  given: Partial<Io> & { readonly input?: string } = {},
): Promise<Ran> {
  const { input, ...io } = given;
  let stdout = '';
  let stderr = '';
  const code = await run(argv, {
    cwd: '/',
    env,
    stdin: Readable.from(input === undefined ? [] : [Buffer.from(input)]),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    ...io,
  });
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  const written = (last.startsWith('{"schema"') ? JSON.parse(last) : {}) as Partial<Report>;
  // Whatever a test is about: the guide names each field that a script may find.
  const { command, result } = written;
  if (command !== undefined) {
    const undocumented = Object.keys(result ?? {}).filter((name) => !documentedNames(command).includes(name));
    expect(undocumented).toEqual([]);
    expect(Object.keys(written)).toEqual(['schema', 'command', 'exitCode', result ? 'result' : 'error']);
  }
  const json = written as Report;
  return { code, stdout, stderr, json };
}

/** The variables of a sandbox's merchant. */
export function variablesOf(merchant: Merchant, prefix = 'WECHATPAY_'): Record<string, string> {
  const values = {
    APP_ID: merchant.appId,
    MERCHANT_ID: merchant.merchantId,
    API_KEY: merchant.apiKey,
    PFX: merchant.certificate.pfx.toString('base64'),
    CA: merchant.ca,
    BASE_URL: merchant.baseUrl,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));
}
