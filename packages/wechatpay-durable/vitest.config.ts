import { mergeConfig } from 'vitest/config';
import { shared } from '../../vitest.shared.js';

// A database has to start; a lease takes ten seconds to lapse. Most of the time is waiting, so that files run side by side.
export default mergeConfig(shared, {
  test: { maxWorkers: 3, testTimeout: 240_000, hookTimeout: 240_000, expect: { poll: { timeout: 60_000 } } },
});
