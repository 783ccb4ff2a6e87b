import { mkdtempSync, readdirSync, realpathSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { succeed } from './run.js';

export const packages = [
  'wechatpay-core',
  'wechatpay-durable',
  'nestjs-wechatpay',
  'wechatpay-sandbox',
  'wechatpay-cli',
] as const;

export type Package = (typeof packages)[number];

export const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Builds the packages and packs them as `npm publish` would.
 *
 * @returns the folder with the tarballs: outside of the repository, so that nothing below it sees the node_modules here.
 */
export async function pack(): Promise<string> {
  const outside = mkdtempSync(join(realpathSync(tmpdir()), 'wechatpay-published-'));
  await succeed(root, 'npm', 'run', 'build');
  await succeed(
    root,
    'npm',
    'pack',
    ...packages.flatMap((name) => ['--workspace', name]),
    '--pack-destination',
    outside,
  );
  return outside;
}

/** The tarball of a package. */
export function tarball(outside: string, name: Package): string {
  const file = readdirSync(outside).find((entry) => entry.startsWith(`${name}-`) && entry.endsWith('.tgz'));
  if (file === undefined) throw new Error(`${name} was not packed`);
  return join(outside, file);
}

/** Unpacks a tarball. @returns a folder with the package's name, as it has in node_modules. */
export async function unpack(outside: string, name: Package): Promise<string> {
  const around = mkdtempSync(join(outside, 'unpacked-'));
  await succeed(around, 'tar', '-xzf', tarball(outside, name));
  renameSync(join(around, 'package'), join(around, name));
  return join(around, name);
}
