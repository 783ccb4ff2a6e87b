import { defineConfig } from 'vitest/config';

/** `npm run published`: the packages as npm would deliver them. Apart from `npm test`, since installing takes minutes. */
export default defineConfig({
  test: {
    include: ['published/**/*.spec.ts'],
    globalSetup: 'published/setup.ts',
    reporters: ['default', ['json', { outputFile: 'published-results.json' }]],
    // Each file installs a project of its own: two at a time keep the cores busy while npm waits for the network.
    maxWorkers: 2,
    // A hang must fail; how fast a registry answers must not decide.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
});
