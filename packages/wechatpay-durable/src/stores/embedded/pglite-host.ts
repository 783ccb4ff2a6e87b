import { Worker } from 'node:worker_threads';
import { DurableOrdersError } from '../../errors.js';
import type { SqlDatabase, SqlExecutor } from '../sql-executor.js';

interface Reply {
  readonly id: number;
  readonly rows?: unknown[];
  readonly error?: { readonly message: string };
  /** What PostgreSQL has printed so far. */
  readonly printed?: string;
}

interface Pending {
  readonly resolve: (rows: unknown[]) => void;
  readonly reject: (error: Error) => void;
}

/** What PGlite has thrown, with its fields, such as `code`. */
class PgliteError extends Error {
  override readonly name = 'PgliteError';
}

/** Why PGlite did not start. */
export class StartError extends Error {
  constructor(
    readonly printed: string,
    cause: Error,
  ) {
    super(cause.message, { cause });
  }
}

/**
 * PGlite in a thread of its own: what it computes, for a second or more, holds up no timer and no request of this process.
 *
 * The thread alone does not keep the process from ending; what is asked of it does, until it is answered.
 */
export class PgliteHost implements SqlDatabase {
  readonly dataDir: string;
  readonly #thread: Worker;
  readonly #pending = new Map<number, Pending>();
  #count = 0;
  #end: Error | undefined;
  /** Behind this, the next one has the only connection. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(dataDir: string) {
    this.dataDir = dataDir;
    // No loaders and no preloads of the process: the thread would fail with those that it cannot take.
    this.#thread = new Worker(new URL('./pglite-thread.js', import.meta.url), {
      workerData: { dataDir },
      execArgv: [],
    });
    this.#thread.on('message', (reply: Reply) => {
      this.#answer(reply);
    });
    this.#thread.on('error', (error) => {
      this.#endWith(error);
    });
    this.#thread.on('exit', () => {
      this.#endWith(new DurableOrdersError('WECHATPAY_STORE_NOT_OPEN', 'The embedded database is closed.'));
    });
    this.#thread.unref();
  }

  /** @throws {StartError} it cannot be opened. @throws what importing PGlite throws. */
  static async start(dataDir: string): Promise<PgliteHost> {
    const host = new PgliteHost(dataDir);
    try {
      await host.#ask('start');
      return host;
    } catch (error) {
      await host.#thread.terminate();
      throw error;
    }
  }

  get closed(): boolean {
    return this.#end !== undefined;
  }

  async query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> {
    return this.executeSql(text, values);
  }

  async exec(text: string): Promise<void> {
    await this.executeSql(text);
  }

  /** As of a pool: what fails leaves no transaction open for the next. */
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> {
    return this.#alone(async () => {
      try {
        return await this.#run(text, values);
      } catch (error) {
        await this.#run('ROLLBACK').catch(() => undefined);
        throw error;
      }
    });
  }

  transaction<Result>(work: (tx: SqlExecutor) => Promise<Result>): Promise<Result> {
    return this.#alone(async () => {
      let isOver = false;
      const executeSql: SqlExecutor['executeSql'] = (text, values) =>
        isOver ? Promise.reject(new TypeError('The transaction is over.')) : this.#run(text, values);
      await this.#run('BEGIN');
      try {
        const result = await work({ executeSql });
        await this.#run('COMMIT');
        return result;
      } catch (error) {
        await this.#run('ROLLBACK').catch(() => undefined);
        throw error;
      } finally {
        isOver = true;
      }
    });
  }

  async close(): Promise<void> {
    if (this.#end) return;
    try {
      await this.#alone(() => this.#ask('close'));
    } finally {
      await this.#thread.terminate();
    }
  }

  async #run(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> {
    const isOne = values !== undefined && values.length > 0;
    return { rows: isOne ? await this.#ask('query', { text, values }) : await this.#ask('exec', { text }) };
  }

  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  #ask(kind: 'start' | 'query' | 'exec' | 'close', parameters: object = {}): Promise<unknown[]> {
    return new Promise((resolve, reject) => {
      if (this.#end) {
        reject(this.#end);
        return;
      }
      this.#count += 1;
      const id = this.#count;
      if (this.#pending.size === 0) this.#thread.ref();
      this.#pending.set(id, { resolve, reject });
      this.#thread.postMessage({ id, kind, ...parameters });
    });
  }

  #answer({ id, rows, error, printed }: Reply): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#thread.unref();
    if (!error) pending?.resolve(rows ?? []);
    else {
      const failure = Object.assign(new PgliteError(error.message), error);
      pending?.reject(id === 1 ? new StartError(printed ?? '', failure) : failure);
    }
  }

  #endWith(error: Error): void {
    this.#end ??= error;
    for (const { reject } of this.#pending.values()) reject(this.#end);
    this.#pending.clear();
  }
}
