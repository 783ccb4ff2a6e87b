import { EmbeddedStore } from '../../src/stores/embedded/embedded.js';
import { openFolder } from '../../src/stores/embedded/embedded-folder.js';
import { AUDIT_SQL, CHANGES_SQL, toChanges } from './audit-sql.js';
import type { Audit, Change, RefundChange } from './audit.js';

/** Of a folder, by the trigger of PostgreSQL: it is read while no process has the folder. Which process it was follows from the time. */
export class EmbeddedAudit implements Audit {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async begin(): Promise<void> {
    const store = new EmbeddedStore({ folder: this.#folder, onNote: () => undefined });
    await store.open();
    await store.close();
    await this.#run(AUDIT_SQL.split(/;\n(?=CREATE)/));
  }

  async changes(): Promise<(Change | RefundChange)[]> {
    return toChanges(await this.#run([CHANGES_SQL]));
  }

  activeOrders(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** While no process has the folder. */
  query(sql: string): Promise<unknown[]> {
    return this.#run([sql]);
  }

  async #run(statements: readonly string[]): Promise<unknown[]> {
    const { pglite, close } = await openFolder(this.#folder, { onNote: () => undefined });
    try {
      let rows: unknown[] = [];
      for (const statement of statements) ({ rows } = await pglite.executeSql(statement));
      return rows;
    } finally {
      await close();
    }
  }
}
