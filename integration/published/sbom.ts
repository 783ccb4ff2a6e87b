import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tarball, unpack, type Package } from './pack.js';
import { succeed } from './run.js';

/** The part of a CycloneDX document that the tests read. */
export interface BillOfMaterials {
  readonly bomFormat: string;
  readonly metadata: { readonly component: { readonly name: string; readonly purl: string } };
  readonly components: readonly { readonly name: string; readonly purl: string }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: unknown;
}

/**
 * What npm installs for one package from its tarball, peers included, as a CycloneDX document.
 *
 * Not of the workspace: that would list the versions in the repository's lock file, which no user gets.
 *
 * @returns the document, and the folder in which the package was installed.
 */
export async function billOfMaterials(outside: string, name: Package): Promise<{ text: string; folder: string }> {
  const folder = await unpack(outside, name);
  const path = join(folder, 'package.json');
  const { devDependencies: _, ...manifest } = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  writeFileSync(path, JSON.stringify(manifest));
  // Of this release, not of what a registry may have under the name.
  const own =
    'wechatpay-core' in { ...manifest.dependencies, ...manifest.peerDependencies }
      ? [tarball(outside, 'wechatpay-core')]
      : [];
  await succeed(folder, 'npm', 'install', '--no-save', '--no-audit', '--no-fund', '--prefer-offline', ...own);
  return { folder, text: await succeed(folder, 'npm', 'sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'library') };
}
