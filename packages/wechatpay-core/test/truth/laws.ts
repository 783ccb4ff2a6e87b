import type { Case } from './law.js';
import { LAWS_OF_CONDUCT } from './laws-of-conduct.js';
import { LAWS_OF_MONEY } from './laws-of-money.js';

/** A law that was broken. */
export class Breach extends Error {
  override readonly name = 'Breach';

  constructor(
    readonly law: string,
    detail: string,
  ) {
    super(`${law}: ${detail}`);
  }
}

const LAWS = { ...LAWS_OF_CONDUCT, ...LAWS_OF_MONEY };

export const LAW_NAMES = Object.keys(LAWS);

/** @throws {Breach} the first law that does not hold. */
export function judge(about: Case): void {
  for (const [law, holds] of Object.entries(LAWS)) {
    holds(about, (detail) => {
      throw new Breach(law, detail);
    });
  }
}
