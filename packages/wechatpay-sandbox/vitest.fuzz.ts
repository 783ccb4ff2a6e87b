import { defineConfig } from 'vitest/config';
import { propertySeed, shared } from '../../vitest.shared.js';

/** `npm run fuzz`: for as many seconds a property as FUZZ_SECONDS says (20 by default); hours are welcome. */
export default defineConfig({
  ...shared,
  test: {
    setupFiles: [propertySeed],
    env: { PROPERTY_SEED: process.env.PROPERTY_SEED ?? 'random' },
    include: ['test/fuzz/**/*.fuzz.ts'],
    reporters: ['default', ['json', { outputFile: 'fuzz-results.json' }]],
    testTimeout: 0,
    // One at a time, so that each property has the machine to itself.
    fileParallelism: false,
  },
});
