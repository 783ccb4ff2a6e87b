import { PGlite } from '@electric-sql/pglite';
import { fromPglite } from 'pg-boss';
import { PgBossEngine, type Connection, type PgBossEngineOptions } from '../src/pg-boss-engine.js';

let pglite: Promise<PGlite> | undefined;
let queues = 0;

/** An engine of its own for each test, on one database for all: making one takes more than a second. */
export class SharedEngine extends PgBossEngine {
  constructor(options: PgBossEngineOptions = {}) {
    super({ queue: `queue-${(queues += 1)}`, pollMs: 50, ...options });
  }

  protected async connect(): Promise<Connection> {
    pglite ??= PGlite.create();
    return { options: { db: fromPglite(await pglite), backend: 'pglite' }, close: () => Promise.resolve() };
  }
}
