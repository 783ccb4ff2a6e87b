/** The time by a clock of the caller's, or by the machine's where that one throws: it must not keep an order from being reversed. */
export function timeBy(now: () => number): number {
  try {
    const time = now();
    return Number.isFinite(time) ? time : Date.now();
  } catch {
    return Date.now();
  }
}
