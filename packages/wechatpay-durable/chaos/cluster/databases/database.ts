import type { DurableOrderData, OrderStore } from '../../../src/index.js';
import type { Audit } from '../../history/audit.js';
import type { Claims } from './claims.js';

/** How a process opens its store: plain JSON. */
export interface StoreSettings {
  /** Beside this file. */
  readonly module: string;
  readonly className: string;
  readonly options: object;
}

type Role = 'worker' | 'cashier' | 'observer';

/** Where the durable orders are, and what may happen to it. */
export interface Database {
  /** Of the server. */
  readonly port: number;
  /** @param name of the process: whatever it changes is the audit's to tell. @param port where it reaches the server. */
  readonly storeOf: (name: string, role: Role, port?: number) => StoreSettings;
  readonly audit: Audit;
  readonly claims: Claims;
  /** Dies at once: nothing is written any more. */
  readonly crash: () => Promise<void>;
  /** On the data of before. */
  readonly start: () => Promise<void>;
  /** A process of the release before, on the same data: made before any other process starts. */
  readonly openOld: () => Promise<OldVersion>;
  readonly dispose: () => Promise<void>;
}

/** A process of the release before, for which a job of a queue was the order. */
export interface OldVersion {
  /** Stores an order, so long ago that no payment is looked for any more. */
  readonly enqueue: (id: string, data: DurableOrderData) => Promise<void>;
  /** How many are not taken over yet. */
  readonly countLeft: () => Promise<number>;
  readonly close: () => Promise<void>;
}

/** What is old enough to be taken over, in milliseconds. */
export const OLD_MS = 150_000;

export async function openStore({ module, className, options }: StoreSettings): Promise<OrderStore> {
  const classes = (await import(module)) as Record<string, new (options: object) => OrderStore>;
  const Store = classes[className];
  if (!Store) throw new Error(`${module} has no ${className}.`);
  return new Store(options);
}
