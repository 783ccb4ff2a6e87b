import type { Behaviour, Merchant, Sandbox } from 'wechatpay-sandbox';
import { Random } from '../random.js';
import type { Settings } from '../settings.js';

/** What a cashier is told to do: plain JSON. */
export interface Task {
  readonly outTradeNo: string;
  readonly merchantId: string;
  readonly totalFee: number;
  /**
   * Charge this code; make an order that the customer pays by themselves; return one that was made, and paid, elsewhere; or refund parts
   * of such a one, more than it has.
   */
  readonly job:
    | { readonly kind: 'pay'; readonly authCode: string }
    | { readonly kind: 'create'; readonly notifyUrl: string; readonly expiresAfterMs: number }
    | { readonly kind: 'reverse'; readonly createdAt: number }
    | { readonly kind: 'refund'; readonly parts: readonly number[] };
  readonly reverseAfterMs: number;
}

/** An order of the workload. */
export interface WorkloadOrder extends Task {
  /** Whose customer does what. */
  readonly about: string;
  /** In real milliseconds since the beginning. */
  readonly at: number;
  /** What it is asked about fails nearly always, for a while. */
  readonly isUnlucky: boolean;
  /** Of an order that its customer pays by themselves: when they do, in milliseconds of the fast clock after they have seen its code. */
  readonly paysAfterMs?: number;
  /** Stored by the release before, and by no cashier. */
  readonly isOld: boolean;
}

/** Closed a little later than the 5 min before which no order may be. */
const EXPIRES_AFTER_MS = 310_000;
const NEVER = Infinity;

const DAY_MS = 24 * 60 * 60 * 1000;

/** Hundreds of customers, some orders to be reversed, and when each comes. */
export function generateWorkload(
  sandbox: Sandbox,
  merchants: readonly Merchant[],
  settings: Settings,
  notifyUrl: string,
): WorkloadOrder[] {
  const { orders, seconds, seed } = settings;
  return Array.from({ length: orders }, (_, index) => {
    const random = new Random(seed, 'order', index);
    const merchant = random.pick(merchants);
    const outTradeNo = `C${String(index + 1).padStart(4, '0')}`;
    const totalFee = random.between(1, 99_999);
    const about = {
      outTradeNo,
      merchantId: merchant.merchantId,
      totalFee,
      at: (index / orders) * seconds * 950,
      isUnlucky: random.chance(0.15),
      reverseAfterMs: random.pick([45_000, 45_000, 60_000]),
      isOld: false,
    };
    if (random.chance(0.12)) {
      const age = random.pick([20_000, DAY_MS, 8 * DAY_MS]);
      const createdAt = sandbox.clock.now() - age;
      sandbox.orders.create({ outTradeNo, merchant, totalFee, state: 'paid', currency: 'HKD', createdAt });
      const isOld = settings.faults.includes('upgrade') && index % 2 === 0;
      const by = isOld ? ', by the release before' : '';
      return {
        ...about,
        about: `was paid ${age / 1000} s ago, returns${by}`,
        job: { kind: 'reverse', createdAt },
        isOld,
      };
    }
    if (random.chance(0.1)) {
      sandbox.orders.create({ outTradeNo, merchant, totalFee, state: 'paid', currency: 'HKD' });
      const parts = Array.from({ length: 3 }, () => Math.max(1, Math.floor(totalFee * 0.45)));
      return { ...about, about: `refunds ${parts.join(', ')}`, job: { kind: 'refund', parts } };
    }
    // In the first third alone: each is closed 5 min of the fast clock after it was made, and has to end as well.
    if (index < orders / 3 && random.chance(0.6)) {
      const paysAfterMs = random.pick([2_000, 40_000, 200_000, EXPIRES_AFTER_MS, EXPIRES_AFTER_MS + 90_000, NEVER]);
      return {
        ...about,
        about: paysAfterMs === NEVER ? 'sees a code, and leaves' : `pays a code after ${paysAfterMs / 1000} s`,
        job: { kind: 'create', notifyUrl, expiresAfterMs: EXPIRES_AFTER_MS },
        ...(paysAfterMs !== NEVER && { paysAfterMs }),
      };
    }
    const behaviour = behave(random);
    const { authCode } = sandbox.customers.create({ ...behaviour, validForMs: DAY_MS });
    return { ...about, about: JSON.stringify(behaviour), job: { kind: 'pay', authCode } };
  });
}

function behave(random: Random): Behaviour {
  return random.pick<() => Behaviour>([
    () => ({ behaviour: 'pays-at-once' }),
    () => ({ behaviour: 'pays-at-once' }),
    () => ({ behaviour: 'pays-at-once' }),
    () => ({ behaviour: 'pays-after', ms: random.between(0, 60_000) }),
    () => ({ behaviour: 'pays-after', ms: random.between(10_000, 46_000) }),
    () => ({ behaviour: 'pays-after-queries', queries: random.between(0, 8) }),
    () => ({ behaviour: 'refuses', ms: random.between(0, 30_000) }),
    () => ({ behaviour: 'balance-too-low' }),
    () => ({ behaviour: 'walks-away' }),
  ])();
}
