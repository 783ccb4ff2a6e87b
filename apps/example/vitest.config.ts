import { mergeConfig } from 'vitest/config';
import { shared } from '../../vitest.shared.js';

// A database has to start with each application, on a machine that may be busy. Most of the time is waiting.
export default mergeConfig(shared, { test: { maxWorkers: 2, testTimeout: 120_000, hookTimeout: 120_000 } });
