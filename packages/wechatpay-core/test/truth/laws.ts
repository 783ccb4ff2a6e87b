import { assertLaws } from './breach.js';
import type { Case } from './law.js';
import { LAWS_OF_CONDUCT } from './laws-of-conduct.js';
import { LAWS_OF_MONEY } from './laws-of-money.js';

const LAWS = { ...LAWS_OF_CONDUCT, ...LAWS_OF_MONEY };

export const LAW_NAMES = Object.keys(LAWS);

/** @throws {Breach} the first law that does not hold. */
export function judge(about: Case): void {
  assertLaws(LAWS, about);
}
