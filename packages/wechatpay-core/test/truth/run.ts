import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Breach } from './breach.js';
import { installTimers, removeTimers } from './time.js';

/** A judge: the stories it is told, and what it does with each. */
export interface Judge<Story, Told> {
  readonly story: fc.Arbitrary<Story>;
  /** @throws {Breach} a law that was broken, with the story. */
  readonly tell: (story: Story) => Promise<Told>;
  readonly lawNames: readonly string[];
  /** How many stories the package's tests read. */
  readonly runs: number;
  /** A generator that has lost its way would prove nothing: each of these is reached at least once in so many stories. */
  readonly mustBeReached: readonly string[];
  readonly atLeastOnceIn: number;
  readonly reach: (told: Told, count: (what: string, isReached?: boolean) => void) => void;
}

/** The same stories in each `npm test`, so that a change fails for what it did; `npm run judge` takes new ones each time. */
const SEED = Number(process.env.JUDGE_SEED ?? 1);
/** Stops at the first breach, and does not look for a shorter story. */
const IS_FIRST_ENOUGH = process.env.JUDGE_FIRST !== undefined;
/** Goes on after a breach, and ends with the shortest story for each law that was broken. */
const SURVEYS = process.env.JUDGE_SURVEY !== undefined;

/** Declares the tests of a judge. */
export function describeJudge<Story, Told>(judge: Judge<Story, Told>): void {
  const { story, tell, lawNames, mustBeReached, atLeastOnceIn, reach } = judge;
  const runs = Number(process.env.JUDGE_RUNS ?? judge.runs);

  // A third of the time would go into the stacks of errors, which no law reads.
  const { stackTraceLimit } = Error;
  beforeAll(() => {
    installTimers();
    Error.stackTraceLimit = 0;
  });
  afterAll(() => {
    removeTimers();
    Error.stackTraceLimit = stackTraceLimit;
  });

  it.skipIf(SURVEYS)(`the laws hold in ${runs} stories`, { timeout: 0 }, async () => {
    const reached = new Map<string, number>(mustBeReached.map((what) => [what, 0]));
    await fc.assert(
      fc.asyncProperty(story, async (told) => {
        reach(await tell(told), (what, isReached = true) => {
          if (isReached) reached.set(what, (reached.get(what) ?? 0) + 1);
        });
      }),
      { numRuns: runs, endOnFailure: IS_FIRST_ENOUGH, seed: SEED },
    );
    console.log(`${lawNames.length} laws held. Reached: ${JSON.stringify(Object.fromEntries(reached))}`);
    for (const [what, times] of reached) expect(times, what).toBeGreaterThanOrEqual(Math.floor(runs / atLeastOnceIn));
  });

  it.runIf(SURVEYS)(`which laws are broken, in ${runs} stories`, { timeout: 0 }, async () => {
    const broken = new Map<string, number>();
    const lawOf = (error: unknown): string =>
      error instanceof Breach ? error.law : String(error).split('\n')[0]!.slice(0, 80);
    await fc.check(
      fc.asyncProperty(story, async (told) => {
        await tell(told).catch((error: unknown) => broken.set(lawOf(error), (broken.get(lawOf(error)) ?? 0) + 1));
      }),
      { numRuns: runs, seed: SEED },
    );
    for (const [law, times] of broken) {
      const onlyThis = fc.asyncProperty(story, async (told) => {
        await tell(told).catch((error: unknown) => {
          if (lawOf(error) === law) throw error;
        });
      });
      const { errorInstance } = await fc.check(onlyThis, { numRuns: runs, seed: SEED });
      console.log(`${times} stories broke this law. ${String(errorInstance)}`);
    }
    expect([...broken.keys()]).toEqual([]);
  });
}
