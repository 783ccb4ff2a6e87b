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

/** @throws {Breach} the first law that does not hold. */
export function assertLaws<Case>(
  laws: Readonly<Record<string, (about: Case, broken: (detail: string) => void) => void>>,
  about: Case,
): void {
  for (const [law, holds] of Object.entries(laws)) {
    holds(about, (detail) => {
      throw new Breach(law, detail);
    });
  }
}
