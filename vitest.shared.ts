import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (name: string) => fileURLToPath(new URL(`./packages/${name}/src/index.ts`, import.meta.url));

/** What every project's tests share: packages resolve to their sources, so that a test never runs a stale build. */
export const shared = defineConfig({
  resolve: {
    alias: Object.fromEntries(
      ['wechatpay-core', 'nestjs-wechatpay', 'wechatpay-sandbox'].map((name) => [name, source(name)]),
    ),
  },
  test: {
    include: ['{src,test}/**/*.spec.ts'],
    reporters: ['default', ['json', { outputFile: 'test-results.json' }]],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
