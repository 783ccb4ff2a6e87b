import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, unknown>>;
}

const folder = fileURLToPath(new URL('../../packages', import.meta.url));
const manifests = readdirSync(folder)
  .map((name) => `${folder}/${name}/package.json`)
  .filter((file) => existsSync(file))
  .map((file) => JSON.parse(readFileSync(file, 'utf8')) as Manifest);
const versions = new Map(manifests.map(({ name, version }) => [name, version]));

describe.each(manifests)('$name', ({ name, dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }) => {
  // A dependency would be installed beside the application's own copy as soon as the two ranges part. The command line is no part of an
  // application: it brings the core along, so that `npx wechatpay-cli` works anywhere.
  it('has the others as peers, so that an application has one copy of each', () => {
    const brought = name === 'wechatpay-cli' ? ['wechatpay-core'] : [];
    expect(Object.keys(dependencies).filter((dependency) => versions.has(dependency))).toEqual(brought);
    if (name === 'nestjs-wechatpay') {
      expect(peerDependencies).toHaveProperty('wechatpay-core');
      expect(peerDependenciesMeta).not.toHaveProperty('wechatpay-core');
    }
  });

  it('takes every patch release of the others', () => {
    for (const [peer, range] of Object.entries({ ...dependencies, ...peerDependencies })) {
      const version = versions.get(peer);
      if (version === undefined) continue;
      // `^0.0.0` would take 0.0.0 alone.
      const caretIsEnough = !version.startsWith('0.0.');
      expect([peer, range]).toEqual([peer, caretIsEnough && range.startsWith('^') ? `^${version}` : `~${version}`]);
    }
  });
});
