import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const guide = readFileSync(fileURLToPath(new URL('../../../docs/guides/command-line.md', import.meta.url)), 'utf8');

/** The names that the guide gives for the result of a command. */
export function documentedNames(command: string): readonly string[] {
  const [, row = ''] = new RegExp(`^\\| \`${command}\` +\\| (.*)\\|$`, 'm').exec(guide) ?? [];
  const names = [...row.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
  return row.includes('as `query`') ? [...names, ...documentedNames('query')] : names;
}
