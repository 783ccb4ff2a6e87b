import { Inject, Injectable } from '@nestjs/common';
import type { HealthStatus } from 'wechatpay-core';
import {
  durableHealth,
  DurableOrders,
  type DurableHealth,
  type DurableHealthCode,
  type DurableHealthRules,
  type DurableOrderCounts,
} from 'wechatpay-durable';
import { told } from './wechatpay.health.js';

/** What @nestjs/terminus takes from a health indicator, under the key that was asked for. */
export type WechatPayDurableHealth<Key extends string> = Record<
  Key,
  {
    /** `degraded`: it works, and somebody has to look. Terminus answers it with 200. */
    status: HealthStatus;
    /** ISO 8601: of those that wait or are active, the one that was enqueued first. */
    oldestOpenAt?: string;
    /** Which rules do not hold: those of wechatpay-durable's `durableHealth`. */
    findings?: DurableHealthCode[];
    /** What is wrong, and what to do. */
    message?: string;
  } & Partial<Omit<DurableOrderCounts, 'oldestOpenAt'>>
>;

/**
 * Health of durable orders, in the shape of a @nestjs/terminus indicator, by the rules of wechatpay-durable's `durableHealth`: down where the store does
 * not answer, degraded where orders need a person, are late, or fail for a merchant.
 *
 * For readiness, and not for liveness: a process is not better for being restarted while its database is away.
 *
 * @example
 * health.check([() => wechatPay.isHealthy(), () => durableOrders.isHealthy()])
 */
@Injectable()
export class WechatPayDurableHealthIndicator {
  readonly #durableOrders: DurableOrders;
  #last: { readonly at: number; readonly by: string; readonly health: Promise<DurableHealth> } | undefined;

  constructor(@Inject(DurableOrders) durableOrders: DurableOrders) {
    this.#durableOrders = durableOrders;
  }

  /**
   * How the durable orders are.
   *
   * @param key the name under which the result is reported.
   * @param options `maxDead`, `maxLateMs` and `storeTimeoutMs` of `durableHealth`. `maxAgeMs`: for how long an answer holds, so
   *   that probes do not become counts of the whole store; default 5 s.
   * @returns the state; nothing that the store answers is thrown.
   * @throws {WechatPayConfigError} a rule that is unknown or invalid.
   * @example health.check([() => durableOrders.isHealthy('durableOrders', { maxLateMs: 300_000 })])
   */
  async isHealthy<Key extends string = 'durableOrders'>(
    key: Key = 'durableOrders' as Key,
    { maxAgeMs = 5_000, ...rules }: DurableHealthRules & { readonly maxAgeMs?: number } = {},
  ): Promise<WechatPayDurableHealth<Key>> {
    const [at, by] = [performance.now(), JSON.stringify(rules)];
    if (!this.#last || this.#last.by !== by || at - this.#last.at >= maxAgeMs) {
      this.#last = { at, by, health: durableHealth(this.#durableOrders, rules) };
    }
    const { status, counts: { oldestOpenAt, ...counts } = {}, findings } = await this.#last.health;
    return {
      [key]: {
        status,
        ...counts,
        ...(oldestOpenAt && { oldestOpenAt: oldestOpenAt.toISOString() }),
        ...told(findings),
      },
    } as WechatPayDurableHealth<Key>;
  }
}
