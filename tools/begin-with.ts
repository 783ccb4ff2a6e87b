import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BaseSequencer, type TestSequencerConstructor, type TestSpecification } from 'vitest/node';

/**
 * A sequencer that begins with the files that take longest, named longest first: nothing is left that runs alone at the end.
 *
 * By itself Vitest goes by the times of an earlier run, which a fresh clone has not, and then by size, which says little.
 *
 * @param slow paths from the project's folder. @throws {Error} one of them is not there: the list is out of date.
 */
export function beginWith(...slow: readonly string[]): TestSequencerConstructor {
  return class extends BaseSequencer {
    override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
      const { root } = this.ctx.config;
      const missing = slow.find((path) => !existsSync(join(root, path)));
      if (missing !== undefined) throw new Error(`beginWith: ${missing} is not there. Name a file that is, or none.`);
      const places = new Map(slow.map((path, place) => [join(root, path), place]));
      const placeOf = ({ moduleId }: TestSpecification): number => places.get(moduleId) ?? slow.length;
      return (await super.sort(files)).sort((one, other) => placeOf(one) - placeOf(other));
    }
  };
}
