import { QUERY_REFUND, REVERSE_ORDER } from 'wechatpay-core';
import { faultCatalogue, type Fault, type RecordedRequest, type Sandbox } from 'wechatpay-sandbox';
import { Random } from '../random.js';
import type { WorkloadOrder } from '../workload/workload.js';

const examples = Object.values(faultCatalogue).flatMap<Fault>((kind) => kind.examples);
/** Faults that any request may meet. The others have a list of their own, or none, since their replies are sound. */
const anywhere: readonly Fault[] = [
  ...examples.filter((fault) => !isForSome(fault)),
  { kind: 'delay', delayMs: 300 },
  { kind: 'delay', delayMs: 900 },
  { kind: 'delay', delayMs: 2_400 },
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
const ofReverse: readonly Fault[] = [...faultCatalogue.recall.examples, { kind: 'error', errorCode: 'USERPAYING' }];
/** It needs a person: rarely. */
const fatal: Fault = { kind: 'error', errorCode: 'PARAM_ERROR' };
const STATEMENT_PATH = '/pay/downloadbill';
/** A call that is under way for so long that others have time to come. */
const slow: Fault = { kind: 'delay', delayMs: 2_400 };

/** The merchant's, and no order's. */
const noPermission: Fault = { kind: 'error', errorCode: 'NOAUTH' };

const faults: readonly Fault[] = [noPermission, ...anywhere, ...ofQuickPay, ...ofQuery, ...ofReverse, fatal, slow];

/** Which request meets which fault: it follows from the seed, the order, and which of its requests this is. */
export class GatewayNemesis {
  readonly #seed: number;
  readonly #orders: ReadonlyMap<string, WorkloadOrder>;
  readonly #seen = new Map<string, number>();
  readonly #chosen = new WeakMap<RecordedRequest, Fault>();
  /** Orders whose queries are slow for now: somebody has lost their lease. */
  readonly slow = new Set<string>();
  isHealed = false;
  isBursting = false;
  /** A merchant whose permission is gone: each of its calls fails. */
  broken: string | undefined;

  constructor(sandbox: Sandbox, orders: readonly WorkloadOrder[], seed: number) {
    this.#seed = seed;
    this.#orders = new Map(orders.map((order) => [order.outTradeNo, order]));
    for (const fault of new Set(faults)) {
      const when = (request: RecordedRequest): boolean => this.#choose(request) === fault;
      sandbox.faults.add(fault, { times: Number.MAX_SAFE_INTEGER, when });
    }
  }

  #choose(request: RecordedRequest): Fault | undefined {
    if (this.isHealed) return undefined;
    if (this.broken !== undefined && request.fields.mch_id === this.broken) return noPermission;
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
    const rate = this.isBursting ? 0.7 : isUnlucky ? (isQuickPay ? 0.6 : 0.9) : 0.25;
    if (!random.chance(rate)) return undefined;
    if (!isQuickPay && random.chance(0.015)) return fatal;
    // Where WeChat Pay itself says, signed, that a refund's number is another order's, it is.
    if (path === QUERY_REFUND.path) return random.pick(anywhere.filter(({ kind }) => kind !== 'foreign-identity'));
    // A download is given up after a minute without a byte, and goes on for as long as there are some.
    if (path === STATEMENT_PATH)
      return random.pick(anywhere.filter(({ kind }) => kind !== 'hang' && kind !== 'endless'));
    const own = isQuickPay ? ofQuickPay : isQuery ? ofQuery : path === REVERSE_ORDER.path ? ofReverse : [];
    return own.length > 0 && random.chance(isQuery ? 0.15 : 0.4) ? random.pick(own) : random.pick(anywhere);
  }
}

/** These are sound replies, depend on the endpoint, or would last longer than a test has time for. */
function isForSome(fault: Fault): boolean {
  return fault.kind === 'error'
    ? ['USERPAYING', 'PARAM_ERROR'].includes(fault.errorCode)
    : ['recall', 'delay', 'extra-field', 'empty-field'].includes(fault.kind);
}

const NONE: Fault = { kind: 'extra-field' };
