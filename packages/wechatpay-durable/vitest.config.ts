import { mergeConfig } from 'vitest/config';
import { shared } from '../../vitest.shared.js';

// A database has to start; a lease takes ten seconds to lapse.
export default mergeConfig(shared, { test: { testTimeout: 120_000, hookTimeout: 120_000 } });
