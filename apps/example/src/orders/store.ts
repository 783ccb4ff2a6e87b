import { fileURLToPath } from 'node:url';
import { Logger } from '@nestjs/common';
import type { OrderStore } from 'wechatpay-durable';
import { SettingError } from '../settings.js';

/** Where orders are written down before they are charged. */
export interface Store {
  readonly store: OrderStore;
  /** In words, without a password. */
  readonly place: string;
}

const MEMORY = 'memory://';
const FOLDER = fileURLToPath(new URL('../../data', import.meta.url));

/** The folder in which all is kept; undefined where a database or the memory is what keeps the orders. */
export function dataFolder(): string | undefined {
  const { DATABASE_URL, DATA_DIR } = process.env;
  if (DATABASE_URL || DATA_DIR === MEMORY) return undefined;
  return DATA_DIR === undefined || DATA_DIR === '' ? FOLDER : DATA_DIR;
}

/** PostgreSQL where DATABASE_URL is set; else a database inside this process, in the folder DATA_DIR; `memory://` keeps nothing. */
export async function chooseStore(): Promise<Store> {
  // Each is loaded only where it is used, so that an install can leave the other out.
  const { DATABASE_URL: connectionString } = process.env;
  if (connectionString) {
    const { PostgresStore } = await import('wechatpay-durable/postgres');
    return { store: new PostgresStore({ connectionString }), place: 'the database of DATABASE_URL' };
  }
  const folder = dataFolder();
  if (folder === undefined) {
    const { MemoryStore } = await import('wechatpay-durable/memory');
    return { store: new MemoryStore(), place: 'the memory of this process, which ends with it' };
  }
  const { EmbeddedStore } = await import('wechatpay-durable/embedded');
  const onNote = (message: string, level: 'log' | 'warn'): void => {
    if (level === 'warn') new Logger('Store').warn(message);
  };
  return { store: new EmbeddedStore({ folder, onNote }), place: folder };
}

/**
 * Opens it before anything else does, so that what is wrong with it is told in its own words.
 *
 * @throws {SettingError} a database that cannot be reached, a folder that another process has.
 */
export async function openStore({ store }: Store): Promise<void> {
  await store.open().catch((error: unknown) => {
    const { message, code = '' } = error as NodeJS.ErrnoException;
    const setting = process.env.DATABASE_URL ? 'DATABASE_URL' : 'DATA_DIR';
    // Several addresses that all refuse are an error without a message.
    throw new SettingError(`${setting}: ${message === '' ? code : message}`);
  });
}
