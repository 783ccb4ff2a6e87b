import { checkWhole, wrong } from '../options.js';

/** How durable orders are kept in a PostgreSQL, whichever it is. */
export interface SqlStoreOptions {
  /**
   * The schema that holds the tables; made where it is missing, and migrated, under a lock. No word that SQL reserves. Durable orders
   * of one schema are worked on by the workers of that schema.
   *
   * @default 'wechatpay'
   */
  readonly schema?: string | undefined;
  /** pg-boss's queue in which earlier versions kept durable orders: what is in it is taken over. @default 'orders' */
  readonly queue?: string | undefined;
  /** For how long what is done or cancelled is kept, and a second durable order of its order refused. What is dead stays. @default 30 */
  readonly keepDays?: number | undefined;
  /** For how long journal entries are kept, and refunds, those for a year at least: 1 to 3650 days. @default 400 */
  readonly journalDays?: number | undefined;
  /** How often a worker with nothing to do looks for what is due: in milliseconds, 50 to 60000. @default 500 */
  readonly pollMs?: number | undefined;
  /**
   * Without a sign of life for so long, a worker has lost what it had: in milliseconds, whole seconds of 10000 to 3600000.
   *
   * @default 10000
   */
  readonly leaseMs?: number | undefined;
}

export const SQL_STORE_OPTIONS = ['schema', 'queue', 'keepDays', 'journalDays', 'pollMs', 'leaseMs'];
/** What the other stores, or earlier versions, call an option. */
export const OTHER_NAMES = { queue: 'queueName', leaseMs: 'leaseSeconds' };

/** With each default applied. pg-boss counts a lease in seconds. */
export interface Settings {
  readonly schema: string;
  readonly queue: string;
  readonly keepDays: number;
  readonly journalDays: number;
  readonly pollMs: number;
  readonly leaseSeconds: number;
}

/** @throws {WechatPayConfigError} an option that is out of range. */
export function resolveOptions(options: SqlStoreOptions): Settings {
  const {
    schema = 'wechatpay',
    queue = 'orders',
    keepDays = 30,
    journalDays = 400,
    pollMs = 500,
    leaseMs = 10_000,
  } = options;
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,49}$/.test(schema)) {
    throw wrong('schema', 'must be letters, digits and "_", at most 50.');
  }
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(queue)) throw wrong('queue', 'must be letters, digits, "_", "." and "-".');
  checkWhole('keepDays', keepDays, 1, 3650);
  checkWhole('journalDays', journalDays, 1, 3650);
  checkWhole('pollMs', pollMs, 50, 60_000);
  checkWhole('leaseMs', leaseMs, 10_000, 3_600_000);
  if (leaseMs % 1000 !== 0) throw wrong('leaseMs', 'must be whole seconds, as in 15000.');
  return { schema, queue, keepDays, journalDays, pollMs, leaseSeconds: leaseMs / 1000 };
}
