import { mergeConfig } from 'vitest/config';
import { shared } from '../../vitest.shared.js';

// A database has to start with each application.
export default mergeConfig(shared, { test: { testTimeout: 60_000, hookTimeout: 120_000 } });
