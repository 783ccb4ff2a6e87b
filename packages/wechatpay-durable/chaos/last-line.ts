import type { Reporter, TestCase } from 'vitest/node';

declare module 'vitest' {
  interface TaskMeta {
    /** How many orders were judged, and of how many the store, the ledger and the answers did not agree. */
    orders?: { readonly passed: number; readonly failed: number };
  }
}

/** Each order's check counts as one: says so last, after what vitest says of its own tests. */
export class LastLine implements Reporter {
  #orders: TestCase['meta'] extends () => infer Meta ? Meta : never = {};

  onTestCaseResult(test: TestCase): void {
    if (test.meta().orders) this.#orders = test.meta();
  }

  onTestRunEnd(): void {
    const { passed, failed } = this.#orders.orders ?? { passed: 0, failed: 1 };
    // After the other reporters, whoever of them is still at work.
    process.once('exit', () => {
      console.log(`${passed} passed, ${failed} failed`);
    });
  }
}
