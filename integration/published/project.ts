import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { packages, root, tarball, type Package } from './pack.js';
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
  /** A project in a folder of this one, which finds what is installed here. */
  within(folder: string): Project;
  /** The path of a file of what is installed, as in `typescript/bin/tsc`. */
  module(path: string): string;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/**
 * Copies a fixture, and installs what its package.json names and the tarballs of these packages.
 *
 * @param tenants folders of projects that live in folders of this one: an installation is what takes time, so they share it. A fixture's
 *   name, or a path from the root.
 */
export async function install(
  fixture: string,
  names: readonly Package[] = packages,
  tenants: readonly string[] = [],
): Promise<Project> {
  const outside = inject('outside');
  const folder = mkdtempSync(join(outside, `${fixture}-`));
  const project = projectIn(folder, folder);
  project.add(fixture, '.');
  for (const tenant of tenants) project.add(tenant, basename(tenant));
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
  const dependencies = { ...manifest.dependencies, ...manifest.devDependencies };
  for (const tenant of tenants) {
    const theirs = JSON.parse(readFileSync(join(folder, basename(tenant), 'package.json'), 'utf8')) as Manifest;
    for (const [name, version] of Object.entries({ ...theirs.dependencies, ...theirs.devDependencies })) {
      if (packages.some((ours) => ours === name)) continue;
      if ((dependencies[name] ?? version) !== version) throw new Error(`${name}: ${tenant} has another version`);
      dependencies[name] = version;
    }
  }
  project.write('package.json', JSON.stringify({ ...manifest, dependencies, devDependencies: {} }));
  const tarballs = names.map((name) => tarball(outside, name));
  await succeed(folder, 'npm', 'install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs);
  return project;
}

function projectIn(folder: string, installed: string): Project {
  return {
    folder,
    run: (command, ...args) => run(folder, command, ...args),
    add: (fixture, to) => {
      const from = fixture.includes('/') ? join(root, fixture) : join(fixtures, fixture);
      cpSync(from, join(folder, to), {
        recursive: true,
        filter: (path) => !/\/(?:node_modules|dist|data)$/.test(path),
      });
    },
    write: (path, text) => {
      writeFileSync(join(folder, path), text);
    },
    within: (inner) => projectIn(join(folder, inner), installed),
    module: (path) => join(installed, 'node_modules', path),
  };
}
