import { defineConfig } from 'vitest/config';
import { shared } from '../../vitest.shared.js';
import { LastLine } from './chaos/last-line.js';

/** `npm run chaos`: for as many seconds as CHAOS_SECONDS says (120 by default). See chaos/settings.ts for the rest. */
export default defineConfig({
  ...shared,
  test: {
    include: ['chaos/**/*.chaos.ts'],
    reporters: ['default', ['json', { outputFile: 'chaos-results.json' }], new LastLine()],
    testTimeout: 0,
    hookTimeout: 0,
    fileParallelism: false,
  },
});
