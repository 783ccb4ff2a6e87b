import fc from 'fast-check';
import { ERROR_CODES } from './pages.js';

// What may befall one call: how it travels, what happens to the order before it arrives, and what is answered. Everything is
// drawn from the documented fields of the pages; no scenario is written down.

/** What the order meets before a call arrives, by the hand of others. */
export type Jump =
  | { readonly jump: 'pays' | 'fails' | 'closes' | 'reopens' }
  | { readonly jump: 'refund ends'; readonly status: 'SUCCESS' | 'CHANGE' | 'REFUNDCLOSE' }
  | {
      readonly jump: 'others refund';
      readonly share: 'one' | 'half' | 'whole';
      readonly parts: number;
      readonly status: 'SUCCESS' | 'PROCESSING' | 'CHANGE' | 'REFUNDCLOSE';
    };

/** One field that is not as documented. `field` picks one of the page's fields. */
export interface Oddity {
  readonly field: number;
  /** Another's is another order's, party's or amount. */
  readonly value: 'absent' | "another's" | { readonly odd: string };
}

type Answer =
  /** How things stand, or that what was asked is done. `variant` chooses among the words for the same thing. */
  | { readonly says: 'truth'; readonly variant: number }
  | { readonly says: 'code'; readonly code: string; readonly recall: 'Y' | 'N' | '' }
  | { readonly says: 'recall' }
  | { readonly says: 'return_code FAIL'; readonly message: string }
  /** What was signed about another order; re-cut, so that it names this one and its string to sign stays the same, or as it is. */
  | { readonly says: "another order's"; readonly isRecut: boolean }
  /** A late extra reply of an earlier call on the same connection. */
  | { readonly says: 'an earlier reply' }
  | { readonly says: 'nothing' };

/** What becomes of the bytes of an answer. */
export type Spoiling =
  | { readonly how: 'cut'; readonly at: number }
  | { readonly how: 'forged'; readonly field: number; readonly value: string }
  | { readonly how: 'unsigned' | 'other algorithm' | 'other key' | 'html' | 'empty' | 'noise' | 'status' };

export interface Turn {
  readonly jump: Jump | null;
  /** Whether a byte left; and where it did, how long it takes there and back. A long way there is a request that arrives late. */
  readonly isSent: boolean;
  readonly thereMs: number;
  readonly backMs: number;
  /** Whether it is done, where the answer leaves that open. */
  readonly isDone: boolean;
  readonly answer: Answer;
  readonly oddities: readonly Oddity[];
  readonly extra: readonly (readonly [name: string, value: string])[];
  readonly spoiling: Spoiling | null;
}

/** The turn of a gateway that does all as documented, at once. */
export const PLAIN: Turn = {
  jump: null,
  isSent: true,
  thereMs: 10,
  backMs: 10,
  isDone: true,
  answer: { says: 'truth', variant: 0 },
  oddities: [],
  extra: [],
  spoiling: null,
};

/** Values that no page documents for its field, or for none. */
const oddValue = fc.constantFrom(
  '1.00',
  '-1',
  '0',
  '1e3',
  '00888',
  ' 888',
  '８８８',
  '99999999999999999999',
  'NaN',
  'null',
  'Y',
  'y',
  'HKD',
  'hkd',
  '2026-11-26T12:00:00+08:00',
  '20261301000000',
  '0',
  'x'.repeat(300),
  '\u202E\u0085',
  'a&b=c',
  '<b>&amp;</b>',
  ']]>',
  '微信支付',
  '😀',
);

const jump: fc.Arbitrary<Jump> = fc.oneof(
  fc.record({ jump: fc.constantFrom('pays' as const, 'fails' as const, 'closes' as const, 'reopens' as const) }),
  fc.record({
    jump: fc.constant('refund ends' as const),
    status: fc.constantFrom('SUCCESS' as const, 'CHANGE' as const, 'REFUNDCLOSE' as const),
  }),
  fc.record({
    jump: fc.constant('others refund' as const),
    share: fc.constantFrom('one' as const, 'half' as const, 'whole' as const),
    parts: fc.constantFrom(1, 2, 12),
    status: fc.constantFrom('SUCCESS' as const, 'PROCESSING' as const, 'CHANGE' as const, 'REFUNDCLOSE' as const),
  }),
);

const truth = fc.record({ says: fc.constant('truth' as const), variant: fc.nat(2) });
const code = fc.record({
  says: fc.constant('code' as const),
  code: fc.constantFrom(...ERROR_CODES),
  recall: fc.constantFrom('' as const, 'Y' as const, 'N' as const),
});

const answer: fc.Arbitrary<Answer> = fc.oneof(
  { weight: 8, arbitrary: truth },
  { weight: 4, arbitrary: code },
  {
    weight: 1,
    arbitrary: fc.record({
      says: fc.constant('code' as const),
      code: fc.constantFrom('FREQUENCY_LIMITED', 'SYSTEMERROR', 'NOTENOUGH', 'ORDERNOTEXIST', 'USERPAYING'),
      recall: fc.constant('' as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ says: 'recall' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      says: fc.constant('return_code FAIL' as const),
      message: fc.constantFrom('频率限制', 'system error', '', '证书验证失败'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ says: fc.constant("another order's" as const), isRecut: fc.boolean() }) },
  { weight: 1, arbitrary: fc.constant({ says: 'an earlier reply' as const }) },
  { weight: 3, arbitrary: fc.constant({ says: 'nothing' as const }) },
);

const oddity: fc.Arbitrary<Oddity> = fc.record({
  field: fc.nat(60),
  value: fc.oneof(fc.record({ odd: oddValue }), fc.constant('absent' as const), fc.constant("another's" as const)),
});

const spoiling: fc.Arbitrary<Spoiling> = fc.oneof(
  fc.record({ how: fc.constant('cut' as const), at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }) }),
  fc.record({ how: fc.constant('forged' as const), field: fc.nat(60), value: oddValue }),
  fc.record({
    how: fc.constantFrom(
      'unsigned' as const,
      'other algorithm' as const,
      'other key' as const,
      'html' as const,
      'empty' as const,
      'noise' as const,
      'status' as const,
    ),
  }),
);

const few = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value[]> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant<Value[]>([]) },
    { weight: 1, arbitrary: fc.array(arbitrary, { maxLength: 3 }) },
  );

export const turn: fc.Arbitrary<Turn> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(PLAIN) },
  {
    weight: 4,
    arbitrary: fc.record({
      jump: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: jump }),
      isSent: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
      thereMs: fc.oneof(
        { weight: 5, arbitrary: fc.constant(10) },
        { weight: 1, arbitrary: fc.integer({ min: 10, max: 44_000 }) },
      ),
      backMs: fc.oneof(
        { weight: 5, arbitrary: fc.constant(10) },
        { weight: 1, arbitrary: fc.integer({ min: 10, max: 20_000 }) },
      ),
      isDone: fc.boolean(),
      answer,
      oddities: few(oddity),
      extra: few(fc.tuple(fc.constantFrom('new_field', 'op_note', 'zz', 'Sign', 'a_b'), oddValue)),
      spoiling: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: spoiling }),
    }),
  },
);
