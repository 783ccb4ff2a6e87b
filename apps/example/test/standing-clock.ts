import type { DemoClock } from '../src/demo/demo.js';

/** A clock that stands still until a test moves it: the application's, its store's and its sandbox's. */
export class StandingClock implements DemoClock {
  readonly speed = 1;
  #now = Date.now();

  readonly now = (): number => this.#now;

  advance(ms: number): void {
    this.#now += ms;
  }
}
