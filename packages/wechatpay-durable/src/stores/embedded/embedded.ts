import type { ConstructorOptions } from 'pg-boss';
import { WechatPayRequestError } from 'wechatpay-core';
import type { EnqueueOptions, DurableOrderData } from '../store.js';
import { checkOptions, loadPeer, wrong } from '../options.js';
import { openFolder } from './embedded-folder.js';
import { OTHER_NAMES, PG_BOSS_OPTIONS, type PgBossStoreOptions } from '../postgres/pg-boss-options.js';
import { PgBossStore, type Connection } from '../postgres/pg-boss-store.js';

export type { PgBossStoreOptions } from '../postgres/pg-boss-options.js';

export interface EmbeddedStoreOptions extends PgBossStoreOptions {
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
 * Durable orders in a folder, by PGlite, a PostgreSQL inside this process: nothing to install or to run but two npm packages, optional
 * peers: `npm install pg-boss @electric-sql/pglite fs-native-extensions`.
 *
 * One process only; another is refused. Safe against the death of the process, not against that of the machine.
 *
 * @example new EmbeddedStore({ folder: './data' })
 */
export class EmbeddedStore extends PgBossStore {
  readonly #folder: string;
  readonly #onNote: NonNullable<EmbeddedStoreOptions['onNote']>;

  /** @throws {WechatPayConfigError} an option that is invalid. */
  constructor(options: EmbeddedStoreOptions) {
    checkOptions(options, ['folder', 'onNote', ...PG_BOSS_OPTIONS], { otherNames: OTHER_NAMES });
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
    data: DurableOrderData,
    delayMs: number,
    options: EnqueueOptions = {},
  ): Promise<'enqueued' | 'duplicate'> {
    if (options.tx !== undefined) {
      throw new WechatPayRequestError(
        'tx',
        'cannot reach the embedded database, which is its own; enqueue without, or use PostgresStore.',
      );
    }
    return super.enqueue(id, data, delayMs);
  }

  protected async connect(): Promise<Connection> {
    const { fromPglite } = await loadPeer('pg-boss', () => import('pg-boss'));
    const { pglite, close } = await openFolder(this.#folder, { onNote: this.#onNote });
    return { options: { db: fromPglite(pglite), backend: 'pglite' } satisfies ConstructorOptions, close };
  }
}

function writeNote(message: string): void {
  process.emitWarning(message, 'WechatPayDurableNote');
}
