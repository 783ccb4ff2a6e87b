import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { MUST_BE_REACHED, reach } from './coverage.js';
import { Breach, LAW_NAMES } from './laws.js';
import { story } from './story.js';
import { tell } from './tell.js';
import { installTimers, removeTimers } from './time.js';

const RUNS = Number(process.env.JUDGE_RUNS ?? 5000);
/** The same stories in each `npm test`, so that a change fails for what it did; `npm run judge` takes new ones each time. */
const SEED = Number(process.env.JUDGE_SEED ?? 1);
/** Stops at the first breach, and does not look for a shorter story. */
const IS_FIRST_ENOUGH = process.env.JUDGE_FIRST !== undefined;
/** Goes on after a breach, and ends with the shortest story for each law that was broken. */
const SURVEYS = process.env.JUDGE_SURVEY !== undefined;

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

it.skipIf(SURVEYS)(`the laws hold in ${RUNS} stories`, { timeout: 0 }, async () => {
  const reached = new Map<string, number>(MUST_BE_REACHED.map((what) => [what, 0]));
  let calls = 0;
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const how = await tell(told);
      calls += how.keeper.heard.length;
      reach(how, (what, isReached = true) => {
        if (isReached) reached.set(what, (reached.get(what) ?? 0) + 1);
      });
    }),
    { numRuns: RUNS, endOnFailure: IS_FIRST_ENOUGH, seed: SEED },
  );
  console.log(
    `${LAW_NAMES.length} laws held in ${calls} calls. Reached: ${JSON.stringify(Object.fromEntries(reached))}`,
  );
  for (const [what, times] of reached) expect(times, what).toBeGreaterThanOrEqual(Math.floor(RUNS / 500));
});

it.runIf(SURVEYS)(`which laws are broken, in ${RUNS} stories`, { timeout: 0 }, async () => {
  const broken = new Map<string, number>();
  const lawOf = (error: unknown): string =>
    error instanceof Breach ? error.law : String(error).split('\n')[0]!.slice(0, 80);
  await fc.check(
    fc.asyncProperty(story, async (told) => {
      await tell(told).catch((error: unknown) => broken.set(lawOf(error), (broken.get(lawOf(error)) ?? 0) + 1));
    }),
    { numRuns: RUNS, seed: SEED },
  );
  for (const [law, times] of broken) {
    const onlyThis = fc.asyncProperty(story, async (told) => {
      await tell(told).catch((error: unknown) => {
        if (lawOf(error) === law) throw error;
      });
    });
    const { errorInstance } = await fc.check(onlyThis, { numRuns: RUNS, seed: SEED });
    console.log(`${times} stories broke this law. ${String(errorInstance)}`);
  }
  expect([...broken.keys()]).toEqual([]);
});
