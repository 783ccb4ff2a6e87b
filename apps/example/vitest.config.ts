import { mergeConfig } from 'vitest/config';
import { shared } from '../../vitest.shared.js';

// A database has to start with each application, on a machine that may be busy.
export default mergeConfig(shared, { test: { testTimeout: 120_000, hookTimeout: 120_000 } });
