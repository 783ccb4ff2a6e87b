import { mergeConfig } from 'vitest/config';
import { beginWith } from '../../tools/begin-with.js';
import { shared } from '../../vitest.shared.js';

// A database has to start with each application, on a machine that may be busy. Most of the time is waiting.
export default mergeConfig(shared, {
  test: {
    maxWorkers: 2,
    sequence: {
      sequencer: beginWith(
        'src/main.spec.ts',
        'src/till/unclear.browser.spec.ts',
        'src/till/kill.browser.spec.ts',
        'src/till/browser.spec.ts',
      ),
    },
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
