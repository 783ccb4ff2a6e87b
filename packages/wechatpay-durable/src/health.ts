import {
  findUnknownProperty,
  WechatPayConfigError,
  worstHealth,
  type HealthFinding,
  type HealthStatus,
} from 'wechatpay-core';
import { countsInTime, STORE_TIMEOUT_MS } from './counts-in-time.js';
import type { DurableOrders } from './durable-orders.js';
import { standingsOf } from './reconcile/standings.js';
import type { DurableOrderCounts } from './stores/store.js';
import { MAX_CLOCK_SKEW_MS } from './stores/options.js';

export type DurableHealthCode =
  | 'store-unreachable'
  | 'dead-orders'
  | 'orders-late'
  | 'merchant-problem'
  | 'merchant-paused'
  | 'clock-skew'
  | 'day-not-reconciled'
  | 'differences';

/** How durable orders are: plain data, for a health check of any framework. */
export interface DurableHealth {
  /** The worst of `findings`; `up` where there is none. */
  readonly status: HealthStatus;
  /** Absent where the store cannot be asked. */
  readonly counts?: DurableOrderCounts;
  readonly findings: readonly HealthFinding<DurableHealthCode>[];
}

export interface DurableHealthRules {
  /** More dead orders and refunds than this are `degraded`. @default 0 */
  readonly maxDead?: number | undefined;
  /** An order whose next step is overdue for longer is `degraded`, in milliseconds. @default 60000 */
  readonly maxLateMs?: number | undefined;
  /** A store that gives no counts for so long does not answer, in milliseconds. Less than your probe waits. @default 3000 */
  readonly storeTimeoutMs?: number | undefined;
}

const RULES = ['maxDead', 'maxLateMs', 'storeTimeoutMs'];
/** The longest that a timer can wait. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * Says how durable orders are, by rules. It asks the store for its counts, and never throws for what that answers.
 *
 * | code | status | when |
 * | --- | --- | --- |
 * | `store-unreachable` | `down` | the store fails, or does not answer within `storeTimeoutMs`: nothing can be charged |
 * | `dead-orders` | `degraded` | orders or refunds need a person |
 * | `orders-late` | `degraded` | steps are overdue by more than `maxLateMs`: no worker runs, or too few |
 * | `merchant-problem` | `degraded` | calls of a merchant fail in the same way, in this process |
 * | `merchant-paused` | `degraded` | the orders of a merchant are held back, in this process |
 * | `clock-skew` | `degraded` | a client's clock is more than 5 s from the store's |
 * | `day-not-reconciled` | `degraded` | a day's statement is not reconciled by 14:00 of the next in Beijing |
 * | `differences` | `degraded` | a reconciled day has differences that need a person, and nobody has acknowledged them |
 *
 * @throws {WechatPayConfigError} a rule that is unknown, or no number.
 * @example const { status, findings } = await durableHealth(durableOrders);
 */
export async function durableHealth(
  durableOrders: DurableOrders,
  rules: DurableHealthRules = {},
): Promise<DurableHealth> {
  const unknown = findUnknownProperty(rules, RULES);
  if (unknown) throw new WechatPayConfigError(unknown.name, unknown.problem);
  const { maxDead = 0, maxLateMs = 60_000, storeTimeoutMs = STORE_TIMEOUT_MS } = rules;
  for (const [name, value] of Object.entries({ maxDead, maxLateMs, storeTimeoutMs })) {
    if (!(value >= 0)) throw new WechatPayConfigError(name, 'must be a number, 0 or more.');
  }
  if (storeTimeoutMs > MAX_TIMEOUT_MS) {
    throw new WechatPayConfigError('storeTimeoutMs', `must be at most ${MAX_TIMEOUT_MS}: no timer waits longer.`);
  }
  const counts = await countsInTime(durableOrders, storeTimeoutMs);
  const findings = [
    ...findingsOf(counts, { maxDead, maxLateMs }),
    ...findingsHere(durableOrders),
    ...(counts ? await findingsOfDays(durableOrders) : []),
  ];
  return { status: worstHealth(findings), ...(counts && { counts }), findings };
}

type Finding = HealthFinding<DurableHealthCode>;

function findingsOf(
  counts: DurableOrderCounts | undefined,
  { maxDead, maxLateMs }: { readonly maxDead: number; readonly maxLateMs: number },
): Finding[] {
  if (!counts) {
    const message = 'The store does not answer: nothing can be charged, and no order is worked on. Check the database.';
    return [{ code: 'store-unreachable', status: 'down', message }];
  }
  const { dead, lateMs } = counts;
  const findings: Finding[] = [];
  if (dead > maxDead) {
    const message = `${dead} orders or refunds need a person: \`dead\` lists them, \`redrive\` sets one going again.`;
    findings.push({ code: 'dead-orders', status: 'degraded', message });
  }
  if (lateMs > maxLateMs) {
    const late = Math.round(lateMs / 1000);
    const message = `A step is overdue by ${late} s: no worker runs, or too few. Start one, or raise \`concurrency\`.`;
    findings.push({ code: 'orders-late', status: 'degraded', message });
  }
  return findings;
}

/** What the statements say, as of the last minute. */
async function findingsOfDays(durableOrders: DurableOrders): Promise<Finding[]> {
  const standings = await standingsOf(durableOrders);
  return standings.flatMap(({ merchantId, lateDays, forPerson, daysForPerson }) => {
    const findings: Finding[] = [];
    if (lateDays.length > 0) {
      const message = `Merchant ${merchantId}: the statements of ${lateDays.join(', ')} are not reconciled. Call \`reconcile\` for each, or \`acknowledgeDay\` where a person has dealt with it.`;
      findings.push({ code: 'day-not-reconciled', status: 'degraded', message });
    }
    if (forPerson > 0) {
      const message =
        `Merchant ${merchantId}: ${forPerson} differences of ${daysForPerson.join(', ')} need a person: ` +
        '`reconciliation` lists them, `acknowledge` notes what is dealt with.';
      findings.push({ code: 'differences', status: 'degraded', message });
    }
    return findings;
  });
}

/** What this process knows by itself. */
function findingsHere(durableOrders: DurableOrders): Finding[] {
  const problems = durableOrders.merchantProblems().map(({ merchantId, code, operations, failures }): Finding => {
    const message = `Merchant ${merchantId}: the last ${failures} calls (${operations.join(', ')}) failed with ${code}.`;
    return { code: 'merchant-problem', status: 'degraded', message };
  });
  const pauses = durableOrders.merchantPauses().map(({ merchantId, code, operation, held }): Finding => {
    const message = `Merchant ${merchantId}: ${held} orders are held back, since ${operation} fails with ${code}.`;
    return { code: 'merchant-paused', status: 'degraded', message };
  });
  const skews = durableOrders
    .clockSkews()
    .filter(({ skewMs }) => Math.abs(skewMs) > MAX_CLOCK_SKEW_MS)
    .map(({ merchantId, skewMs }): Finding => {
      const message = `The clock of merchant ${merchantId}'s client is ${(skewMs / 1000).toFixed(1)} s from the store's: set both by NTP.`;
      return { code: 'clock-skew', status: 'degraded', message };
    });
  return [...problems, ...pauses, ...skews];
}
