import type { Deed, Life } from './caller.js';
import type { Heard, Keeper, Sent } from './keeper.js';

/** All that a law may look at: one act of one life, just ended. It asks the keeper of the truth, never the library. */
export interface Case {
  readonly life: Life;
  readonly keeper: Keeper;
  readonly deed: Deed;
  /** What was sent and heard in this act, of this order; and before it. */
  readonly sent: readonly Sent[];
  readonly heard: readonly Heard[];
  readonly earlier: {
    readonly sent: readonly Sent[];
    readonly heard: readonly Heard[];
    readonly deeds: readonly Deed[];
  };
  readonly timeoutMs: number;
  /** When the gateway had nothing odd left to do, by the client's clock. */
  readonly quietSince: number;
}

/** Calls `broken`, which throws, where it does not hold. */
export type Law = (about: Case, broken: (detail: string) => void) => void;

/** Whether the clock was set, so that no law can go by it. */
export function hasJumped({ deeds }: Life): boolean {
  const odd: readonly (string | undefined)[] = ['NaN', 'clock jumps'];
  return deeds.some(({ jumpedMs, act }) => jumpedMs !== 0 || odd.includes(act.trouble?.trouble));
}
