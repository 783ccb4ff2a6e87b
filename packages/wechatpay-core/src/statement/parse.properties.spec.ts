import fc from 'fast-check';
import { it, test } from 'vitest';
import { endsWell, GROWING, PROPERTIES } from '../../test/statement/properties.js';

it.each(PROPERTIES)('%s', async (_, property) => {
  await fc.assert(property, { numRuns: 300 });
});

// In chunks of one byte and of many. Each would take minutes where the time grew with the square of the size.
test.each(Object.entries(GROWING))('takes linear time: %s', async (_, grow) => {
  await endsWell(grow(60_000), 1);
  await endsWell(grow(2_000_000), 65_536);
});
