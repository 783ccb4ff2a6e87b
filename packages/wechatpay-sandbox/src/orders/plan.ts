/** What will happen to an unpaid order by itself, in milliseconds since 1970. */
export interface Plan {
  readonly paysAt?: number;
  readonly refusesAt?: number;
  /** The customer pays when this many queries have been answered. */
  readonly paysAfterQueries?: number;
  /** From then on the gateway has reversed it. */
  readonly expiresAt?: number;
}

/** A step of a plan whose time has come. */
export interface Step {
  readonly at: number;
  readonly event: 'paid' | 'refused' | 'expired';
}

/** @returns the first step that is due, of an order that nobody has paid yet. */
export function dueStep(plan: Plan, isPaying: boolean, now: number): Step | undefined {
  const { paysAt = Infinity, refusesAt = Infinity, expiresAt = Infinity } = plan;
  // In the same millisecond a payment comes first, the gateway's patience last.
  if (isPaying && paysAt <= Math.min(now, refusesAt, expiresAt)) return { at: paysAt, event: 'paid' };
  if (isPaying && refusesAt <= Math.min(now, expiresAt)) return { at: refusesAt, event: 'refused' };
  return expiresAt <= now ? { at: expiresAt, event: 'expired' } : undefined;
}
