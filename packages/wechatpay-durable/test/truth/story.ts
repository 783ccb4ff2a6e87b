import fc from 'fast-check';
import type { ResolutionPolicy } from 'wechatpay-core';
import type { Scene } from '../../../wechatpay-core/test/truth/deeds.js';
import { PLAIN, turn, type Turn } from '../../../wechatpay-core/test/truth/grammar.js';
import { DAY, policy, scene, type Story as OrderStory } from '../../../wechatpay-core/test/truth/story.js';

// A story: two processes that share a store, one or two orders, what befalls them, and what operators and cashiers do.

/** Where a process can be hit: each thing that it does outside of itself. */
const PLACES = [
  'enqueue',
  'take',
  'save',
  'resolve',
  'amend',
  'cancel',
  'redrive',
  'reschedule',
  'get',
  'send',
  'tell',
] as const;
export type Place = (typeof PLACES)[number];

/** What goes wrong in a process, at the nth time that it does something: before it is done, or when it was. */
export interface Trouble {
  readonly place: Place;
  readonly nth: number;
  readonly isDone: boolean;
  readonly how:
    | { readonly does: 'fails' }
    /** The process ends, and another takes its seat after a while. */
    | { readonly does: 'dies'; readonly forMs: number }
    /** The store is out of its reach for so long; or it stands still: its leases may lapse. */
    | { readonly does: 'loses the store'; readonly forMs: number }
    | { readonly does: 'stands still'; readonly forMs: number };
}

/** Where a process runs: the processes of a seat follow one another. */
export interface Seat {
  readonly works: boolean;
  /** Whether it has the client of this merchant; else of another one. */
  readonly isForeign: boolean;
  /** How far its clock is ahead of the store's. */
  readonly skewMs: number;
  readonly troubles: readonly Trouble[];
}

export interface Act {
  readonly does: 'pay' | 'enqueue' | 'reverse' | 'cancel' | 'hasten' | 'redrive' | 'get' | 'stop';
  readonly seat: 0 | 1;
  readonly order: 0 | 1;
  /** From the beginning of the act before. */
  readonly afterMs: number;
  readonly policy: Partial<ResolutionPolicy>;
  readonly deadlineMs: number | undefined;
  /** When the cashier stops waiting. */
  readonly abortsAfterMs: number | undefined;
}

export interface OrderOfStory {
  readonly past: OrderStory['past'];
  readonly ageMs: number;
  readonly scene: Scene;
  readonly totalFee: 888 | undefined;
  readonly currency: 'HKD' | undefined;
  readonly turns: readonly Turn[];
}

export interface Story {
  readonly seats: readonly [Seat, Seat];
  readonly orders: readonly [OrderOfStory, OrderOfStory];
  readonly acts: readonly Act[];
}

const mostly = <Value>(usual: Value, weight: number, other: fc.Arbitrary<Value>): fc.Arbitrary<Value> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

const trouble: fc.Arbitrary<Trouble> = fc.record({
  place: fc.constantFrom(...PLACES),
  nth: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.nat(5) }),
  isDone: fc.boolean(),
  how: fc.oneof(
    fc.constant({ does: 'fails' as const }),
    fc.record({ does: fc.constant('dies' as const), forMs: fc.constantFrom(1_000, 20_000, 120_000) }),
    fc.record({ does: fc.constant('loses the store' as const), forMs: fc.constantFrom(1_000, 12_000, 60_000) }),
    fc.record({ does: fc.constant('stands still' as const), forMs: fc.constantFrom(3_000, 12_000, 50_000, 100_000) }),
  ),
});

const seat: fc.Arbitrary<Seat> = fc.record({
  works: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  isForeign: mostly(false, 7, fc.constant(true)),
  skewMs: fc.constantFrom(0, 0, 4_900, -4_900),
  troubles: fc.array(trouble, { maxLength: 3 }),
});

const act = (...does: Act['does'][]): fc.Arbitrary<Act> =>
  fc.record({
    does: fc.constantFrom(...does),
    seat: fc.constantFrom(0 as const, 1 as const),
    order: mostly<0 | 1>(0, 2, fc.constant(1)),
    afterMs: fc.oneof(
      fc.constantFrom(0, 1_000, 20_000, 50_000, 120_000),
      fc.nat(25),
      fc.integer({ min: 0, max: 60_000 }),
    ),
    policy,
    deadlineMs: mostly<number | undefined>(undefined, 3, fc.constantFrom(120_000, 600_000)),
    abortsAfterMs: mostly<number | undefined>(undefined, 6, fc.integer({ min: 0, max: 16_000 })),
  });

const order: fc.Arbitrary<OrderOfStory> = fc.record({
  past: fc.constantFrom('new', 'charged', 'charged', 'used, another amount', 'used, another currency' as const),
  ageMs: fc.constantFrom(0, 20_000, 60_000, 8 * DAY),
  scene,
  totalFee: fc.constantFrom(888 as const, 888 as const, undefined),
  currency: fc.constantFrom('HKD' as const, 'HKD' as const, undefined),
  turns: fc.oneof(
    { weight: 3, arbitrary: fc.array(turn, { maxLength: 12 }) },
    // Where the first call goes well, something else has to.
    { weight: 1, arbitrary: fc.array(turn, { maxLength: 8 }).map((turns) => [PLAIN, ...turns]) },
  ),
});

export const story: fc.Arbitrary<Story> = fc
  .record({
    seats: fc.tuple(seat, seat),
    orders: fc.tuple(order, order),
    acts: fc
      .tuple(
        fc.oneof({ weight: 4, arbitrary: act('pay') }, { weight: 1, arbitrary: act('enqueue', 'reverse') }),
        fc.array(act('pay', 'pay', 'enqueue', 'reverse', 'cancel', 'hasten', 'redrive', 'redrive', 'get', 'stop'), {
          maxLength: 4,
        }),
      )
      .map(([first, rest]) => [{ ...first, order: 0 as const }, ...rest]),
  })
  .map(({ acts, seats, orders }) => ({
    // What is too old to be reversed can only be refunded.
    acts: acts.map((one) => {
      const isOld = orders[one.order].ageMs > 7 * DAY;
      return isOld ? { ...one, policy: { refundWhenExpired: true, ...one.policy } } : one;
    }),
    // Somebody has to work; the last one that is left does.
    seats: seats.some(({ works, isForeign }) => works && !isForeign)
      ? seats
      : [{ ...seats[0], works: true, isForeign: false }, seats[1]],
    orders: [withPast(orders[0], acts, 0), withPast(orders[1], acts, 1)],
  }));

/** What is charged in the story is a new order, or one whose number was used; its amount is known. */
function withPast(told: OrderOfStory, acts: readonly Act[], index: 0 | 1): OrderOfStory {
  const first = acts.find(({ order: of }) => of === index);
  if (first?.does !== 'pay') return told;
  return { ...told, past: told.past === 'charged' ? 'new' : told.past, ageMs: 0, totalFee: 888 };
}
