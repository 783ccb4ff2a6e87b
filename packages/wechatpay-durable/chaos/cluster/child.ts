import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { WechatPayClient, type WechatPayConfig } from 'wechatpay-core';
import { DurableOrders, type DurableOrdersOptions } from '../../src/index.js';
import { PostgresStore } from '../../src/stores/postgres/postgres.js';

/** What a child of the test is told, in a file. */
export interface ChildSettings {
  /** Where it writes down what it did: whatever is there when it is killed was done. */
  readonly log: string;
  readonly connectionString: string;
  /** All processes share a clock: when it began to go fast, and how fast it goes. */
  readonly epoch: number;
  readonly speed: number;
  readonly merchants: readonly Omit<WechatPayConfig, 'now'>[];
}

// Whoever is in charge is gone: nothing is left behind.
process.once('disconnect', () => process.exit());

const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ChildSettings;

/** Appends a line, and returns once it is written. */
export function log(line: object): void {
  appendFileSync(settings.log, `${JSON.stringify({ at: Date.now(), ...line })}\n`);
}

/** Tries until the database is there. */
export async function open(
  { work }: { work: boolean },
  options: Partial<DurableOrdersOptions> = {},
): Promise<DurableOrders> {
  const { connectionString, epoch, speed, merchants } = settings;
  const now = (): number => epoch + (Date.now() - epoch) * speed;
  const durableOrders = new DurableOrders({
    store: new PostgresStore({ connectionString, poolSize: work ? 4 : 8, pollMs: 200 }),
    clients: merchants.map((merchant) => new WechatPayClient({ ...merchant, now })),
    speed,
    ...options,
  });
  for (;;) {
    try {
      await durableOrders.start({ work });
      return durableOrders;
    } catch {
      await sleep(200);
    }
  }
}

export function tell(message: object): void {
  process.send?.(message, undefined, undefined, () => undefined);
}
