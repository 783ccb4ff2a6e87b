import { statementDay, WechatPayRequestError, type ResolutionState, type StatementDay } from 'wechatpay-core';
import { readClock } from '../clocks.js';
import { readProperties } from '../intent.js';
import type { Orders } from '../orders.js';
import { daysAfter, daysFrom, readOwner, reconciliationsOf, type StatementOwner } from './days.js';
import { readLateDays, type LateDays, type ReconciliationOwner } from './late-days.js';
import { summaryOf, type Reconciliation, type ReconciliationSummary } from './reconciliation.js';

/** WeChat Pay keeps statements for three months. */
const KEPT_DAYS = 90;
/** Without `since`, the first day that is reconciled is at most so many days before the last. */
const WANTED_DAYS = 7;
/** From the end of a day on: WeChat Pay asks to fetch its statement after 10:00 of the next day in Beijing. */
const READY_AFTER_MS = (10 * 60 + 15) * 60_000;
/** A day that is not reconciled by then, from its end on, is late: 14:00 in Beijing. */
const LATE_AFTER_MS = 14 * 60 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/** How the reconciliation of a merchant stands. */
export interface ReconciliationHealth {
  readonly merchantId: string;
  readonly subMerchantId?: string;
  /** The last day that is reconciled, as in `20260301`; absent where none is. */
  readonly lastDay?: string;
  /**
   * Days that are not reconciled although it is past 14:00 of the next day in Beijing, the earliest first: alarm on these. Also those that
   * cannot be any more, since their orders are gone, until `acknowledgeDay` says that a person has dealt with them.
   */
  readonly lateDays: readonly string[];
  /** Differences of the last 90 days that WeChat Pay is asked for, or that the statements of the next days are looked through for. */
  readonly open: number;
  /** Differences that need a person, and that nobody has acknowledged: alarm on these. */
  readonly forPerson: number;
  /** The days that have such, the earliest first. */
  readonly daysForPerson: readonly string[];
}

/** Which days, both included. */
export interface ReconciliationsRequest extends StatementOwner {
  /** As `date` of `reconcile`. @default 90 days before `to` */
  readonly from?: string | Date | undefined;
  /** As `date` of `reconcile`. @default today, in Beijing */
  readonly to?: string | Date | undefined;
}

/** What `DurableOrders.reconciliations` does. */
export async function listReconciliations(
  orders: Orders,
  given: ReconciliationsRequest,
): Promise<ReconciliationSummary[]> {
  const { from, to, ...rest } = readProperties('request', given, ['from', 'to', 'merchantId', 'subMerchantId']);
  const owner = await readOwner(orders, rest);
  const last = statementDay(to ?? new Date(readClock(await orders.clientOf(owner.merchantId)))).date;
  const first = from === undefined ? daysAfter(last, -KEPT_DAYS) : statementDay(from).date;
  if (first > last) throw new WechatPayRequestError('from', 'must be no later than `to`.');
  const days = (await reconciliationsOf(orders).list({ ...owner, from: first, to: last })) as Reconciliation[];
  return days.map(summaryOf);
}

/** What `DurableOrders.reconciliationHealth` does. */
export async function healthOf(
  orders: Orders,
  given: StatementOwner,
  daily: { readonly since?: string | Date | undefined } | undefined,
): Promise<ReconciliationHealth> {
  const owner = await readOwner(orders, given);
  const { merchantId, subMerchantId } = owner;
  const { known, late, noted } = await standingOf(orders, owner, daily?.since);
  const isWanted = daily !== undefined || known.length > 0 || noted !== undefined;
  const days = known.map(summaryOf);
  const sum = (of: 'asking' | 'carried' | 'forPerson'): number => days.reduce((total, day) => total + day[of], 0);
  const lastDay = days.at(-1)?.date;
  return {
    merchantId,
    ...(subMerchantId !== '' && { subMerchantId }),
    ...(lastDay !== undefined && { lastDay }),
    lateDays: isWanted ? late : [],
    open: sum('asking') + sum('carried'),
    forPerson: sum('forPerson'),
    daysForPerson: days.filter(({ forPerson }) => forPerson > 0).map(({ date }) => date),
  };
}

/** The days that are reconciled, and those that could be. */
export interface ReconciliationStanding {
  readonly now: number;
  /** The last day whose statement should be there. */
  readonly last: string;
  /** The earliest that WeChat Pay may still have. */
  readonly first: string;
  readonly known: readonly Reconciliation[];
  /** Those that are to be reconciled. */
  readonly missing: readonly string[];
  /** Those that are late, and that no person has dealt with. */
  readonly late: readonly string[];
  /** What is stored of those that are late. */
  readonly noted: LateDays | undefined;
}

/**
 * How far the days of a merchant are reconciled.
 *
 * @param since the first day to be; where none is given, the first that is, or else that of the oldest order, at most a week back.
 */
export async function standingOf(
  orders: Orders,
  owner: ReconciliationOwner,
  since: string | Date | undefined,
): Promise<ReconciliationStanding> {
  const reconciliations = reconciliationsOf(orders);
  const { now, last } = await readyDay(orders, owner.merchantId);
  const first = daysAfter(last, -KEPT_DAYS);
  const known = (await reconciliations.list({ ...owner, from: first, to: last })) as Reconciliation[];
  const wanted =
    since === undefined
      ? (known[0]?.date ?? (await firstWanted(orders, owner.merchantId, last)))
      : statementDay(since).date;
  const isKnown = new Set(known.map(({ date }) => date));
  const noted = await readLateDays(reconciliations, owner);
  const days = noted?.days ?? [];
  // A day that was told as late is tried on, also where none that is wanted now comes before it.
  const all = new Set([...daysFrom(wanted < first ? first : wanted, last), ...days.map(({ date }) => date)]);
  const lacking = [...all].filter((date) => date >= first && !isKnown.has(date)).sort();
  const areKept = (date: string): boolean => areOrdersKept(statementDay(date), reconciliations.orderDays, now);
  const missing = lacking.filter(areKept);
  const late = new Set(missing.filter((date) => isLate(date, now)));
  // Of those whose orders are gone: what was told as late, or comes after one that is reconciled. Before that, nobody expected them.
  for (const date of lacking) if (known[0] && date > known[0].date && isLate(date, now)) late.add(date);
  for (const { date } of days) {
    const isReconciled = date < first ? await reconciliations.get({ ...owner, date }) : isKnown.has(date);
    if (!isReconciled) late.add(date);
  }
  for (const { date, acknowledged } of days) if (acknowledged) late.delete(date);
  return { now, first, last, known, missing, late: [...late].sort(), noted };
}

/** Where nothing is reconciled yet: a day that fails from the beginning must not be forgotten for the next one. */
async function firstWanted({ store }: Orders, merchantId: string, last: string): Promise<string> {
  const [oldest] = await store.list({ merchantId, limit: 1 });
  // An order may be stored on a later day than that on which it was made: its own day is the one that it is claimed for.
  const { orderCreatedAt = Infinity } = Object(oldest?.state) as Partial<ResolutionState>;
  const first = oldest ? statementDay(new Date(Math.min(oldest.createdAt.getTime(), orderCreatedAt))).date : last;
  const weekBefore = daysAfter(last, -WANTED_DAYS);
  return [first < weekBefore ? weekBefore : first, last].sort()[0] ?? last;
}

/** The last day whose statement should be there. */
export async function readyDay(
  orders: Orders,
  merchantId: string,
): Promise<Pick<ReconciliationStanding, 'now' | 'last'>> {
  const now = readClock(await orders.clientOf(merchantId));
  return { now, last: statementDay(new Date(now - READY_AFTER_MS - DAY_MS)).date };
}

/** Of a day whose orders are gone, each row would be about none. */
export function areOrdersKept({ from }: StatementDay, orderDays: number | undefined, now: number): boolean {
  return orderDays === undefined || from.getTime() >= now - orderDays * DAY_MS;
}

export function isLate(date: string, now: number): boolean {
  return now >= statementDay(date).until.getTime() + LATE_AFTER_MS;
}
