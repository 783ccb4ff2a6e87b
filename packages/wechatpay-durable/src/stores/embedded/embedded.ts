import { WechatPayRequestError } from 'wechatpay-core';
import { checkOptions, wrong } from '../options.js';
import { OTHER_NAMES, SQL_STORE_OPTIONS, type SqlStoreOptions } from '../postgres/sql-store-options.js';
import { SqlStore, type Connection } from '../postgres/sql-store.js';
import type { DurableData, StoreEnqueueOptions } from '../store.js';
import { openFolder } from './embedded-folder.js';

export type { SqlStoreOptions } from '../postgres/sql-store-options.js';

export interface EmbeddedStoreOptions extends SqlStoreOptions {
  /** The folder of the database; made where it is missing. `memory://` forgets everything: for tests. */
  readonly folder: string;
  /**
   * Told once, at opening, against what this store is not safe: a `warn` under NODE_ENV=production.
   *
   * @default written to standard error
   */
  readonly onNote?: ((message: string, level: 'log' | 'warn') => void) | undefined;
}

/**
 * Durable orders in a folder, by PGlite, a PostgreSQL inside this process, in a thread of its own: nothing to install or to run but two npm packages, optional
 * peers: `npm install pg-boss @electric-sql/pglite fs-native-extensions`.
 *
 * One process only; another is refused. Safe against the death of the process, not against that of the machine.
 *
 * @example new EmbeddedStore({ folder: './data' })
 */
export class EmbeddedStore extends SqlStore {
  protected override readonly isAlone = true;
  readonly #folder: string;
  readonly #onNote: NonNullable<EmbeddedStoreOptions['onNote']>;

  /** @throws {WechatPayConfigError} an option that is invalid. */
  constructor(options: EmbeddedStoreOptions) {
    checkOptions(options, ['folder', 'onNote', ...SQL_STORE_OPTIONS], { otherNames: OTHER_NAMES });
    super(options);
    const { folder, onNote = writeNote } = options;
    if (typeof (folder as unknown) !== 'string' || folder === '')
      throw wrong('folder', "must be a path, as in './data'.");
    this.#folder = folder;
    this.#onNote = onNote;
  }

  /** @throws {WechatPayRequestError} a transaction: whichever it is, it is one of another database. */
  override async enqueue(
    id: string,
    data: DurableData,
    delayMs: number,
    options: StoreEnqueueOptions = {},
  ): Promise<'enqueued' | 'duplicate'> {
    if (options.tx !== undefined) {
      throw new WechatPayRequestError(
        'tx',
        'cannot reach the embedded database, which is its own; enqueue without, or use PostgresStore.',
      );
    }
    return super.enqueue(id, data, delayMs, options);
  }

  protected async connect(): Promise<Connection> {
    const { pglite, close } = await openFolder(this.#folder, { onNote: this.#onNote });
    const db = { executeSql: (text: string, values?: unknown[]) => pglite.executeSql(text, values) };
    return { options: { db, backend: 'pglite' }, database: () => pglite, close };
  }
}

function writeNote(message: string): void {
  process.emitWarning(message, 'WechatPayDurableNote');
}
