import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, test } from 'vitest';
import { root } from './pack.js';
import type { Project } from './project.js';
import type { Result } from './run.js';

const guide = readFileSync(join(root, 'docs/guides/bundlers-and-containers.md'), 'utf8');
/** The commands of the guide, as they stand there, with their line breaks. */
const recipes = [...guide.matchAll(/^```sh\n(npx esbuild[\s\S]*?)^```/gm)].map(([, command = '']) => command.trim());

const SERVES = { code: 0, stdout: 'started\nrecall false\n' };

/** Bundles, by the recipes of the guide. */
export function testBundlers(project: () => Project): void {
  /** Runs a recipe, and what it made in a folder where nothing else is. */
  async function bundle(recipe: string, prepare: (image: string) => void = () => undefined): Promise<Result> {
    rmSync(join(project().folder, 'dist'), { recursive: true, force: true });
    const built = await project().run('sh', '-c', recipe);
    expect(built).toMatchObject({ code: 0 });
    const image = mkdtempSync(join(inject('outside'), 'image-'));
    cpSync(join(project().folder, 'dist'), image, { recursive: true });
    prepare(image);
    const file = /main\.[cm]js/.exec(recipe)?.[0] ?? '';
    return project().run('node', 'gateway.mjs', image, file);
  }

  /** Gives an image the production dependencies alone, as `npm ci --omit=dev` does. */
  function withModules(image: string, ...packages: string[]): void {
    mkdirSync(join(image, 'node_modules'));
    for (const name of packages) {
      cpSync(project().module(name), join(image, 'node_modules', name), { recursive: true });
    }
  }

  test('the guide has the recipes: an ES module, CommonJS, external packages', () => {
    expect(recipes.map((recipe) => /--(?:format=\w+|packages=external)/.exec(recipe)?.[0])).toEqual([
      '--format=esm',
      '--format=cjs',
      '--packages=external',
    ]);
  });

  describe('by the guide', () => {
    test('esbuild makes an ES module that needs no node_modules', async () => {
      expect(await bundle(recipes[0] ?? '')).toMatchObject(SERVES);
    });

    test('and one in several files', async () => {
      const splitting = (recipes[0] ?? '').replace(
        '--outfile=dist/main.mjs',
        '--splitting --outdir=dist --out-extension:.js=.mjs',
      );
      expect(await bundle(`${splitting} # main.mjs`)).toMatchObject(SERVES);
    });

    test('and a minified one', async () => {
      expect(await bundle(`${recipes[0] ?? ''} --minify`)).toMatchObject(SERVES);
    });

    test('esbuild makes a CommonJS file that needs no node_modules', async () => {
      expect(await bundle(recipes[1] ?? '')).toMatchObject(SERVES);
    });

    test('esbuild leaves packages to a slim install', async () => {
      const slim = (image: string): void => {
        writeFileSync(join(image, 'package.json'), JSON.stringify({ type: 'module' }));
        const lock = JSON.parse(readFileSync(project().module('.package-lock.json'), 'utf8')) as {
          packages: Record<string, { dependencies?: Record<string, string> }>;
        };
        const needed = new Set(['wechatpay-core']);
        for (const name of needed) {
          for (const next of Object.keys(lock.packages[`node_modules/${name}`]?.dependencies ?? {})) needed.add(next);
        }
        withModules(image, ...needed);
      };
      expect(await bundle(recipes[2] ?? '', slim)).toMatchObject(SERVES);
    });
  });

  describe('it says when the client is made, before a customer comes, that', () => {
    test('an ES module without `require` cannot load undici', async () => {
      const { code, output } = await bundle(
        'npx esbuild src/main.js --bundle --platform=node --format=esm --outfile=dist/main.mjs',
      );
      expect(code).toBe(1);
      expect(output).not.toContain('started');
      expect(output).toMatch(/^transport: .* an ES module without `require`\. .*--banner:js=/);
      // The message gives the guide's own banner.
      const [banner] = /--banner:js='[^']+'/.exec(output) ?? [];
      expect(recipes[0]).toContain(banner);
    });

    test.each<[string, (image: string) => void, RegExp]>([
      [
        'undici is not there',
        () => undefined,
        /^transport: .* which cannot be loaded\. Install it beside wechatpay-core/,
      ],
      [
        'what stands in its place cannot send',
        (image) => {
          withModules(image);
          mkdirSync(join(image, 'node_modules/undici'));
          writeFileSync(join(image, 'node_modules/undici/index.js'), 'exports.Pool = class {};');
        },
        /^transport: .* what was loaded in its place cannot send/,
      ],
    ])('%s', async (_, prepare, message) => {
      const recipe = `${recipes[1] ?? ''} --external:undici`;
      const { code, output } = await bundle(recipe, prepare);
      expect(code).toBe(1);
      expect(output).not.toContain('started');
      expect(output).toMatch(message);
    });
  });
}
