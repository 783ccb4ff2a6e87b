import { REVERSE } from 'wechatpay-core';
import type { Fault, RecordedRequest, Sandbox } from 'wechatpay-sandbox';
import type { ScriptedOrder } from './orders.js';
import { Random } from './random.js';

/** What the gateway does on a bad day, wherever it makes sense. */
const anywhere: readonly Fault[] = [
  { kind: 'error', errorCode: 'SYSTEMERROR' },
  { kind: 'error', errorCode: 'SYSTEMERROR', effect: true },
  { kind: 'error', errorCode: 'INVALID_REQUEST', effect: true },
  { kind: 'error', errorCode: 'NEVER_HEARD_OF', effect: true },
  { kind: 'delay', delayMs: 300 },
  { kind: 'delay', delayMs: 900 },
  { kind: 'delay', delayMs: 2_400 },
  { kind: 'hang' },
  { kind: 'hang', effect: false },
  { kind: 'hang', at: 'body' },
  { kind: 'cut' },
  { kind: 'cut', effect: false },
  { kind: 'cut', at: 'body' },
  { kind: 'status', status: 502 },
  { kind: 'status', status: 504, effect: false },
  { kind: 'redirect' },
  { kind: 'empty-body' },
  { kind: 'truncated-xml' },
  { kind: 'wrong-signature' },
  { kind: 'missing-signature' },
  { kind: 'other-algorithm' },
  { kind: 'foreign-merchant' },
  { kind: 'foreign-identity' },
  { kind: 'tampered' },
  { kind: 'tampered', fields: { result_code: 'SUCCESS', trade_state: 'SUCCESS' } },
  { kind: 'doctype' },
  { kind: 'entity-bomb' },
  { kind: 'oversized' },
  { kind: 'endless' },
  { kind: 'invalid-utf8' },
  { kind: 'duplicate-field' },
  { kind: 'return-fail' },
  { kind: 'return-code' },
  { kind: 'retmsg' },
];
const ofQuickPay: readonly Fault[] = [
  // A slow bank: paid, and known to the gateway, long before the cashier hears of it.
  { kind: 'delay', delayMs: 1_400 },
  { kind: 'delay', delayMs: 2_000 },
  { kind: 'delay', delayMs: 4_800 },
  { kind: 'delay', delayMs: 12_500 },
  { kind: 'error', errorCode: 'PARAM_ERROR' },
];
const ofQuery: readonly Fault[] = [{ kind: 'error', errorCode: 'USERPAYING' }];
/** A recall is for Revoke Order; elsewhere it would be a signed success for what did not happen. */
const ofReverse: readonly Fault[] = [
  { kind: 'recall' },
  { kind: 'recall', effect: true },
  { kind: 'recall', resultCode: 'SUCCESS' },
  { kind: 'recall', resultCode: 'SUCCESS', effect: true },
  { kind: 'error', errorCode: 'USERPAYING' },
];
/** It needs a person: rarely. */
const fatal: Fault = { kind: 'error', errorCode: 'PARAM_ERROR' };
/** A call that is under way for so long that others have time to come. */
const slow: Fault = { kind: 'delay', delayMs: 2_400 };

const faults: readonly Fault[] = [...anywhere, ...ofQuickPay, ...ofQuery, ...ofReverse, fatal, slow];

/** Which request meets which fault: it follows from the seed, the order, and which of its requests this is. */
export class Weather {
  readonly #seed: number;
  readonly #orders: ReadonlyMap<string, ScriptedOrder>;
  readonly #seen = new Map<string, number>();
  readonly #chosen = new WeakMap<RecordedRequest, Fault>();
  /** Orders whose queries are slow for now: somebody has lost their lease. */
  readonly slow = new Set<string>();
  isCalm = false;
  isStormy = false;

  constructor(sandbox: Sandbox, orders: readonly ScriptedOrder[], seed: number) {
    this.#seed = seed;
    this.#orders = new Map(orders.map((order) => [order.outTradeNo, order]));
    for (const fault of new Set(faults)) {
      const when = (request: RecordedRequest): boolean => this.#choose(request) === fault;
      sandbox.faults.add(fault, { times: Number.MAX_SAFE_INTEGER, when });
    }
  }

  #choose(request: RecordedRequest): Fault | undefined {
    if (this.isCalm) return undefined;
    const known = this.#chosen.get(request);
    if (known) return known === NONE ? undefined : known;
    const fault = this.#draw(request) ?? NONE;
    this.#chosen.set(request, fault);
    return fault === NONE ? undefined : fault;
  }

  #draw({ path, fields }: RecordedRequest): Fault | undefined {
    const outTradeNo = fields.out_trade_no ?? '';
    const key = `${path} ${outTradeNo}`;
    const time = this.#seen.get(key) ?? 0;
    this.#seen.set(key, time + 1);
    const random = new Random(this.#seed, 'fault', key, time);
    const isQuickPay = path === '/pay/micropay';
    const isQuery = path === '/pay/orderquery';
    if (isQuery && this.slow.has(outTradeNo) && random.chance(0.7)) return slow;
    const isUnlucky = this.#orders.get(outTradeNo)?.isUnlucky === true && time < 8;
    const rate = this.isStormy ? 0.7 : isUnlucky ? (isQuickPay ? 0.6 : 0.9) : 0.25;
    if (!random.chance(rate)) return undefined;
    if (!isQuickPay && random.chance(0.015)) return fatal;
    const own = isQuickPay ? ofQuickPay : isQuery ? ofQuery : path === REVERSE.path ? ofReverse : [];
    return own.length > 0 && random.chance(isQuery ? 0.15 : 0.4) ? random.pick(own) : random.pick(anywhere);
  }
}

const NONE: Fault = { kind: 'extra-field' };
