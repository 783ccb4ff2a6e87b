// Every file of the project, without what is installed or built: also in a copy that is no git repository.
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

/** As .gitignore has it. */
const SKIPPED = new Set([
  'node_modules',
  'dist',
  'coverage',
  '.git',
  '.nx',
  '.samples',
  'data',
  'reference',
  'cache',
  '.temp',
]);

const WRITTEN = /(?:-results\.json|\.tsbuildinfo|\.tgz)$|^\.env$/;

/** @returns {string[]} paths from `root`, with `/`, sorted */
export function sourceFiles(root) {
  const walk = (folder) =>
    readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      if (SKIPPED.has(entry.name) || WRITTEN.test(entry.name)) return [];
      const path = join(folder, entry.name);
      return entry.isDirectory() ? walk(path) : [relative(root, path).replaceAll('\\', '/')];
    });
  return walk(root).sort();
}
