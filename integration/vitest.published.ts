import { defineConfig } from 'vitest/config';
import { beginWith } from '../tools/begin-with.js';

/** `npm run published`: the packages as npm would deliver them. Apart from `npm test`, since installing takes minutes. */
export default defineConfig({
  test: {
    include: ['published/**/*.spec.ts'],
    globalSetup: 'published/setup.ts',
    reporters: ['default', ['json', { outputFile: 'published-results.json' }]],
    // Each file installs a project of its own: three at a time keep the cores busy while npm waits for the network.
    maxWorkers: 3,
    sequence: {
      sequencer: beginWith('published/applications.spec.ts', 'published/nest-12.spec.ts', 'published/nest-11.spec.ts'),
    },
    // A hang must fail; how fast a registry answers must not decide.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
