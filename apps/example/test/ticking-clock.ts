import type { DemoClock } from '../src/demo/demo.js';

const TICK_MS = 10;

/** A clock that goes faster, and stands still while this process is too busy to look at it: how fast a machine is does not matter. */
export class TickingClock implements DemoClock {
  readonly speed: number;
  #now = Date.now();

  constructor(speed: number) {
    this.speed = speed;
    setInterval(() => (this.#now += TICK_MS * speed), TICK_MS).unref();
  }

  readonly now = (): number => this.#now;
}
