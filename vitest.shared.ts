import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(`./packages/${path}`, import.meta.url));

/** Property tests begin with the same seed in each run. */
export const propertySeed = fileURLToPath(new URL('./tools/property-seed.js', import.meta.url));

/** What every project's tests share: packages resolve to their sources, so that a test never runs a stale build. */
export const shared = defineConfig({
  resolve: {
    // The longer name first: an alias also matches as a prefix.
    alias: {
      'nestjs-wechatpay/durable': source('nestjs-wechatpay/src/durable.ts'),
      'nestjs-wechatpay/testing': source('nestjs-wechatpay/src/testing/index.ts'),
      'nestjs-wechatpay/config': source('nestjs-wechatpay/src/wechatpay.config.ts'),
      'nestjs-wechatpay': source('nestjs-wechatpay/src/index.ts'),
      'wechatpay-durable/postgres': source('wechatpay-durable/src/stores/postgres/postgres.ts'),
      'wechatpay-durable/embedded': source('wechatpay-durable/src/stores/embedded/embedded.ts'),
      'wechatpay-durable/memory': source('wechatpay-durable/src/stores/memory.ts'),
      'wechatpay-durable/redis': source('wechatpay-durable/src/stores/redis/redis-store.ts'),
      'wechatpay-durable/opentelemetry': source('wechatpay-durable/src/opentelemetry/index.ts'),
      'wechatpay-durable': source('wechatpay-durable/src/index.ts'),
      'wechatpay-core/resolution': source('wechatpay-core/src/resolution/index.ts'),
      'wechatpay-core/opentelemetry': source('wechatpay-core/src/opentelemetry/index.ts'),
      'wechatpay-core': source('wechatpay-core/src/index.ts'),
      'wechatpay-sandbox': source('wechatpay-sandbox/src/index.ts'),
    },
  },
  test: {
    include: ['{src,test}/**/*.spec.ts'],
    setupFiles: [propertySeed],
    reporters: ['default', ['json', { outputFile: 'test-results.json' }]],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});

/**
 * The files of a worker in one process, which loads the modules once: to load them for each file takes longer than most files' tests.
 *
 * What a test changes for the whole process is undone before the next, also where that is in another file.
 */
export const inOneProcess = defineConfig({
  test: {
    isolate: false,
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    // What is said once in a process about the machine's proxies must be left to the test that reads it.
    env: { HTTPS_PROXY: '', https_proxy: '', ALL_PROXY: '', all_proxy: '' },
  },
});
