import fc from 'fast-check';

// What no function takes: each is refused before a byte is sent.

/** A wrong argument: of the order or the request, or of the options. */
export interface Wrong {
  readonly of: 'order' | 'options';
  readonly property: string;
  readonly value: unknown;
}

/** Values that are wrong for whatever is a number of milliseconds. */
const NO_DURATIONS: readonly unknown[] = [0, -1, 1.5, NaN, Infinity, '5000', null];

const WRONG_ORDERS: Readonly<Record<string, readonly unknown[]>> = {
  outTradeNo: ['', 5, null, 'x'.repeat(33), 'a\u0000b', {}],
  totalFee: [0, -1, 8.88, NaN, '888', 2 ** 53],
  currency: ['hkd', '', 'HKDX', 344],
  subMerchantId: ['', 5, 'x'.repeat(33)],
};

const WRONG_OPTIONS: Readonly<Record<string, readonly unknown[]>> = {
  deadline: [new Date(NaN), '2026-11-26', 1_800_000_000_000, {}],
  signal: [{}, 'stop', new AbortController()],
  onStep: [3, 'log', {}],
  wait: [5, {}],
  firstQueryMs: NO_DURATIONS,
  queryEveryMs: NO_DURATIONS,
  reverseAfterMs: NO_DURATIONS,
  backoffMs: NO_DURATIONS,
  maxBackoffMs: NO_DURATIONS,
  queryEvery: [5_000],
  timeoutMs: [5_000],
};

const of = (part: Wrong['of'], table: Readonly<Record<string, readonly unknown[]>>): readonly Wrong[] =>
  Object.entries(table).flatMap(([property, values]) => values.map((value) => ({ of: part, property, value })));

export const wrong: fc.Arbitrary<Wrong> = fc.oneof(
  fc.constantFrom(...of('order', WRONG_ORDERS)),
  fc.constantFrom(...of('options', WRONG_OPTIONS)),
);
