import { setTimeout as sleep } from 'node:timers/promises';

/** Customers who can be played, and a time that can go faster: what a sandbox lets a person try. */
export interface Demo {
  readonly clock: DemoClock;
  readonly customers: readonly { readonly name: string; readonly authCode: string }[];
}

/** The injection token of the {@link Demo}; nothing stands behind it where the gateway is the real one. */
export const DEMO = Symbol('Demo');

/** The time of a demo, for the sandbox and for who settles its orders. */
export interface DemoClock {
  /** How many times as fast as the real one it goes. */
  readonly speed: number;
  readonly now: () => number;
  readonly wait: (until: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** A clock that begins now, and goes `speed` times as fast. */
export class FastClock implements DemoClock {
  readonly speed: number;
  readonly #start = Date.now();

  constructor(speed = 1) {
    this.speed = speed;
  }

  readonly now = (): number => this.#start + Math.round((Date.now() - this.#start) * this.speed);

  readonly wait = async (until: number, signal: AbortSignal | undefined): Promise<void> => {
    const timer = sleep(Math.max((until - this.now()) / this.speed, 1), undefined, { signal });
    await timer.catch((error: unknown) => {
      if (!signal?.aborted) throw error;
    });
  };
}
