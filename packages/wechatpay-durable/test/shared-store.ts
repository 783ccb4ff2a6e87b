import { PGlite } from '@electric-sql/pglite';
import { fromPglite } from 'pg-boss';
import { type PgBossStoreOptions } from '../src/stores/postgres/pg-boss-options.js';
import { PgBossStore, type Connection } from '../src/stores/postgres/pg-boss-store.js';

let pglite: Promise<PGlite> | undefined;
let queues = 0;

/** A store of its own for each test, on one database for all: making one takes more than a second. */
export class SharedStore extends PgBossStore {
  constructor(options: PgBossStoreOptions = {}) {
    super({ queue: `queue-${(queues += 1)}`, pollMs: 50, ...options });
  }

  protected async connect(): Promise<Connection> {
    pglite ??= PGlite.create();
    return { options: { db: fromPglite(await pglite), backend: 'pglite' }, close: () => Promise.resolve() };
  }
}
