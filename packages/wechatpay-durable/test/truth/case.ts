import type { Chronicle, Deed, Left, Life, Telling } from './chronicle.js';
import type { Row } from './store.js';

/** All that a law may look at: a story that is over, and one of its orders. It asks the keeper of the truth, and the store. */
export interface Case {
  readonly life: Life;
  readonly chronicle: Chronicle;
  readonly deeds: readonly Deed[];
  readonly left: readonly Left[];
  readonly tellings: readonly Telling[];
  /** Each row as it was stored, the last one at the end. */
  readonly rows: readonly Row[];
}

/** Holds for each order of each story. */
export type Law = (about: Case, broken: (detail: string) => void) => void;
