import fc from 'fast-check';
import { expect, it } from 'vitest';
import { endsWell, GROWING, PROPERTIES } from '../statement/properties.js';
import { spend } from './hostile-xml.js';

it.each(PROPERTIES)('%s', async (_, property) => {
  await fc.assert(property, spend);
});

// Sixteen times the size may cost sixteen times the time; a quadratic reader takes 256 times. Best of several, so that a busy machine
// does not matter.
it.each(Object.entries(GROWING))('takes linear time over %s', async (_, grow) => {
  const shortest = async (bytes: Buffer): Promise<number> => {
    let least = Infinity;
    for (let run = 0; run < 15; run += 1) {
      const start = process.cpuUsage();
      await endsWell(bytes, 16_384);
      const { user, system } = process.cpuUsage(start); // what others do meanwhile is not in it
      least = Math.min(least, (user + system) / 1000);
    }
    return least;
  };
  const [small, large] = [await shortest(grow(3_900)), await shortest(grow(62_400))];
  expect(large / Math.max(small, 0.1)).toBeLessThan(80);
});
