import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Upkeep } from './upkeep.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('does a duty at its first time, and then each time', async () => {
  const act = vi.fn(() => Promise.resolve());
  const upkeep = new Upkeep([{ everyMs: 60_000, firstMs: 5_000, do: act }], vi.fn());
  await vi.advanceTimersByTimeAsync(4_999);
  expect(act).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(act).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(act).toHaveBeenCalledTimes(3);
  await upkeep.stop();
  await vi.advanceTimersByTimeAsync(120_000);
  expect(act).toHaveBeenCalledTimes(3);
});

it('stops one of many steps after the current one, and waits for that', async () => {
  let steps = 0;
  const upkeep = new Upkeep(
    [
      {
        everyMs: 60_000,
        do: async (signal) => {
          while (!signal.aborted) {
            await new Promise((resolve) => setTimeout(resolve, 100));
            steps += 1;
          }
        },
      },
    ],
    vi.fn(),
  );
  await vi.advanceTimersByTimeAsync(60_250);
  expect(steps).toBe(2);
  let isStopped = false;
  const stopping = upkeep.stop().then(() => (isStopped = true));
  await vi.advanceTimersByTimeAsync(40);
  expect(isStopped).toBe(false);
  await vi.advanceTimersByTimeAsync(10);
  await stopping;
  expect(steps).toBe(3);
});

it('tells what fails, and does it again at the next time', async () => {
  const onProblem = vi.fn();
  const failure = new Error('away');
  const upkeep = new Upkeep([{ everyMs: 1_000, do: () => Promise.reject(failure) }], onProblem);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(onProblem.mock.calls).toEqual([[failure], [failure]]);
  await upkeep.stop();
});
