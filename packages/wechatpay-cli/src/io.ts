import type { Environment } from 'wechatpay-core';

/** Where text goes. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean | undefined;
  /** How wide a terminal is; 0 where it does not say. */
  readonly columns?: number | undefined;
}

/** What a run of the program reads and writes, apart from its arguments and WeChat Pay. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined };
  /** Data alone: tables, or JSON. */
  readonly stdout: Output;
  /** Everything else: questions, progress, what went wrong. */
  readonly stderr: Output;
  readonly env: Environment;
  /** Where `.env` is looked for. */
  readonly cwd: string;
  /** The clock, in milliseconds since 1970. */
  readonly now: () => number;
  /** Waits until a time of the clock. @default a timer */
  readonly wait: ((until: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Ctrl-C: what is under way is stopped after its current step. */
  readonly signal: AbortSignal | undefined;
  /** As `process.versions`. */
  readonly versions: Readonly<Record<string, string | undefined>>;
  /** A custom `OrderStore` of wechatpay-durable, in the place of DATABASE_URL and `--folder`; it is opened and closed here. */
  readonly store: object | undefined;
}

export function processIo(): Io {
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    now: Date.now,
    wait: undefined,
    signal: undefined,
    versions: process.versions,
    store: undefined,
  };
}
