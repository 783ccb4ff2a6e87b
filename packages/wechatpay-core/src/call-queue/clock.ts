/** The time and the timers of a queue; a test gives its own. */
export interface QueueClock {
  /** Milliseconds; only differences count. */
  now(): number;
  /** Runs once, `ms` from now. */
  after(ms: number, run: () => void): void;
}

/** The process's monotonic clock: a wall clock that is set does not disturb it. */
export const systemClock: QueueClock = {
  now: () => performance.now(),
  after(ms, run) {
    setTimeout(run, ms);
  },
};
