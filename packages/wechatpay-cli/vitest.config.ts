import { mergeConfig } from 'vitest/config';
import { inOneProcess, shared } from '../../vitest.shared.js';

export default mergeConfig(shared, inOneProcess);
