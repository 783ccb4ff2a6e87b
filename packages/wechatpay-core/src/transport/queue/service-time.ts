/** As many answers are remembered, and for this long. */
const SAMPLES = 64;
const REMEMBERED_MS = 30_000;

/** How long the gateway takes now, in milliseconds: by the last answers, and by how long those who wait have waited. */
export interface GatewayPace {
  /** The mean of the last answers; undefined where there are none. */
  readonly typicalMs: number | undefined;
  /** The slowest of the last answers; undefined where there are none. */
  readonly slowestMs: number | undefined;
  /** For how long calls have been under way and nobody has been answered: an answer takes at least this. */
  readonly silenceMs: number;
}

/** The last answers of the gateway: a call that ended without one counts as long as it was waited for. */
export class ServiceTime {
  readonly #took = new Float64Array(SAMPLES);
  readonly #endedAt = new Float64Array(SAMPLES);
  #count = 0;

  add(tookMs: number, now: number): void {
    const index = this.#count % SAMPLES;
    this.#took[index] = Math.max(0, tookMs);
    this.#endedAt[index] = now;
    this.#count += 1;
  }

  /** After an outage: what was measured before it says nothing of now. */
  clear(): void {
    this.#count = 0;
  }

  pace(now: number, silenceMs: number): GatewayPace {
    let sum = 0;
    let slowest = 0;
    let recent = 0;
    for (let index = 0; index < Math.min(this.#count, SAMPLES); index += 1) {
      if (now - (this.#endedAt[index] ?? 0) > REMEMBERED_MS) continue;
      const took = this.#took[index] ?? 0;
      sum += took;
      slowest = Math.max(slowest, took);
      recent += 1;
    }
    return recent === 0
      ? { typicalMs: undefined, slowestMs: undefined, silenceMs }
      : { typicalMs: sum / recent, slowestMs: slowest, silenceMs };
  }
}

/**
 * The rule for leaving early enough: how long a call may wait in the queue, in milliseconds, so that it can still be answered
 * within `timeoutMs`.
 *
 *     needed   = the slowest of the last answers, or the present silence where that is longer
 *     reserve  = a quarter of needed, at least a tenth of timeoutMs; at most half of what needed leaves
 *     may wait = timeoutMs - needed - reserve
 *
 * With `timeoutMs` 15,000 and a gateway of 500 ms that is 13,000; of 5,000 ms, 8,500. With `timeoutMs` 1,000 and 500 ms it is
 * 375. Before the first answer nothing is known of the gateway, and the rule is half of `timeoutMs`.
 */
export function mayWaitMs(timeoutMs: number, { slowestMs, silenceMs }: GatewayPace): number {
  const neededMs = Math.max(slowestMs ?? 0, silenceMs);
  const leftMs = Math.max(0, timeoutMs - neededMs);
  const reserveMs = Math.min(Math.max(neededMs / 4, timeoutMs / 10), leftMs / 2);
  return Math.min(leftMs - reserveMs, slowestMs === undefined ? timeoutMs / 2 : Infinity);
}
