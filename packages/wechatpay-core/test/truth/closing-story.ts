import fc from 'fast-check';
import { turn } from './grammar.js';
import { DAY, policy, scene, trouble, type Act, type Hint, type Story } from './story.js';

// The story of an order of Unified Order: its customer pays it before, between or after the query and the close, or never; notifications
// come, twice or never, and forged ones; closes are lost.

const MINUTE = 60_000;

const hint: fc.Arbitrary<Hint> = fc.record({
  says: fc.constantFrom(
    'genuine' as const,
    'genuine' as const,
    'forged' as const,
    "another's" as const,
    'phone' as const,
  ),
  afterMs: fc.oneof(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 30 * MINUTE })),
});

/** Copies of a notification come a second apart, or at once. */
const hints: fc.Arbitrary<readonly Hint[]> = fc
  .array(fc.tuple(hint, fc.constantFrom(1, 1, 2, 20), fc.constantFrom(0, 100, 1_000)), { maxLength: 4 })
  .map((given) =>
    given.flatMap(([one, copies, apartMs]) =>
      Array.from({ length: copies }, (_, index) => ({ ...one, afterMs: one.afterMs + index * apartMs })),
    ),
  );

const rules = fc.tuple(
  policy,
  fc.record(
    { ifPaidLate: fc.constantFrom('keep', 'refund'), closeAfterMs: fc.constantFrom(1, 20 * MINUTE, 120 * MINUTE) },
    { requiredKeys: [] },
  ),
);

const act = (...does: Act['does'][]): fc.Arbitrary<Act> =>
  fc
    .record({
      does: fc.constantFrom(...does),
      rules,
      deadlineMs: fc.constantFrom(undefined, 30_000, 10 * MINUTE, DAY, DAY),
      waits: fc.boolean(),
      trouble: fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: trouble }),
      hints,
    })
    .map(({ rules: [shared, own], ...rest }) => ({ ...rest, policy: { ...shared, ...own }, wrong: null }));

/** Pays so long after the order is due to be closed: between the last query and the close, where the answers take that long. */
const atTheClose = fc.record({
  does: fc.constant('pay at the close' as const),
  ms: fc.integer({ min: -2_000, max: 20_000 }),
});

const customer: fc.Arbitrary<Story['scene']['customer'] | { does: 'pay at the close'; ms: number }> = fc.oneof(
  atTheClose,
  atTheClose,
  fc.constant({ does: 'pay' as const }),
  fc.constant({ does: 'nothing' as const }),
  fc.constant({ does: 'nothing' as const }),
  fc.record({ does: fc.constant('pay later' as const), ms: fc.integer({ min: 1, max: 30 * MINUTE }) }),
);

export const closingStory: fc.Arbitrary<Story> = fc
  .record({
    product: fc.constant('unified-order' as const),
    timeExpireMs: fc.constantFrom(undefined, MINUTE, 5 * MINUTE, 10 * MINUTE, 10 * MINUTE, 30 * MINUTE),
    past: fc.constantFrom(
      'charged',
      'charged',
      'charged',
      'charged',
      'new',
      'used, another amount',
      'used, another currency' as const,
    ),
    ageMs: fc.constantFrom(0, 0, 20_000, 10 * MINUTE, 8 * DAY),
    scene,
    customer,
    totalFee: fc.constantFrom(888, 888, 888, undefined),
    currency: fc.constantFrom('HKD', 'HKD', undefined),
    subMerchantId: fc.constantFrom(undefined, undefined, '1900000109'),
    turns: fc.array(turn, { maxLength: 14 }),
    acts: fc
      .tuple(
        act('resolve', 'resolve', 'resolve', 'return'),
        fc.oneof(
          { weight: 3, arbitrary: fc.array(act('go on', 'go on', 'return'), { maxLength: 3 }) },
          {
            weight: 1,
            arbitrary: fc.array(act('go on', 'return', 'query', 'close', 'refund', 'query refund'), { maxLength: 4 }),
          },
        ),
      )
      .map(([first, rest]) => [first, ...rest]),
  })
  .map(({ customer: given, ...told }) => {
    const closesMs = Math.max(told.timeExpireMs ?? 0, 5 * MINUTE);
    const who = given.does === 'pay at the close' ? { does: 'pay later', ms: closesMs + given.ms } : given;
    return { ...told, scene: { ...told.scene, customer: who }, neighbours: [] } as Story;
  });
