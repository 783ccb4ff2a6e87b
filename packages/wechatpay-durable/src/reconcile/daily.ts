// Over 250 lines, as one idea: which days are due, and what is told of them, is one decision over what is stored.
import { randomUUID } from 'node:crypto';
import { statementDay, WechatPayConfigError, type WechatPayClient } from 'wechatpay-core';
import { DurableOrdersError, isDurableOrdersError, toStoreError, type DurableOrdersErrorCode } from '../errors.js';
import { publish } from '../events.js';
import type { Orders } from '../orders.js';
import { checkOptions } from '../stores/options.js';
import { ASKED_DAYS, isOverOf } from './carry-over.js';
import { daysAfter, reconciliationsOf } from './days.js';
import { areOrdersKept, isLate, readyDay, standingOf, type ReconciliationStanding } from './health.js';
import { noteLateDays, type ReconciliationOwner } from './late-days.js';
import { reconcileDay } from './reconcile.js';
import { summaryOf, type Reconciliation, type ReconciliationSummary } from './reconciliation.js';
import { areToBeTold } from './told-differences.js';

/** How the days are reconciled by themselves. */
export interface DailyReconciliation {
  /**
   * The first day of Beijing to be reconciled, at most 90 days back, and no further than orders are kept: `20260301`, `2026-03-01`, or a
   * Date.
   *
   * @default the first that is not reconciled after one that is; where none is, that of the oldest order that is kept, at most a week back
   */
  readonly since?: string | Date | undefined;
  /**
   * Whose days: `mch_id` of each merchant.
   *
   * @default all clients; of a `MerchantRegistry`, those that this process has used lately: name them, or a merchant without an order since it
   *   was started is left out
   */
  readonly merchantIds?: readonly string[] | undefined;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const CHECK_EVERY_MS = MINUTE_MS;
/** Whoever tries a day keeps the others from it for so long, also where it fails. */
const TRY_AGAIN_MS = 30 * MINUTE_MS;
/** A day with open questions is gone through again; one that is older than a week once a day, as long as its orders are kept. */
const ASK_AGAIN_MS = 60 * MINUTE_MS;
/** Whoever has tried tells that a day is late, and why; so long after it was seen, anybody does: that one may have died of it. */
const TELL_ANYHOW_MS = 60 * MINUTE_MS;
/** An order of a day that is carried over has to be there when it is given up. */
const LEAST_ORDER_DAYS = ASKED_DAYS + 1;
/** What stays so is told again after so long: whoever told it first may have had no listener, or died. */
const TELL_AGAIN_MS = DAY_MS;

/** Has each day reconciled by one of the workers, whichever comes first, and tells what a person has to know. */
export class DailyReconciler {
  readonly #orders: Orders;
  readonly since: string | Date | undefined;
  readonly #merchantIds: readonly string[] | undefined;
  /** By merchant, when nothing was left to do. */
  readonly #idleSince = new Map<string, { readonly last: string; readonly at: number }>();
  /** Why a day failed here. */
  readonly #failures = new Map<string, Error>();
  /** What was told, here or elsewhere, and when. */
  readonly #told = new Map<string, number>();
  /** Days that were reconciled by {@link once}. */
  readonly #done: ReconciliationSummary[] = [];
  #timer: NodeJS.Timeout | undefined;
  #stopping = new AbortController();
  #checking: Promise<void> | undefined;

  constructor(orders: Orders, { since, merchantIds }: DailyReconciliation) {
    this.#orders = orders;
    this.since = since;
    this.#merchantIds = merchantIds && [...merchantIds];
  }

  /** Whose days. */
  get merchantIds(): readonly string[] {
    return this.#merchantIds ?? this.#orders.clients.all().map(({ merchantId }) => merchantId);
  }

  start(): void {
    if (this.#stopping.signal.aborted) this.#stopping = new AbortController();
    this.#timer = setInterval(
      () => {
        this.#check();
      },
      this.#orders.delay(CHECK_EVERY_MS, 0),
    );
    this.#timer.unref();
    this.#check();
  }

  /** Does what is due. @returns the days that were reconciled. */
  async once(signal: AbortSignal | undefined): Promise<ReconciliationSummary[]> {
    const stop = (): void => {
      this.#stopping.abort(signal?.reason);
    };
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await this.#checkAll();
      return this.#done.splice(0);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** Waits for the day that it is at. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#checking;
  }

  #check(): void {
    this.#checking ??= this.#checkAll().finally(() => {
      this.#checking = undefined;
    });
  }

  async #checkAll(): Promise<void> {
    for (const merchantId of this.merchantIds) {
      if (this.#stopping.signal.aborted) return;
      try {
        await this.#checkMerchant(await this.#orders.clientOf(merchantId));
      } catch (error) {
        publish({ kind: 'problem', error: toStoreError(error) });
      }
    }
  }

  async #checkMerchant(client: WechatPayClient): Promise<void> {
    const { merchantId, subMerchantId = '' } = client;
    const standing = await this.#standingOf(client);
    if (!standing) return;
    const { missing, known, last, now } = standing;
    const reconciliations = reconciliationsOf(this.#orders);
    const { orderDays } = reconciliations;
    const days = new Set(known.map(({ date }) => date));
    const isUnanswered = (day: Reconciliation): boolean => summaryOf(day).asking > 0;
    // Its last statement is done, or was waited for, and what it lacks was not given up: that was before it, or broke off.
    const isLeftOver = ({ date, ...day }: Reconciliation): boolean =>
      day.differences.some(({ status }) => status === 'carried') && isOverOf(date, days, now);
    const open = known.filter(
      (day) => areOrdersKept(statementDay(day.date), orderDays, now) && (isUnanswered(day) || isLeftOver(day)),
    );
    const isOld = (date: string): boolean => date < daysAfter(last, -ASKED_DAYS);
    for (const day of missing) await this.#reconcile(client, day, TRY_AGAIN_MS);
    for (const { date } of open) await this.#reconcile(client, date, isOld(date) ? DAY_MS : ASK_AGAIN_MS);
    const owner = { merchantId, subMerchantId };
    // What was reconciled just now is late no more, and may have other differences.
    const isChanged = missing.length + open.length > 0;
    const left = isChanged ? await standingOf(this.#orders, owner, this.since) : standing;
    await noteLateDays(reconciliations, owner, left).catch(unlessElsewhere);
    for (const date of left.late) await this.#tellLate(owner, date, left);
    for (const day of left.known) if (isLate(day.date, now)) await this.#tellOpen(owner, day, now);
    if (left.missing.length === 0) this.#idleSince.set(merchantId, { last, at: now });
  }

  /** Undefined as long as nothing can have changed. */
  async #standingOf({ merchantId, subMerchantId = '' }: WechatPayClient): Promise<ReconciliationStanding | undefined> {
    const idle = this.#idleSince.get(merchantId);
    if (idle) {
      const { now, last } = await readyDay(this.#orders, merchantId);
      if (last === idle.last && now - idle.at < ASK_AGAIN_MS) return undefined;
    }
    return standingOf(this.#orders, { merchantId, subMerchantId }, this.since);
  }

  async #reconcile({ merchantId, subMerchantId = '' }: WechatPayClient, date: string, againMs: number): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted || !(await this.#isFirst({ merchantId, subMerchantId }, `daily-${date}`, againMs))) return;
    const name = `${merchantId} ${date}`;
    try {
      const day = await reconcileDay(this.#orders, { date, merchantId }, { signal });
      if (!this.#timer) this.#done.push(summaryOf(day));
      this.#failures.delete(name);
    } catch (error) {
      this.#failures.set(name, error as Error);
    }
  }

  /** Whether this worker is the first to do something, of a day, for a while. */
  #isFirst(owner: ReconciliationOwner, date: string, forMs: number): Promise<boolean> {
    return reconciliationsOf(this.#orders).claim({ ...owner, date }, randomUUID(), this.#orders.delay(forMs, 0));
  }

  async #isFirstToTell(owner: ReconciliationOwner, what: string, forMs: number, now: number): Promise<boolean> {
    const name = `${owner.merchantId} ${what}`;
    const last = this.#told.get(name);
    if (last !== undefined && now - last < forMs) return false;
    this.#told.set(name, now);
    return this.#isFirst(owner, what, forMs);
  }

  /** Once a day. */
  async #tellLate(
    owner: ReconciliationOwner,
    date: string,
    { missing, noted, now }: ReconciliationStanding,
  ): Promise<void> {
    const cause = this.#failures.get(`${owner.merchantId} ${date}`);
    const { at = now } = noted?.days.find((day) => day.date === date) ?? {};
    if (!cause && now - at < TELL_ANYHOW_MS) return;
    if (!(await this.#isFirstToTell(owner, `late-${date}`, TELL_AGAIN_MS, now))) return;
    const why = cause?.message ?? 'whoever tried has not come to an end of it.';
    const rest = missing.includes(date)
      ? 'It is tried again each half hour; no order of that day counts as missing.'
      : 'It is tried no more, for its orders are gone, or its statement is: compare what you have of it, then call `acknowledgeDay`.';
    tell(
      'WECHATPAY_NOT_RECONCILED',
      `The statement of ${date} of merchant ${owner.merchantId} is not reconciled: ${why} ${rest}`,
      cause,
    );
  }

  /** Once a day while differences need a person, or questions have no answer; at once where other differences need one. */
  async #tellOpen(owner: ReconciliationOwner, day: Reconciliation, now: number): Promise<void> {
    const { date, asking, forPerson } = summaryOf(day);
    const often = { againMs: TELL_AGAIN_MS, now };
    const isForPerson =
      forPerson > 0 && (await areToBeTold(reconciliationsOf(this.#orders), { ...owner, date }, day, often));
    const isAsking = asking > 0 && (await this.#isFirstToTell(owner, `asking-${date}`, TELL_AGAIN_MS, now));
    if (!isForPerson && !isAsking) return;
    tell(
      'WECHATPAY_DIFFERENCES_OPEN',
      `The statement of ${date} of merchant ${owner.merchantId} differs from the durable orders: ${forPerson} differences need a person, ` +
        `and of ${asking} WeChat Pay has not answered yet. Look at the reconciliation of that day, and acknowledge what is dealt with.`,
    );
  }
}

/** Another worker does it. */
function unlessElsewhere(error: unknown): void {
  if (!isDurableOrdersError(error) || error.code !== 'WECHATPAY_RECONCILING') throw error;
}

function tell(code: DurableOrdersErrorCode, message: string, cause?: Error): void {
  publish({ kind: 'problem', error: new DurableOrdersError(code, message, { ...(cause && { cause }) }) });
}

/** @throws {WechatPayConfigError} what is neither true nor such options; a store that keeps no reconciliations, or orders too short. */
export function resolveDaily(
  given: boolean | DailyReconciliation | undefined,
  store: Orders['store'],
): DailyReconciliation | undefined {
  if (given === undefined || given === false) return undefined;
  const options = given === true ? {} : given;
  checkOptions(options, ['since', 'merchantIds'], { within: 'reconcileDaily' });
  if (!store.reconciliations) {
    throw new WechatPayConfigError('reconcileDaily', 'needs a store that keeps reconciliations.');
  }
  const { orderDays = LEAST_ORDER_DAYS } = store.reconciliations;
  if (orderDays < LEAST_ORDER_DAYS) {
    throw new WechatPayConfigError('reconcileDaily', `needs a store with \`keepDays\` of ${LEAST_ORDER_DAYS} or more.`);
  }
  if (options.since !== undefined) assertDay(options.since);
  const { merchantIds } = options;
  if (merchantIds !== undefined && !isListOfTexts(merchantIds)) {
    throw new WechatPayConfigError('reconcileDaily.merchantIds', 'must be a list of merchants, one or more.');
  }
  return options;
}

function isListOfTexts(given: unknown): boolean {
  return Array.isArray(given) && given.length > 0 && given.every((each) => typeof each === 'string' && each !== '');
}

function assertDay(since: string | Date): void {
  try {
    statementDay(since);
  } catch {
    throw new WechatPayConfigError(
      'reconcileDaily.since',
      'must be a day of Beijing, as in 20260301, or a valid Date.',
    );
  }
}
