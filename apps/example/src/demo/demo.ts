import type { DurableOrders } from 'wechatpay-durable';

/** Customers who can be played, and a time that can go faster: what a sandbox lets a person try. */
export interface Demo {
  readonly clock: DemoClock;
  readonly customers: readonly { readonly name: string; readonly authCode: string }[];
  /** Makes a day that shows what a morning after can bring. */
  readonly sampleDay?: () => Promise<SampleDay>;
}

/** A day of a shop of its own, reconciled. */
export interface SampleDay {
  readonly durableOrders: DurableOrders;
  /** As in `20260301`. */
  readonly date: string;
}

/** The injection token of the {@link Demo}; nothing stands behind it where the gateway is the real one. */
export const DEMO = Symbol('Demo');

/** The time of a demo, for the sandbox and for who resolves its orders. */
export interface DemoClock {
  /** How many times as fast as the real one it goes. */
  readonly speed: number;
  readonly now: () => number;
}

/** A clock that begins now, and goes `speed` times as fast. */
export class FastClock implements DemoClock {
  readonly speed: number;
  readonly #start = Date.now();

  constructor(speed = 1) {
    this.speed = speed;
  }

  readonly now = (): number => this.#start + Math.round((Date.now() - this.#start) * this.speed);
}
