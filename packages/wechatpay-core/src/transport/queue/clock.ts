/** The time and the timers of a queue; a test gives its own. */
export interface QueueClock {
  /** Milliseconds; only differences count. */
  now(): number;
  /** The same of a clock that nobody can set: how long a call has waited. */
  stopwatch(): number;
  /** Runs once, `ms` from now, and after the answers that are there by then. */
  after(ms: number, run: () => void): void;
}

/** The process's monotonic clock: a wall clock that is set does not disturb it. */
export const systemClock: QueueClock = {
  now: () => performance.now(),
  stopwatch: () => performance.now(),
  after(ms, run) {
    // A process that stood still runs its timers before it reads: what it has not read yet is no silence of the gateway.
    setTimeout(() => setImmediate(run), ms);
  },
};

/** A clock of the caller's, which must not stop a call where it throws: then it is as late as it was before. */
export function givenClock(now: () => number): QueueClock {
  let last = 0;
  return {
    ...systemClock,
    now() {
      try {
        const time = now();
        if (Number.isFinite(time)) last = time;
      } catch {
        // As it was.
      }
      return last;
    },
  };
}
