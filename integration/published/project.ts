import { cpSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { packages, tarball, type Package } from './pack.js';
import { run, succeed, type Result } from './run.js';

const fixtures = fileURLToPath(new URL('../fixtures', import.meta.url));

/** A throw-away project outside of the repository. It goes when the tests end. */
export interface Project {
  readonly folder: string;
  /** Runs a command in it. */
  run(command: string, ...args: string[]): Promise<Result>;
  /** Copies another fixture into a folder of it. */
  add(fixture: string, to: string): void;
  write(path: string, text: string): void;
}

/** Copies a fixture, and installs what its package.json names and the tarballs of these packages. */
export async function install(fixture: string, names: readonly Package[] = packages): Promise<Project> {
  const outside = inject('outside');
  const folder = mkdtempSync(join(outside, `${fixture}-`));
  const add = (other: string, to: string): void => {
    cpSync(join(fixtures, other), join(folder, to), { recursive: true });
  };
  add(fixture, '.');
  const tarballs = names.map((name) => tarball(outside, name));
  await succeed(folder, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs);
  return {
    folder,
    run: (command, ...args) => run(folder, command, ...args),
    add,
    write: (path, text) => {
      writeFileSync(join(folder, path), text);
    },
  };
}
