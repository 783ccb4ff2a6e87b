import { rmSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { pack } from './pack.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with the tarballs, outside of the repository. */
    outside: string;
  }
}

/** Packs once for all tests. */
export default async function setup(project: TestProject): Promise<() => void> {
  const outside = await pack();
  project.provide('outside', outside);
  return () => {
    rmSync(outside, { recursive: true });
  };
}
