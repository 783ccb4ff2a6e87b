import { join } from 'node:path';
import { EmbeddedAudit } from '../../history/embedded-audit.js';
import { sqlClaims } from './claims.js';
import type { Database } from './database.js';

/** A folder, for one process: there is nothing to crash but that. */
export function createEmbeddedDatabase(path: string): Database {
  const folder = join(path, 'orders');
  const audit = new EmbeddedAudit(folder);
  const nothing = (): Promise<void> => Promise.resolve();
  return {
    port: 0,
    storeOf: () => ({
      module: '../../../src/stores/embedded/embedded.js',
      className: 'EmbeddedStore',
      options: { folder, pollMs: 200 },
    }),
    audit,
    claims: sqlClaims((sql) => audit.query(sql)),
    crash: nothing,
    start: nothing,
    openOld: () =>
      Promise.reject(new Error('CHAOS_FAULTS: upgrade is not for the embedded store, which has one process.')),
    dispose: nothing,
  };
}
