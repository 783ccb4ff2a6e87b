// Over 250 lines, as one idea: when the orders of a merchant are held, and when they go on, is one decision over one state.
import type { ResolutionCall, ResolutionEvent, ResolutionOrder } from 'wechatpay-core';
import { OPERATIONS } from '../journal/answers.js';
import type { JournalOperation } from '../journal/entries.js';
import { isAnswered, isOfTheKey, merchantFailureOf, type MerchantFailure } from './merchant-failures.js';

/** A merchant whose steps this process does not take, since they fail for one order after another. */
export interface MerchantPause {
  readonly merchantId: string;
  /** In institutional mode, where a permission of this sub-merchant alone is missing. */
  readonly subMerchantId?: string;
  /** WeChat Pay's `err_code` where it gave one, else the error's `code`. */
  readonly code: string;
  /** The operation that failed, as in `Query Order`. */
  readonly operation: JournalOperation;
  /** Since when: by the client's clock. */
  readonly since: Date;
  /** When one order is tried again. */
  readonly probeAt: Date;
  /** How many orders this process holds back by it. */
  readonly held: number;
}

/** The same failure of so many orders, without an answer to the same operation in between, is the merchant's. */
const ORDERS = 3;
/** A failure that may be the merchant's is not believed of an order before it came so often, and others were answered meanwhile. */
const TRIES = 3;
/** Until an order is tried again of which such a failure came; spread by a half. */
const TRY_AGAIN_MS = 20_000;
/** From probe to probe, doubled each time. */
const PROBE_MS = 30_000;
const LONGEST_PROBE_MS = 5 * 60_000;
/** How many orders are remembered: the oldest are forgotten first. */
const REMEMBERED = 10_000;

interface Pause {
  readonly merchantId: string;
  readonly subMerchantId: string | undefined;
  readonly code: string;
  readonly step: ResolutionCall['kind'];
  readonly since: number;
  /** Whose steps were held back; among them those that failed first. */
  readonly held: Set<string>;
  /** Those of which that is in the journal. */
  readonly noted: Set<string>;
  probeAt: number;
  probes: number;
  /** The order that is tried now, and whether it was answered. */
  probe: string | undefined;
  isAnswered: boolean;
}

interface Tries {
  readonly step: ResolutionCall['kind'];
  readonly count: number;
  readonly since: number;
}

/** Whose order it is that a worker has. */
export interface PausedOrder {
  readonly id: string;
  readonly merchantId: string;
  readonly order: ResolutionOrder;
}

/** An order is not to be worked on for a while. */
export interface Hold {
  readonly code: string;
  readonly operation: JournalOperation;
  /** In milliseconds of the client's clock. */
  readonly forMs: number;
  /** The merchant is paused since then; absent where it is not yet sure. */
  readonly since?: number;
  /** Of this order, the first in this pause: what is to be noted. */
  readonly isFirst: boolean;
}

interface PauseListener {
  readonly onPause: (pause: MerchantPause) => void;
  /** `held`: the orders that can go on. */
  readonly onResume: (
    pause: MerchantPause,
    by: 'probe' | 'person',
    held: readonly string[],
    actor: string | undefined,
  ) => void;
}

/**
 * Holds a merchant's steps back in this process while they fail for one order after another, for a cause that is the merchant's: a
 * key, a certificate or a permission. One order at a time is tried, more and more seldom, until one is answered.
 *
 * Where only one operation fails, as with a certificate, the others go on, of the orders that did not need it yet.
 *
 * Pure but for chance: it is given the time, by the client's clock.
 */
export class MerchantPauses {
  readonly #listener: PauseListener;
  readonly #chance: () => number;
  readonly #pauses = new Map<string, Pause>();
  /** Of a scope, an operation and a code: the orders that failed so since the last answer. */
  readonly #runs = new Map<string, Set<string>>();
  /** Of a scope and an operation: how many answers there were. */
  readonly #answers = new Map<string, number>();
  /** How often in a row an order had such a failure, while nobody knew that it is the merchant's; and the answers before the first. */
  readonly #tries = new Map<string, Tries>();

  constructor(listener: PauseListener, chance: () => number = Math.random) {
    this.#listener = listener;
    this.#chance = chance;
  }

  list(): MerchantPause[] {
    return [...this.#pauses.values()].map(describe);
  }

  /** Whether a step may not be taken now, since its merchant is paused: then for how long. */
  holdOf(one: PausedOrder, step: ResolutionCall['kind'], now: number): Hold | undefined {
    const pause = this.#pauseOf(one);
    if (!pause || pause.probe === one.id || !concerns(pause, one, step)) return undefined;
    // A clock that was set back since: it would wait for as long as it was set back.
    if (pause.probeAt - now > LONGEST_PROBE_MS) pause.probeAt = now;
    if (pause.probe === undefined && now >= pause.probeAt) {
      pause.probe = one.id;
      pause.isAnswered = false;
      return undefined;
    }
    return this.#hold(pause, one.id, now);
  }

  /** Since when an order is held back: a deadline that is over meanwhile does not count. */
  sinceOf(one: PausedOrder): number | undefined {
    const pause = this.#pauseOf(one);
    return pause && concerns(pause, one) ? pause.since : undefined;
  }

  /**
   * Hears what a step brought.
   *
   * @returns how long to wait, where a failure is not to be taken as one of this order; undefined where the event is the order's own.
   */
  hear(one: PausedOrder, event: ResolutionEvent, now: number): Hold | undefined {
    const failure = merchantFailureOf(event, one.order);
    if (!failure) {
      if (isAnswered(event)) this.#answered(one, event);
      else this.#saysNothing(one, now);
      return undefined;
    }
    const pause = this.#pauseOf(one);
    if (!pause) return this.#fails(one, failure, now);
    if (pause.probe === one.id) postpone(pause, now);
    return this.#hold(pause, one.id, now);
  }

  /**
   * A worker no longer has an order. One that was tried, and answered, shows that a key works. Where it was not asked what failed, it
   * says nothing: the next one is tried.
   */
  release({ id }: Pick<PausedOrder, 'id'>, now: number): void {
    for (const [scope, pause] of this.#pauses) {
      if (pause.probe !== id) continue;
      pause.probe = undefined;
      pause.probeAt = now;
      if (pause.isAnswered && isOfTheKey(pause.code)) this.#end(scope, 'probe');
    }
  }

  /** Ends every pause of a merchant, its sub-merchants included. @returns whether there was one. */
  resume(merchantId: string, actor: string | undefined): boolean {
    const pauses = [...this.#pauses].filter(([, pause]) => pause.merchantId === merchantId);
    for (const [key] of pauses) this.#end(key, 'person', actor);
    return pauses.length > 0;
  }

  #pauseOf({ merchantId, order }: PausedOrder): Pause | undefined {
    return (
      this.#pauses.get(scopeOf(merchantId, undefined)) ?? this.#pauses.get(scopeOf(merchantId, order.subMerchantId))
    );
  }

  #fails(one: PausedOrder, failure: MerchantFailure, now: number): Hold | undefined {
    const { id } = one;
    const { code, step, isRejected } = failure;
    const operation = operationOf(scopeOf(one.merchantId, failure.subMerchantId), step);
    const run = this.#runs.get(`${operation} ${code}`) ?? new Set();
    this.#runs.set(`${operation} ${code}`, run.add(id));
    const answers = this.#answers.get(operation) ?? 0;
    const tried = this.#tries.get(id);
    const { count, since } = tried?.step === step ? tried : { count: 0, since: answers };
    const isWorn = isRejected && count + 1 >= TRIES;
    // It came again and again, and nobody was answered meanwhile: of few orders, too, it is the merchant's.
    if (run.size >= ORDERS || (isWorn && since === answers)) {
      return this.#hold(this.#pause(one.merchantId, failure, run, now), id, now);
    }
    if (isWorn || !isRejected) {
      this.#tries.delete(id);
      return undefined;
    }
    remember(this.#tries, id, { step, count: count + 1, since });
    const forMs = TRY_AGAIN_MS * (0.5 + this.#chance());
    return { code, operation: OPERATIONS[step], forMs, isFirst: count === 0 };
  }

  #pause(
    merchantId: string,
    { code, step, subMerchantId }: MerchantFailure,
    run: ReadonlySet<string>,
    now: number,
  ): Pause {
    const pause: Pause = {
      ...{ merchantId, subMerchantId, code, step, since: now, held: new Set(run), noted: new Set() },
      ...{ probeAt: now + PROBE_MS, probes: 0, probe: undefined, isAnswered: false },
    };
    const scope = scopeOf(merchantId, subMerchantId);
    this.#pauses.set(scope, pause);
    this.#runs.delete(`${operationOf(scope, step)} ${code}`);
    this.#listener.onPause(describe(pause));
    return pause;
  }

  #answered(one: PausedOrder, event: ResolutionEvent): void {
    const { id, merchantId, order } = one;
    const step = stepOf(event);
    // The query before a call that is refused says nothing about that call.
    if (this.#tries.get(id)?.step === step) this.#tries.delete(id);
    for (const scope of new Set([scopeOf(merchantId, undefined), scopeOf(merchantId, order.subMerchantId)])) {
      const operation = operationOf(scope, step);
      this.#answers.set(operation, (this.#answers.get(operation) ?? 0) + 1);
      for (const key of this.#runs.keys()) if (key.startsWith(`${operation} `)) this.#runs.delete(key);
      const pause = this.#pauses.get(scope);
      if (!pause) continue;
      if (pause.step === step) this.#end(scope, 'probe');
      else if (pause.probe === id) pause.isAnswered = true;
    }
  }

  /** A probe whose answer says nothing about the cause, or that had none, as in an outage: the next one not at once. */
  #saysNothing(one: PausedOrder, now: number): void {
    const pause = this.#pauseOf(one);
    if (pause?.probe !== one.id) return;
    pause.probe = undefined;
    pause.probeAt = now + PROBE_MS;
  }

  #hold(pause: Pause, id: string, now: number): Hold {
    const isFirst = !pause.noted.has(id);
    if (pause.held.size < REMEMBERED) pause.held.add(id);
    if (pause.noted.size < REMEMBERED) pause.noted.add(id);
    const untilProbe = Math.max(pause.probeAt - now, PROBE_MS / 2);
    const forMs = untilProbe * (1 + this.#chance() / 2);
    return { code: pause.code, operation: OPERATIONS[pause.step], forMs, since: pause.since, isFirst };
  }

  #end(scope: string, by: 'probe' | 'person', actor?: string): void {
    const pause = this.#pauses.get(scope);
    if (!pause) return;
    this.#pauses.delete(scope);
    for (const id of pause.held) this.#tries.delete(id);
    this.#listener.onResume(describe(pause), by, [...pause.held], actor);
  }
}

/** Every step, where a key is wrong or no query is answered: each order is asked for first. Else the steps that fail, and what they held. */
function concerns({ code, step: failing, held }: Pause, { id }: PausedOrder, step?: ResolutionCall['kind']): boolean {
  return isOfTheKey(code) || failing === 'query' || failing === step || held.has(id);
}

function postpone(pause: Pause, now: number): void {
  pause.probe = undefined;
  pause.probes += 1;
  pause.probeAt = now + Math.min(PROBE_MS * 2 ** Math.min(pause.probes, 10), LONGEST_PROBE_MS);
}

function describe({ merchantId, subMerchantId, code, step, since, probeAt, held }: Pause): MerchantPause {
  return {
    merchantId,
    ...(subMerchantId !== undefined && { subMerchantId }),
    code,
    operation: OPERATIONS[step],
    since: new Date(since),
    probeAt: new Date(probeAt),
    held: held.size,
  };
}

function scopeOf(merchantId: string, subMerchantId: string | undefined): string {
  return JSON.stringify([merchantId, subMerchantId ?? '']);
}

function operationOf(scope: string, step: ResolutionCall['kind']): string {
  return `${scope} ${step}`;
}

/** Of which operation an event is an answer. */
function stepOf(event: ResolutionEvent): ResolutionCall['kind'] {
  switch (event.kind) {
    case 'failed':
      return event.step;
    case 'queried':
      return 'query';
    case 'reversed':
      return 'reverse';
    case 'closed':
      return 'close';
    case 'refund-accepted':
      return 'refund';
    case 'refunds-queried':
      return 'query-refunds';
  }
}

function remember(tries: Map<string, Tries>, id: string, one: Tries): void {
  tries.delete(id);
  tries.set(id, one);
  const [oldest] = tries.keys();
  if (tries.size > REMEMBERED && oldest !== undefined) tries.delete(oldest);
}
