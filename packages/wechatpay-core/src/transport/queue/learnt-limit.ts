/** A refusal for frequency slows down to this share of what the gateway has just accepted. */
const BACK_OFF = 0.8;
const LEAST_PER_SECOND = 1;
/** Growth a second without a refusal: fast up to 0.9 of the rate that was refused, slow from there on. */
const FAST_GROWTH = 1.25;
const SLOW_GROWTH = 1.02;
const NEAR = 0.9;
/** At so many times the rate that was refused, half a minute later, the limit is forgotten. */
const FORGOTTEN_AT = 2;
/** What the rate gives in so many milliseconds may leave at once. */
const BURST_MS = 100;
/** A gateway that counts by the second refuses until the second is over: what left so soon after slowing down says nothing new. */
const RESOLVING_MS = 1_000;

/**
 * A rate that nobody knows beforehand, learnt from the gateway's refusals: they slow down, and time without one speeds up again.
 */
export class LearntLimit {
  readonly #accepted = new SecondCounter();
  #perSecond: number | undefined;
  #refusedRate = 0;
  #slowedAt = 0;
  #grownAt = 0;
  /** When the next call would leave, were all spaced evenly. */
  #nextAt = 0;

  /** Calls a second; undefined where the gateway has refused none. */
  perSecond(now: number): number | undefined {
    if (this.#perSecond === undefined) return undefined;
    this.#perSecond = grown(this.#perSecond, this.#refusedRate, (now - this.#grownAt) / 1_000);
    this.#grownAt = now;
    if (this.#perSecond >= this.#refusedRate * FORGOTTEN_AT) this.#perSecond = undefined;
    return this.#perSecond;
  }

  /** In how many milliseconds the next call may leave; 0: now. */
  readyInMs(now: number): number {
    const perSecond = this.perSecond(now);
    if (perSecond === undefined) return 0;
    // A clock that was set back must not stop the calls for as long.
    return Math.min(Math.max(0, this.#nextAt - BURST_MS - now), 1_000 / perSecond);
  }

  left(now: number): void {
    if (this.#perSecond !== undefined) this.#nextAt = Math.max(this.#nextAt, now) + 1_000 / this.#perSecond;
  }

  accepted(now: number): void {
    this.#accepted.add(now);
  }

  /** The gateway refused a call that had left at `leftAt`. @returns whether that slowed it down. */
  refused(leftAt: number, now: number): boolean {
    const before = this.perSecond(now);
    if (before !== undefined && leftAt < this.#slowedAt + RESOLVING_MS) return false;
    const accepted = this.#accepted.perSecond(now);
    this.#refusedRate = Math.max(before ?? accepted, LEAST_PER_SECOND);
    this.#perSecond = Math.max(Math.min(before ?? Infinity, accepted) * BACK_OFF, LEAST_PER_SECOND);
    this.#slowedAt = this.#grownAt = now;
    this.#nextAt = now + BURST_MS;
    return true;
  }
}

function grown(perSecond: number, refusedRate: number, seconds: number): number {
  const near = refusedRate * NEAR;
  const untilNear = perSecond < near ? Math.log(near / perSecond) / Math.log(FAST_GROWTH) : 0;
  if (seconds <= untilNear) return perSecond * FAST_GROWTH ** Math.max(0, seconds);
  return Math.max(perSecond, near) * SLOW_GROWTH ** (seconds - untilNear);
}

/** How many there were in a second: the more of this one so far, and of the one before. */
class SecondCounter {
  #second = 0;
  #now = 0;
  #before = 0;

  add(now: number): void {
    this.#turn(now);
    this.#now += 1;
  }

  perSecond(now: number): number {
    this.#turn(now);
    return Math.max(this.#now, this.#before);
  }

  #turn(now: number): void {
    const second = Math.floor(now / 1_000);
    if (second === this.#second) return;
    this.#before = second === this.#second + 1 ? this.#now : 0;
    this.#now = 0;
    this.#second = second;
  }
}
