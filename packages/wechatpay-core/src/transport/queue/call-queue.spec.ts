import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { keepCalling, Simulation, type SimulatedCall } from '../../../test/simulation.js';
import { mayWaitMs } from './service-time.js';
import { type QueueChange } from './queue-state.js';

const PAY = '/pay/micropay';
const QUERY = '/pay/orderquery';
const REVERSE = '/secapi/pay/reverse';
const MERCHANT = '1900000109';

const DEFAULTS = { maxConnections: 64, maxQueued: 1_000, timeoutMs: 15_000 };

function count(calls: readonly SimulatedCall[], outcome: SimulatedCall['outcome'], from = 0, to = Infinity): number {
  return calls.filter((call) => call.outcome === outcome && call.endedAt! >= from && call.endedAt! < to).length;
}

/** What the gateway would have answered in time, had it been sent at once: these unknown outcomes are of our making. */
function avoidable(calls: readonly SimulatedCall[], timeoutMs: number): SimulatedCall[] {
  return calls.filter(({ outcome, tookMs }) => outcome === 'unknown' && tookMs! <= timeoutMs);
}

describe('the rule for leaving early enough', () => {
  test.each([
    ['nothing is known yet', 15_000, undefined, 0, 7_500],
    ['a fast gateway: a tenth of timeoutMs is kept in reserve', 15_000, 500, 0, 13_000],
    ['a slow one: a quarter of what it takes is', 15_000, 8_000, 0, 5_000],
    ['as long as half of timeoutMs', 1_000, 500, 0, 375],
    ['nearly as long as timeoutMs: half of the rest is', 1_000, 900, 0, 50],
    ['longer than timeoutMs', 1_000, 2_000, 0, 0],
    ['fast until now, and silent since', 15_000, 500, 6_000, 7_500],
    ['silent from the beginning', 1_000, undefined, 500, 375],
  ])('%s', (_, timeoutMs, slowestMs, silenceMs, expected) => {
    expect(mayWaitMs(timeoutMs, { typicalMs: slowestMs, slowestMs, silenceMs })).toBe(expected);
  });
});

it('lets a call leave at once where nothing is in the way', () => {
  const simulation = new Simulation({ serviceMs: () => 100 }, DEFAULTS);
  for (let n = 0; n < 64; n += 1) simulation.call(MERCHANT, PAY, false);
  expect(simulation.calls.every(({ leftAt }) => leftAt === 0)).toBe(true);
  expect(simulation.queue.state()).toMatchObject({ inFlight: 64, waiting: 0, circuit: { state: 'closed' } });
  simulation.call(MERCHANT, PAY, false);
  expect(simulation.queue.state()).toMatchObject({ inFlight: 64, waiting: 1 });
  simulation.clock.runUntil(1_000);
  expect(simulation.calls.at(-1)).toMatchObject({ leftAt: 100, endedAt: 200, outcome: 'answered' });
  expect(simulation.queue.state()).toMatchObject({ inFlight: 0, waiting: 0, typicalMs: 100, slowestMs: 100 });
});

it('whatever comes: no more under way and waiting than allowed, in order, each ends once, who was not sent never leaves', () => {
  const arrival = fc.record({
    at: fc.integer({ min: 0, max: 5_000 }),
    merchant: fc.constantFrom('1', '2'),
    operation: fc.constantFrom(PAY, QUERY, REVERSE),
    serviceMs: fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.constant(Infinity)),
    abortAfterMs: fc.option(fc.integer({ min: 0, max: 2_000 })),
  });
  fc.assert(
    fc.property(
      fc.array(arrival, { maxLength: 80 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 0, max: 20 }),
      fc.constantFrom(200, 1_000, 2_000),
      fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
      fc.option(fc.integer({ min: 0, max: 6_000 })),
      (arrivals, maxConnections, maxQueued, timeoutMs, perSecond, closesAt) => {
        const services = arrivals.toSorted((a, b) => a.at - b.at);
        const limits = new Map(perSecond === undefined ? [] : [[PAY, perSecond]]);
        const simulation = new Simulation(
          { serviceMs: ({ id }) => services[id]!.serviceMs },
          { maxConnections, maxQueued, timeoutMs, limits },
        );
        const { clock, calls } = simulation;
        if (closesAt !== null) {
          clock.after(closesAt, () => {
            simulation.queue.close();
            expect(simulation.queue.state().waiting).toBe(0);
          });
        }
        // A client that is closed makes no further call.
        const made = services.filter(({ at }) => closesAt === null || at < closesAt);
        for (const { at, merchant, operation, abortAfterMs } of made) {
          clock.after(at, () => {
            const abort = simulation.call(merchant, operation, operation !== PAY);
            if (abortAfterMs !== null) clock.after(abortAfterMs, abort);
          });
        }
        clock.runUntil(60_000);

        expect(calls).toHaveLength(made.length);
        expect(simulation.mostInFlight).toBeLessThanOrEqual(maxConnections);
        expect(simulation.mostWaiting).toBeLessThanOrEqual(maxQueued);
        expect(simulation.queue.state()).toMatchObject({ inFlight: 0, waiting: 0 });
        for (const call of calls) {
          expect(call.outcome).toBeDefined();
          const wasSent = !['refused', 'aborted', 'closed'].includes(call.outcome!);
          expect(call.leftAt !== undefined).toBe(wasSent);
          if (wasSent && closesAt !== null) expect(call.leftAt).toBeLessThanOrEqual(closesAt);
          expect(call.endedAt! - call.enteredAt).toBeLessThanOrEqual(timeoutMs);
          if (call.refusal) expect(call.refusal.retryAfterMs).toBeGreaterThan(0);
        }
        for (const merchant of ['1', '2']) {
          for (const operation of [PAY, QUERY, REVERSE]) {
            const left = calls.filter((call) => call.merchantId === merchant && call.operation === operation);
            const times = left.flatMap(({ leftAt }) => leftAt ?? []);
            expect(times).toEqual(times.toSorted((a, b) => a - b));
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

it('loses no place of a gateway that is too slow for all, and makes no outcome unknown', () => {
  fc.assert(
    fc.property(
      fc.record({
        timeoutMs: fc.constantFrom(1_000, 2_000, 15_000),
        share: fc.double({ min: 0.04, max: 0.45, noNaN: true }),
        connections: fc.integer({ min: 4, max: 16 }),
        callersEach: fc.integer({ min: 2, max: 12 }),
        jitter: fc.constantFrom(0, 0.1),
        pauseMs: fc.integer({ min: 50, max: 200 }),
        heedsAdvice: fc.boolean(),
        seed: fc.integer({ min: 1 }),
      }),
      ({ timeoutMs, share, connections, callersEach, jitter, pauseMs, heedsAdvice, seed }) => {
        const random = randomFrom(seed);
        const serviceMs = timeoutMs * share;
        const simulation = new Simulation(
          { serviceMs: () => serviceMs * (1 + jitter * (random() * 2 - 1)) },
          { ...DEFAULTS, maxConnections: connections, timeoutMs },
        );
        // Long pauses of few callers would leave connections idle, whatever a queue does.
        const longestMs = Math.min(pauseMs, Math.max(50, serviceMs / 4));
        const pause = (call: SimulatedCall): number =>
          heedsAdvice && call.refusal ? call.refusal.retryAfterMs : longestMs;
        keepCalling(simulation, { callers: connections * callersEach, pauseMs: pause });
        const untilMs = serviceMs * 25;
        simulation.clock.runUntil(untilMs);

        expect(count(simulation.calls, 'unknown')).toBe(0);
        const possible = (connections * untilMs) / serviceMs;
        expect(count(simulation.calls, 'answered')).toBeGreaterThanOrEqual(possible * 0.95);
      },
    ),
    { numRuns: 15 },
  );
});

it('has the first case that led here: 300 callers, 500 ms, a time-out of 1 s: no place is lost', () => {
  // With "left by half of timeoutMs", calls expired right before the places became free, and places waited for callers.
  const simulation = new Simulation({ serviceMs: () => 500 }, { ...DEFAULTS, timeoutMs: 1_000 });
  keepCalling(simulation, { callers: 300, pauseMs: () => 200 });
  simulation.clock.runUntil(20_000);
  expect(count(simulation.calls, 'unknown')).toBe(0);
  expect(count(simulation.calls, 'answered')).toBeGreaterThanOrEqual(64 * 2 * 20 * 0.95);
});

describe('a gateway that stops and comes back', () => {
  const [stopsAt, isBackAt] = [5_000, 35_000];

  test.each(
    (['holds what it gets', 'loses what it gets'] as const).flatMap((how) =>
      [1_000, 2_000, 15_000].flatMap((timeoutMs) =>
        [50, 500].flatMap((serviceMs) => [10, 150].map((callers) => [how, timeoutMs, serviceMs, callers] as const)),
      ),
    ),
  )('and %s: timeoutMs %i, %i ms, %i callers', (how, timeoutMs, serviceMs, callers) => {
    const changes: QueueChange[] = [];
    const simulation = new Simulation(
      {
        serviceMs: (_, now) => {
          if (now + serviceMs < stopsAt || now >= isBackAt) return serviceMs;
          return how === 'holds what it gets' ? isBackAt - now + serviceMs : Infinity;
        },
      },
      { ...DEFAULTS, timeoutMs, maxConnections: 32, onChange: (change) => changes.push(change) },
    );
    keepCalling(simulation, { callers, pauseMs: () => 100 });
    simulation.clock.runUntil(45_000);
    const { calls } = simulation;

    expect(avoidable(calls, timeoutMs)).toEqual([]);
    // Those that were under way, a few more until that is noticed, and the probes.
    expect(count(calls, 'unknown')).toBeLessThanOrEqual(32 + 32 + 30);
    // Probes whose answers are lost hold callers and connections until they time out: a second each.
    const held = how === 'loses what it gets' && timeoutMs === 15_000 ? 12 : 0;
    const possible = ((Math.min(callers, 32) - held) * 5_000) / serviceMs;
    if (callers > held)
      expect(count(calls, 'answered', isBackAt + 2_000, isBackAt + 7_000)).toBeGreaterThanOrEqual(possible * 0.95);
    const circuit = changes.filter(({ kind }) => kind === 'circuit');
    expect(circuit).toMatchObject([{ state: 'open', reason: 'no-answer', forMs: 0 }, { state: 'closed' }]);
    expect(simulation.queue.state().circuit).toEqual({ state: 'closed' });
  });
});

describe('the circuit', () => {
  /** Five calls without an answer. */
  function outage(): Simulation {
    let answers = false;
    const simulation = new Simulation(
      { serviceMs: (_, now) => (answers || now >= 60_000 ? 10 : Infinity) },
      { ...DEFAULTS, timeoutMs: 500, maxConnections: 8 },
    );
    answers = false;
    for (let n = 0; n < 5; n += 1) simulation.call(MERCHANT, PAY, false);
    simulation.clock.runUntil(500);
    return simulation;
  }

  it('opens after five calls in a row without an answer, and says why', () => {
    const { queue, clock } = outage();
    expect(queue.state().circuit).toEqual({ state: 'open', reason: 'no-answer', forMs: 0 });
    clock.runUntil(700);
    expect(queue.state().circuit).toEqual({ state: 'open', reason: 'no-answer', forMs: 200 });
  });

  it('stays closed where one of them was answered', () => {
    const simulation = new Simulation(
      { serviceMs: ({ id }) => (id === 2 ? 500 : Infinity) },
      { ...DEFAULTS, timeoutMs: 500 },
    );
    for (let n = 0; n < 6; n += 1) simulation.call(MERCHANT, PAY, false);
    simulation.clock.runUntil(1_000);
    expect(simulation.queue.state().circuit).toEqual({ state: 'closed' });
  });

  it('refuses at once, but for a probe each second; a query may be one after half of it', () => {
    const simulation = outage();
    const { clock, calls, queue } = simulation;
    const outcomeOf = (at: number, operation: string): SimulatedCall => {
      clock.runUntil(at);
      simulation.call(MERCHANT, operation, operation !== PAY);
      return calls.at(-1)!;
    };
    expect(outcomeOf(900, PAY)).toMatchObject({
      outcome: 'refused',
      refusal: { reason: 'circuit-open', retryAfterMs: 600 },
    });
    expect(outcomeOf(900, QUERY)).toMatchObject({ refusal: { reason: 'circuit-open', retryAfterMs: 100 } });
    expect(outcomeOf(1_000, QUERY)).toMatchObject({ leftAt: 1_000 });
    expect(queue.state().circuit.state).toBe('half-open');
    expect(outcomeOf(1_000, QUERY)).toMatchObject({ outcome: 'refused' });
    expect(outcomeOf(2_000, PAY)).toMatchObject({ leftAt: 2_000 });
    clock.runUntil(2_500);
    expect(queue.state().circuit.state).toBe('open');
  });

  it('probes less often in a long outage, and closes with the first answer', () => {
    const simulation = outage();
    keepCalling(simulation, { callers: 20, pauseMs: () => 50 });
    simulation.clock.runUntil(59_000);
    const probes = simulation.calls.filter(({ leftAt = 0 }) => leftAt > 30_500);
    expect(probes.length).toBeLessThan(25);
    simulation.clock.runUntil(64_000);
    expect(simulation.queue.state().circuit).toEqual({ state: 'closed' });
    expect(count(simulation.calls, 'answered', 62_000, 63_000)).toBeGreaterThanOrEqual(800 * 0.95);
  });

  it('tells a host that cannot be reached from one that does not answer', () => {
    const { queue } = new Simulation({ serviceMs: () => 1 }, DEFAULTS);
    const lane = queue.lane(MERCHANT, PAY, false);
    for (let n = 0; n < 5; n += 1) queue.end(queue.tryLeave(lane)!, 'no-connection');
    expect(queue.state().circuit).toMatchObject({ state: 'open', reason: 'no-connection' });
  });

  it('is not opened by callers who abort', () => {
    const { queue } = new Simulation({ serviceMs: () => 1 }, DEFAULTS);
    const lane = queue.lane(MERCHANT, PAY, false);
    for (let n = 0; n < 9; n += 1) queue.end(queue.tryLeave(lane)!, 'abandoned');
    expect(queue.state().circuit).toEqual({ state: 'closed' });
  });
});

describe('whose turn it is', () => {
  it('a query or a reversal goes before payments that wait, and payments do not starve', () => {
    const simulation = new Simulation({ serviceMs: () => 10 }, { ...DEFAULTS, maxConnections: 1 });
    for (let n = 0; n < 5; n += 1) simulation.call(MERCHANT, PAY, false);
    for (let n = 0; n < 40; n += 1) simulation.call(MERCHANT, n % 2 ? QUERY : REVERSE, true);
    simulation.clock.runUntil(10_000);
    const order = simulation.calls.toSorted((a, b) => a.leftAt! - b.leftAt!).map(({ operation }) => operation);
    expect(order.slice(1, 16)).not.toContain(PAY); // the first left before any came
    expect(order.indexOf(PAY, 1)).toBe(16);
    expect(order.filter((operation) => operation === PAY)).toHaveLength(5);
  });

  it('payments do not starve where more queries and reversals are made than a full queue holds, nor the reversal', () => {
    const simulation = new Simulation({ serviceMs: () => 10 }, { maxConnections: 2, maxQueued: 32, timeoutMs: 15_000 });
    const { clock, calls } = simulation;
    const caller = (operation: string): void => {
      simulation.call(MERCHANT, operation, operation !== PAY, ({ outcome }) => {
        clock.after(outcome === 'answered' ? 0 : 50, () => {
          caller(operation);
        });
      });
    };
    for (let n = 0; n < 30; n += 1) for (const operation of [QUERY, REVERSE, PAY]) caller(operation);
    clock.runUntil(6_000);
    const answered = (operation: string): number =>
      count(
        calls.filter((call) => call.operation === operation),
        'answered',
        1_000,
      );
    // A sixteenth for payments, and half of the rest for each of the others.
    expect(answered(PAY)).toBeGreaterThanOrEqual(50);
    expect(answered(PAY)).toBeLessThanOrEqual(75);
    expect(answered(QUERY)).toBeGreaterThanOrEqual(400);
    expect(answered(REVERSE)).toBeGreaterThanOrEqual(400);
  });

  it('a payment is taken where only its share of queries and reversals goes before it', () => {
    const simulation = new Simulation(
      { serviceMs: () => 100 },
      { maxConnections: 1, maxQueued: 100, timeoutMs: 10_000 },
    );
    simulation.call(MERCHANT, QUERY, true);
    simulation.clock.runUntil(100); // so that the pace is known
    for (let n = 0; n < 60; n += 1) simulation.call(MERCHANT, QUERY, true);
    simulation.call(MERCHANT, PAY, false);
    simulation.clock.runUntil(5_000);
    expect(simulation.calls.at(-1)).toMatchObject({ outcome: 'answered', leftAt: 1_700 });
  });

  it('merchants take turns, and so do operations: one that floods the client starves no other', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 20, max: 50 }), (connections, callersEach) => {
        const simulation = new Simulation(
          { serviceMs: () => 100 },
          { maxConnections: connections, maxQueued: 40, timeoutMs: 2_000 },
        );
        const { clock, calls } = simulation;
        const caller = (merchantId: string, operation: string): void => {
          simulation.call(merchantId, operation, false, ({ outcome }) => {
            clock.after(outcome === 'answered' ? 1 : 50, () => {
              caller(merchantId, operation);
            });
          });
        };
        for (let n = 0; n < connections * callersEach; n += 1) caller('flood', PAY);
        clock.runUntil(1_000);
        caller('1', PAY);
        caller('flood', '/pay/unifiedorder');
        clock.runUntil(11_000);

        for (const [merchantId, operation] of [
          ['1', PAY],
          ['flood', '/pay/unifiedorder'],
        ]) {
          const own = calls.filter((call) => call.merchantId === merchantId && call.operation === operation);
          expect(count(own, 'refused')).toBe(0);
          // It waits for the next free connection each time, at most one turn of each of the others.
          expect(count(own, 'answered')).toBeGreaterThanOrEqual(10_000 / 450);
        }
      }),
      { numRuns: 8 },
    );
  });

  it('in a full queue, an urgent call takes the place of the last payment', () => {
    const simulation = new Simulation({ serviceMs: () => 100 }, { maxConnections: 1, maxQueued: 3, timeoutMs: 5_000 });
    for (let n = 0; n < 5; n += 1) simulation.call(MERCHANT, PAY, false);
    expect(simulation.calls.at(-1)).toMatchObject({ outcome: 'refused', refusal: { reason: 'queue-full' } });
    simulation.call(MERCHANT, REVERSE, true);
    expect(simulation.calls[3]).toMatchObject({ outcome: 'refused', refusal: { reason: 'queue-full' } });
    simulation.clock.runUntil(1_000);
    expect(simulation.calls.map(({ leftAt }) => leftAt)).toEqual([0, 200, 300, undefined, undefined, 100]);
  });
});

describe('limits', () => {
  it('that are known: never more than so many in any second, and no fewer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 300 }), (perSecond, serviceMs) => {
        const simulation = new Simulation(
          { serviceMs: () => serviceMs },
          { ...DEFAULTS, maxConnections: 100, timeoutMs: 5_000, limits: new Map([[REVERSE, perSecond]]) },
        );
        const { clock, calls } = simulation;
        const call = (): void => {
          simulation.call(MERCHANT, REVERSE, true, ({ outcome }) => {
            clock.after(outcome === 'answered' ? 0 : 50, call);
          });
        };
        for (let n = 0; n < 250; n += 1) call();
        clock.runUntil(5_000);

        const left = calls.flatMap(({ leftAt }) => leftAt ?? []);
        for (const [index, at] of left.entries()) {
          const after = left[index + perSecond];
          if (after !== undefined) expect(after - at).toBeGreaterThanOrEqual(1_000);
        }
        expect(left.length).toBeGreaterThanOrEqual(Math.min(perSecond, (100 / serviceMs) * 1_000) * 5 * 0.9);
        expect(count(calls, 'unknown')).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  test.each([30, 150])('that are learnt: a gateway that takes %i a second', (limit) => {
    const seconds = new Map<number, number>();
    const changes: QueueChange[] = [];
    let isLimited = true;
    const simulation = new Simulation(
      {
        serviceMs: () => 40,
        isTooOften: ({ operation }, now) => {
          if (operation !== REVERSE || !isLimited) return false;
          const second = Math.floor(now / 1_000);
          const taken = seconds.get(second) ?? 0;
          seconds.set(second, taken + 1);
          return taken >= limit;
        },
      },
      { ...DEFAULTS, onChange: (change) => changes.push(change) },
    );
    const { clock, calls, queue } = simulation;
    const call = (operation: string): void => {
      simulation.call(MERCHANT, operation, true, ({ outcome, refusal }) => {
        clock.after(outcome === 'answered' ? 0 : (refusal?.retryAfterMs ?? 200), () => {
          call(operation);
        });
      });
    };
    for (let n = 0; n < 30; n += 1) call(REVERSE);
    for (let n = 0; n < 5; n += 1) call(QUERY);
    clock.runUntil(60_000);

    const of = (operation: string): SimulatedCall[] => calls.filter((each) => each.operation === operation);
    const accepted = count(of(REVERSE), 'answered', 10_000, 60_000);
    const throttled = count(of(REVERSE), 'throttled', 10_000, 60_000);
    expect(accepted).toBeGreaterThanOrEqual(limit * 50 * 0.8);
    expect(throttled).toBeLessThan(accepted * 0.05);
    expect(changes[0]).toMatchObject({ kind: 'throttled', merchantId: MERCHANT, operation: REVERSE });
    expect(queue.state().throttled).toMatchObject([{ merchantId: MERCHANT, operation: REVERSE }]);
    expect(queue.state().throttled[0]!.perSecond).toBeLessThan(limit * 1.2);
    // The other operation is not slowed down: 40 ms a call, and its turn.
    expect(count(of(QUERY), 'answered', 10_000, 60_000)).toBeGreaterThan(5 * 50 * 10);

    isLimited = false;
    clock.runUntil(130_000);
    expect(queue.state().throttled).toEqual([]);
    expect(count(of(REVERSE), 'answered', 128_000, 129_000)).toBeGreaterThan(30 * 25 * 0.95);
  });
});

describe('a limiter of the application', () => {
  const resolve = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

  it('is asked before each call, and asked again after as long as it says', async () => {
    const asked: string[] = [];
    const answers = [0, 300, 0];
    const simulation = new Simulation(
      { serviceMs: () => 10 },
      {
        ...DEFAULTS,
        limiter: ({ merchantId, operation }) => {
          asked.push(`${merchantId} ${operation}`);
          return Promise.resolve(answers.shift() ?? 0);
        },
      },
    );
    simulation.call(MERCHANT, PAY, false);
    simulation.call(MERCHANT, PAY, false);
    await resolve();
    expect(simulation.calls.map(({ leftAt }) => leftAt)).toEqual([0, undefined]);
    expect(simulation.queue.state()).toMatchObject({ inFlight: 1, waiting: 1 });
    simulation.clock.runUntil(299);
    await resolve();
    expect(asked).toHaveLength(2);
    simulation.clock.runUntil(300);
    await resolve();
    expect(simulation.calls[1]!.leftAt).toBe(300);
    expect(asked).toEqual(Array(3).fill(`${MERCHANT} ${PAY}`));
  });

  it('stops no payment where it is down, and holds no connection where it never answers', async () => {
    const changes: QueueChange[] = [];
    const onChange = (change: QueueChange): void => void changes.push(change);
    const error = new Error('no database');
    const down = new Simulation(
      { serviceMs: () => 10 },
      { ...DEFAULTS, onChange, limiter: () => Promise.reject(error) },
    );
    down.call(MERCHANT, PAY, false);
    await resolve();
    expect(down.calls[0]!.leftAt).toBe(0);
    expect(changes).toEqual([{ kind: 'limiter-failed', error }]);

    const silent = new Simulation(
      { serviceMs: () => 10 },
      { ...DEFAULTS, maxConnections: 1, limiter: () => new Promise(() => undefined) },
    );
    silent.call(MERCHANT, PAY, false);
    const abort = silent.call(MERCHANT, QUERY, true);
    abort();
    await resolve();
    silent.clock.runUntil(15_000);
    expect(silent.calls[0]).toMatchObject({ outcome: 'refused', refusal: { reason: 'throttled' } });
    expect(silent.calls.every(({ leftAt }) => leftAt === undefined)).toBe(true);
    expect(silent.queue.state()).toMatchObject({ inFlight: 0, waiting: 0 });
  });
});

it('forgets the merchants that are done, of thousands', () => {
  const simulation = new Simulation({ serviceMs: () => 1 }, DEFAULTS);
  const { queue } = simulation;
  const kept = queue.lane('kept', PAY, false);
  const flight = queue.tryLeave(kept)!;
  for (let n = 0; n < 5_000; n += 1) queue.end(queue.tryLeave(queue.lane(String(n), PAY, false))!, 'answered');
  expect(queue.lane('kept', PAY, false)).toBe(kept);
  queue.end(flight, 'answered');
});

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}
