import fc from 'fast-check';
import type { ResolutionPolicy } from '../../src/index.js';
import type { Scene } from './deeds.js';
import { wrong, type Wrong } from './arguments.js';
import { turn, type Turn } from './grammar.js';

// A story: one order, what befalls it, and what its caller does, one act after another.

/** What goes wrong on the caller's side in an act. */
type Trouble =
  | { readonly trouble: 'throws'; readonly callback: 'onUnclear' | 'onStep' | 'wait' | 'clock'; readonly nth: number }
  | { readonly trouble: 'NaN'; readonly nth: number }
  | {
      readonly trouble: 'hangs';
      readonly callback: 'onUnclear' | 'onStep' | 'wait';
      readonly nth: number;
      readonly ms: number;
    }
  | { readonly trouble: 'aborts'; readonly afterMs: number; readonly pauseMs: number }
  | { readonly trouble: 'dies'; readonly afterMs: number; readonly pauseMs: number }
  | { readonly trouble: 'clock jumps'; readonly afterMs: number; readonly byMs: number };

export interface Act {
  /**
   * - `pay`: payAndResolve. `resolve`: resolveOrder, from the order.
   * - `go on`: from the state that was stored last; where none was, from the order.
   * - `return`: the same, with `ifPaid: 'reverse'`.
   */
  readonly does:
    | 'pay'
    | 'resolve'
    | 'go on'
    | 'return'
    | 'quick pay'
    | 'query'
    | 'reverse'
    | 'refund'
    | 'query refund'
    /** Of Unified Order. */
    | 'close';
  readonly policy: Partial<ResolutionPolicy>;
  /** From the act's beginning; without it, the default. */
  readonly deadlineMs: number | undefined;
  /** Waits by a function of its own, or by the library's timer. */
  readonly waits: boolean;
  readonly trouble: Trouble | null;
  /** An argument that is wrong: the act is refused. */
  readonly wrong: Wrong | null;
  /** Of Unified Order: what comes in while it is resolved. */
  readonly hints?: readonly Hint[];
}

/**
 * Somebody says that something has happened: a notification of this order or of another, one that is forged, or the customer's phone.
 * A genuine one comes where the order is paid, and is a copy of the same from then on.
 */
export interface Hint {
  readonly says: 'genuine' | 'forged' | "another's" | 'phone';
  readonly afterMs: number;
}

export interface Story {
  /** Absent of Quick Pay. Of Unified Order, `charged` is one that was made, and `new` one whose making never arrived. */
  readonly product?: 'unified-order';
  /** Of Unified Order, from its making. */
  readonly timeExpireMs?: number | undefined;
  /** The number was used before, for an order of another amount or in another currency, or it was charged elsewhere. */
  readonly past: 'new' | 'charged' | 'used, another amount' | 'used, another currency';
  readonly ageMs: number;
  readonly scene: Scene;
  /** Whether the caller says what the order should cost, and in which currency. */
  readonly totalFee: 888 | undefined;
  readonly currency: 'HKD' | undefined;
  readonly subMerchantId: string | undefined;
  readonly turns: readonly Turn[];
  readonly acts: readonly Act[];
  /** Other orders that are paid at the same time, through the same client. */
  readonly neighbours: readonly { readonly scene: Scene; readonly turns: readonly Turn[] }[];
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
export const DAY = 24 * 60 * MINUTE;

export const scene: fc.Arbitrary<Scene> = fc.record({
  customer: fc.oneof(
    fc.constant({ does: 'pay' as const }),
    fc.record({ does: fc.constant('pay later' as const), ms: fc.integer({ min: 1, max: 60_000 }) }),
    fc.constant({ does: 'nothing' as const }),
    fc.record({
      does: fc.constant('fail' as const),
      code: fc.constantFrom('NOTENOUGH', 'AUTHCODEEXPIRE', 'NOTSUPORTCARD'),
    }),
  ),
  closesAfterMs: fc.constantFrom(45 * SECOND, 10 * MINUTE),
  refundTakesMs: fc.constantFrom(100, 20 * SECOND, 10 * MINUTE),
  refundEnds: fc.constantFrom('SUCCESS', 'SUCCESS', 'SUCCESS', 'CHANGE', 'REFUNDCLOSE'),
  blocksUnknown: fc.boolean(),
});

const milliseconds = (...usual: number[]): fc.Arbitrary<number> => fc.constantFrom(...usual);

export const policy: fc.Arbitrary<Partial<ResolutionPolicy>> = fc.oneof(
  fc.constant({}),
  fc.record(
    {
      ifPaid: fc.constantFrom('keep', 'reverse'),
      ifAmountDiffers: fc.constantFrom('needs-attention', 'accept'),
      refundWhenExpired: fc.boolean(),
      firstQueryMs: milliseconds(1, 5_000, 20_000),
      queryEveryMs: milliseconds(1_000, 5_000, 30_000),
      reverseAfterMs: milliseconds(1, 15_000, 45_000, 90_000),
      backoffMs: milliseconds(1_000, 2_000),
      maxBackoffMs: milliseconds(2_000, 60_000, 300_000),
    },
    { requiredKeys: [] },
  ),
);

const nth = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(12) });
const afterMs = fc.integer({ min: 0, max: 120_000 });
const pauseMs = fc.constantFrom(0, 10_000, 60_000, 10 * MINUTE);

export const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  fc.record({
    trouble: fc.constant('throws' as const),
    callback: fc.constantFrom('onUnclear' as const, 'onStep' as const, 'wait' as const, 'clock' as const),
    nth,
  }),
  fc.record({ trouble: fc.constant('NaN' as const), nth }),
  fc.record({
    trouble: fc.constant('hangs' as const),
    callback: fc.constantFrom('onUnclear' as const, 'onStep' as const, 'wait' as const),
    nth,
    ms: fc.constantFrom(1_000, MINUTE, 30 * MINUTE),
  }),
  fc.record({ trouble: fc.constant('aborts' as const), afterMs, pauseMs }),
  fc.record({ trouble: fc.constant('dies' as const), afterMs, pauseMs }),
  fc.record({
    trouble: fc.constantFrom('dies' as const),
    afterMs: fc.integer({ min: 0, max: 60_000 }),
    pauseMs,
  }),
  fc.record({
    trouble: fc.constant('clock jumps' as const),
    afterMs,
    byMs: fc.constantFrom(-10 * MINUTE, -20 * SECOND, 20 * SECOND, 10 * MINUTE, 8 * DAY),
  }),
);

const act = (...does: Act['does'][]): fc.Arbitrary<Act> =>
  fc.record({
    does: fc.constantFrom(...does),
    policy,
    deadlineMs: fc.constantFrom(undefined, 30_000, 10 * MINUTE, DAY, DAY),
    waits: fc.boolean(),
    wrong: fc.oneof({ weight: 12, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: wrong }),
    trouble: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: trouble }),
  });

export const story: fc.Arbitrary<Story> = fc
  .record({
    past: fc.constantFrom(
      'new',
      'charged',
      'charged',
      'charged',
      'used, another amount',
      'used, another currency' as const,
    ),
    ageMs: fc.constantFrom(0, 20_000, 60_000, 8 * DAY, 8 * DAY),
    scene,
    totalFee: fc.constantFrom(888, 888, undefined),
    currency: fc.constantFrom('HKD', 'HKD', undefined),
    subMerchantId: fc.constantFrom(undefined, undefined, '1900000109'),
    turns: fc.array(turn, { maxLength: 14 }),
    acts: fc
      .tuple(
        fc.oneof(
          { weight: 4, arbitrary: act('pay') },
          { weight: 2, arbitrary: act('resolve', 'return') },
          { weight: 1, arbitrary: act('quick pay') },
        ),
        fc.oneof(
          { weight: 3, arbitrary: fc.array(act('go on', 'go on', 'go on', 'return'), { maxLength: 3 }) },
          {
            weight: 1,
            arbitrary: fc.array(act('go on', 'return', 'query', 'reverse', 'refund', 'query refund'), {
              maxLength: 4,
            }),
          },
        ),
      )
      .map(([first, rest]) => [first, ...rest]),
    neighbours: fc.oneof(
      { weight: 8, arbitrary: fc.constant([]) },
      {
        weight: 1,
        arbitrary: fc.array(fc.record({ scene, turns: fc.array(turn, { maxLength: 4 }) }), { maxLength: 3 }),
      },
    ),
  })
  .map((told) => ({
    ...(told as Story),
    // Who pays now, pays a new order, or one whose number was used; who resolves, resolves one that is there, or is not.
    past: isCharge(told.acts[0]!) && told.past === 'charged' ? 'new' : told.past,
    ...(isCharge(told.acts[0]!) && { ageMs: 0, totalFee: 888 as const }),
    ...(!isCharge(told.acts[0]!) && told.ageMs > 7 * DAY && { acts: told.acts.map(withRefund) }),
    ...(told.neighbours.length > 0 && { acts: told.acts.map(withoutDeath) }),
  }));

function isCharge({ does }: Act): boolean {
  return does === 'pay' || does === 'quick pay';
}

/** What is too old to be reversed can only be refunded. */
function withRefund(act: Act): Act {
  return { ...act, policy: { refundWhenExpired: true, ...act.policy } };
}

/** A process that has other open orders lives on. */
function withoutDeath(act: Act): Act {
  const { trouble } = act;
  if (trouble?.trouble === 'dies') return { ...act, trouble: { ...trouble, trouble: 'aborts' } };
  // Whose reading of the clock would fail is nobody's to say.
  const isOfClock = trouble?.trouble === 'NaN' || (trouble?.trouble === 'throws' && trouble.callback === 'clock');
  return isOfClock ? { ...act, trouble: null } : act;
}
