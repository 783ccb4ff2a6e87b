import { statementDay } from 'wechatpay-core';
import type { ReconciliationKey, ReconciliationPeriod, ReconciliationStore } from '../store.js';
import type { RedisDatabase } from './redis-database.js';
import { CLAIM_DAY, GET_DAY, PUT_DAY, RELEASE_DAY, RENEW_DAY } from './redis-scripts.js';

/** Reconciliations, each a text of its own; a claim is one that expires. */
export class RedisReconciliations implements ReconciliationStore {
  readonly #database: () => RedisDatabase;
  readonly #keepDays: number;
  readonly orderDays: number;

  /** @param database gives it, or throws where the store is not open. */
  constructor(
    database: () => RedisDatabase,
    { keepDays, orderDays }: { readonly keepDays: number; readonly orderDays: number },
  ) {
    this.#database = database;
    this.#keepDays = keepDays;
    this.orderDays = orderDays;
  }

  async put(key: ReconciliationKey, owner: string, data: object): Promise<boolean> {
    const args = [nameOf(key), owner, JSON.stringify(data), this.#keepDays * DAY_MS];
    return (await this.#database().write(PUT_DAY, ...args)) === 1;
  }

  async get(key: ReconciliationKey): Promise<object | undefined> {
    const json = await this.#database().run(GET_DAY, nameOf(key));
    return typeof json === 'string' ? (JSON.parse(json) as object) : undefined;
  }

  async list({ from, to, ...of }: ReconciliationPeriod): Promise<object[]> {
    const found = await Promise.all(daysFrom(from, to).map((date) => this.get({ ...of, date })));
    return found.filter((day) => day !== undefined);
  }

  async claim(key: ReconciliationKey, owner: string, leaseMs: number): Promise<boolean> {
    return (await this.#database().write(CLAIM_DAY, nameOf(key), owner, Math.ceil(leaseMs))) === 1;
  }

  async renew(key: ReconciliationKey, owner: string, leaseMs: number): Promise<boolean> {
    return (await this.#database().write(RENEW_DAY, nameOf(key), owner, Math.ceil(leaseMs))) === 1;
  }

  async release(key: ReconciliationKey, owner: string): Promise<void> {
    await this.#database().write(RELEASE_DAY, nameOf(key), owner);
  }
}

const DAY_MS = 24 * 60 * 60_000;

function nameOf({ merchantId, subMerchantId, date }: ReconciliationKey): string {
  return `${date}:${merchantId}:${subMerchantId}`;
}

function daysFrom(from: string, to: string): string[] {
  const days: string[] = [];
  for (let day = statementDay(from); day.date <= to; day = statementDay(day.until)) days.push(day.date);
  return days;
}
