import { mergeConfig } from 'vitest/config';
import { beginWith } from '../../tools/begin-with.js';
import { shared } from '../../vitest.shared.js';

// A database has to start; a lease takes ten seconds to lapse. Most of the time is waiting, so that files run side by side.
export default mergeConfig(shared, {
  test: {
    maxWorkers: 3,
    sequence: {
      sequencer: beginWith(
        'src/stores/embedded/embedded.spec.ts',
        'src/stores/embedded/embedded-folder.spec.ts',
        'test/truth/days/judge.spec.ts',
        'src/stores/postgres/postgres.spec.ts',
        'test/truth/judge.spec.ts',
        'src/stores/redis/redis-store.spec.ts',
      ),
    },
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 60_000 } },
  },
});
