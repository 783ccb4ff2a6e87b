import { mergeConfig } from 'vitest/config';
import { shared } from '../../vitest.shared.js';

// A database has to start with some applications.
export default mergeConfig(shared, { test: { testTimeout: 60_000 } });
