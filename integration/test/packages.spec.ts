import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { faultCatalogue } from 'wechatpay-sandbox';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly repository: { readonly url: string };
  readonly engines: { readonly node: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, unknown>>;
}

interface Locked {
  readonly version?: string;
  readonly link?: boolean;
  readonly engines?: { readonly node?: string };
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly libc?: readonly string[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(`${root}/${file}`, 'utf8');
const { packages: locked } = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> };
const manifests = readdirSync(`${root}/packages`)
  .map((name) => `packages/${name}/package.json`)
  .filter((file) => existsSync(`${root}/${file}`))
  .map((file) => JSON.parse(read(file)) as Manifest);
const versions = new Map(manifests.map(({ name, version }) => [name, version]));

it('the packages have one version, also in the lock file', () => {
  const [version] = versions.values();
  expect(new Set(versions.values())).toEqual(new Set([version]));
  expect(manifests.map(({ name }) => locked[`packages/${name}`]?.version)).toEqual(manifests.map(() => version));
});

it('the default install stays small: what few people need is installed by the command that needs it', () => {
  const isFor = (list: readonly string[] | undefined, value: string): boolean =>
    list === undefined ||
    list.includes(value) ||
    (list.every((item) => item.startsWith('!')) && !list.includes(`!${value}`));
  const onLinux = Object.entries(locked).filter(
    ([path, { link, os, cpu, libc }]) =>
      path.includes('node_modules/') && !link && isFor(os, 'linux') && isFor(cpu, 'x64') && isFor(libc, 'glibc'),
  );
  expect(onLinux.length).toBeGreaterThan(100);
  expect(onLinux.length).toBeLessThan(650);
});

describe.each(manifests)('$name', (manifest) => {
  const { name, dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifest;

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

  it('takes every compatible release of the others', () => {
    const ours = Object.entries({ ...dependencies, ...peerDependencies }).filter(([peer]) => versions.has(peer));
    const major = manifest.version.split('.')[0] ?? '';
    expect(ours.filter(([, range]) => !range.startsWith(`^${major}.`))).toEqual([]);
  });

  it('asks for a Node.js that is enough for what it needs', () => {
    // pg-boss makes a store of wechatpay-durable that most people take; for the others durable orders are optional.
    const needs = [
      ...Object.keys(dependencies),
      ...(name === 'wechatpay-durable' ? Object.keys(peerDependencies) : []),
    ];
    const minimum = (range = ''): number[] => (/>=\s*v?([\d.]+)/.exec(range)?.[1] ?? '0').split('.').map(Number);
    const older = ([a = 0, b = 0]: number[], [c = 0, d = 0]: number[]): boolean => a < c || (a === c && b < d);
    const asked = minimum(manifest.engines.node);
    const short = needs.filter((need) => older(asked, minimum(locked[`node_modules/${need}`]?.engines?.node)));
    expect(short).toEqual([]);
  });

  // npm shows it away from the repository, where a relative link leads nowhere.
  it('has a README that stands alone: each link is absolute, and one into this repository leads to a file and a heading', () => {
    const repository = manifest.repository.url.replace(/^git\+(.*)\.git$/, '$1');
    const prose = read(`packages/${name}/README.md`).replaceAll(/^```[\s\S]*?^```/gm, '');
    const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !link.startsWith('https://') && !link.startsWith('#'))).toEqual([]);
    const own = links.filter((link) => link.startsWith(`${repository}/`));
    const dead = own.filter((link) => {
      const [, file, anchor] = /^\/(?:blob|tree)\/main\/([^#]+)(?:#(.+))?$/.exec(link.slice(repository.length)) ?? [];
      if (file === undefined || !existsSync(`${root}/${file}`)) return true;
      const anchors =
        anchor === undefined
          ? []
          : [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));
      return anchor !== undefined && !anchors.includes(anchor);
    });
    expect(dead).toEqual([]);
  });
});

it('README.md counts the faults of the sandbox', () => {
  const [, count] = /(\d+) kinds of faults/.exec(read('README.md')) ?? [];
  expect(Number(count)).toBe(Object.keys(faultCatalogue).length);
});

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');
}
