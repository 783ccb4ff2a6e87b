import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';

type Callback = () => void;

interface Event {
  readonly at: number;
  readonly run: Callback;
}

/** A world in which nothing takes real time: whatever is to happen is an event, and time goes from one to the next. */
export class World {
  readonly #events: Event[] = [];
  #chance = 1;

  constructor(public now: number) {}

  /** What happens by chance happens in the same way each time that a story is told. */
  random(): number {
    this.#chance = (this.#chance * 48_271) % 0x7fffffff;
    return this.#chance / 0x7fffffff;
  }

  /** Has something happen `ms` from now. */
  in(ms: number, run: Callback): Event {
    const event = { at: this.now + Math.max(0, ms), run };
    const after = this.#events.findIndex(({ at }) => at > event.at);
    this.#events.splice(after < 0 ? this.#events.length : after, 0, event);
    return event;
  }

  cancel(event: Event): void {
    const index = this.#events.indexOf(event);
    if (index >= 0) this.#events.splice(index, 1);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.in(ms, resolve);
    });
  }

  /** Lets time go on until a promise is resolved, or nothing is left that could resolve it: `undefined`. */
  async until<Value>(promise: Promise<Value>, most = 20_000): Promise<PromiseSettledResult<Value> | undefined> {
    let result: PromiseSettledResult<Value> | undefined;
    promise.then(
      (value) => (result = { status: 'fulfilled', value }),
      (reason: unknown) => (result = { status: 'rejected', reason }),
    );
    await turn();
    for (let count = 0; result === undefined && count < most; count++) {
      const event = this.#events.shift();
      if (event === undefined) return undefined;
      this.now = event.at;
      event.run();
      await turn();
    }
    return result;
  }

  /** Lets time go on for so long. */
  async pass(ms: number): Promise<void> {
    await this.until(this.sleep(ms));
  }
}

const real = {
  setTimeout,
  clearTimeout,
  setImmediate,
  clearImmediate,
  sleep: timersPromises.setTimeout,
  now: Date.now,
  stopwatch: performance.now.bind(performance),
  random: Math.random,
};

/** All that can be done without waiting has been done. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    real.setImmediate(resolve);
  });
}

let world: World | undefined;
const timers = new Set<Event>();

/** Makes the timers of Node.js those of this world, until it is called without one. */
export function enter(next: World | undefined): void {
  world = next;
  timers.clear();
}

/** What the end of a process takes with it: every timer of the library. */
export function dropTimers(): void {
  for (const timer of timers) world?.cancel(timer);
  timers.clear();
}

function timer(here: World, ms: number, run: Callback): Event {
  // A timer of Node.js takes 1 ms to 24.8 days, and 1 ms for anything else.
  return pending(here, ms >= 1 && ms <= 0x7fffffff ? ms : 1, run);
}

function pending(here: World, ms: number, run: Callback): Event {
  const event = here.in(ms, () => {
    timers.delete(event);
    run();
  });
  timers.add(event);
  return event;
}

function cancel(given: unknown): void {
  if (timers.delete(given as Event)) world?.cancel(given as Event);
}

/** From here on, timers belong to the world that was entered; while there is none, to the machine. */
export function installTimers(): void {
  const virtual = {
    setTimeout: (run: Callback, ms = 0) =>
      world ? Object.assign(timer(world, ms, run), { unref: () => undefined }) : real.setTimeout(run, ms),
    clearTimeout: (given: unknown) => {
      if (!world) real.clearTimeout(given as NodeJS.Timeout);
      else cancel(given);
    },
    setImmediate: (run: (...values: unknown[]) => void, ...values: unknown[]) =>
      world
        ? pending(world, 0, () => {
            run(...values);
          })
        : real.setImmediate(run, ...values),
    clearImmediate: (given: unknown) => {
      if (!world) real.clearImmediate(given as NodeJS.Immediate);
      else cancel(given);
    },
  };
  Object.assign(globalThis, virtual);
  Date.now = () => world?.now ?? real.now();
  Math.random = () => world?.random() ?? real.random();
  // A stopwatch goes on where a clock is set.
  performance.now = () => world?.now ?? real.stopwatch();
  timersPromises.setTimeout = ((ms: number, value: unknown, { signal }: { signal?: AbortSignal } = {}) =>
    world ? sleep(world, ms, signal) : real.sleep(ms, value, { signal: signal! })) as typeof timersPromises.setTimeout;
  syncBuiltinESMExports();
}

export function removeTimers(): void {
  const { sleep: realSleep, now, stopwatch, random, ...globals } = real;
  performance.now = stopwatch;
  Math.random = random;
  Object.assign(globalThis, globals);
  Date.now = now;
  timersPromises.setTimeout = realSleep;
  syncBuiltinESMExports();
}

function sleep(here: World, ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(new DOMException('aborted', 'AbortError'));
      here.cancel(event);
    };
    const event = timer(here, ms, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
