import { describe } from 'vitest';
import { describeCrashing } from './conformance/crashing.js';
import { describeFairness } from './conformance/fairness.js';
import { describeLeasing } from './conformance/leasing.js';
import type { Conformance } from './conformance/harness.js';
import { describeFinding } from './conformance/finding.js';
import { describeJournal } from './conformance/journal.js';
import { describeLooking } from './conformance/looking.js';
import { describeReconciling } from './conformance/reconciling.js';
import { describeStoring } from './conformance/storing.js';

/**
 * What each store must do, through its port alone, on a real store.
 *
 * The tests run side by side, since most of their time is waiting: `open` gives each a store of its own.
 */
export function describeStore(name: string, conformance: Conformance): void {
  // The slow ones first.
  describe.concurrent(name, () => {
    describeCrashing(conformance);
    describeLeasing(conformance);
    describeStoring(conformance);
    describeLooking(conformance);
    describeFinding(conformance);
    describeJournal(conformance);
    describeFairness(conformance);
    describeReconciling(conformance);
  });
}
