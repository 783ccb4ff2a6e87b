import { mergeConfig } from 'vitest/config';
import { inOneProcess, shared } from '../../vitest.shared.js';

// A database has to start with some applications.
export default mergeConfig(mergeConfig(shared, inOneProcess), { test: { testTimeout: 60_000 } });
