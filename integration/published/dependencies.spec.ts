import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { packages, root, unpack } from './pack.js';
import { billOfMaterials, type BillOfMaterials } from './sbom.js';

const words = ['no', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'];

describe.each(packages)('%s', (name) => {
  let installed: string[];
  let direct: string[];
  let bill: BillOfMaterials;

  beforeAll(async () => {
    const { text, folder } = await billOfMaterials(inject('outside'), name);
    bill = JSON.parse(text) as BillOfMaterials;
    const read = (path: string): unknown => JSON.parse(readFileSync(join(folder, path), 'utf8'));
    const lock = read('node_modules/.package-lock.json') as { packages: Record<string, unknown> };
    installed = Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, ''));
    direct = Object.keys((read('package.json') as { dependencies?: object }).dependencies ?? {});
  });

  test('the bill of materials names what was installed, and what depends on what', () => {
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name } } });
    expect(bill.components.map((component) => component.name).sort()).toEqual(installed.sort());
    expect(bill.components.filter(({ purl }) => !purl.startsWith('pkg:npm/'))).toEqual([]);
    const own = bill.dependencies.find(({ ref }) => ref.startsWith(`${name}@`))?.dependsOn ?? [];
    expect(own.map((reference) => reference.replace(/@[^@]+$/, ''))).toEqual(expect.arrayContaining(direct));
  });

  // The other packages state no number: theirs depends on the application's NestJS, or matters to tests only.
  if (name === 'wechatpay-core') {
    test('the README says how many packages one gets, and how large this one is', async () => {
      const readme = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8');
      const [, own, all, megabytes] = /(\w+) dependencies, (\w+) packages in all; ([\d.]+) MB/i.exec(readme) ?? [];
      expect([own?.toLowerCase(), all]).toEqual([words[direct.length], words[installed.length]]);
      const folder = await unpack(inject('outside'), name);
      const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      const bytes = files.reduce((sum, { parentPath, name: file }) => sum + statSync(join(parentPath, file)).size, 0);
      expect((bytes / 1e6).toFixed(1)).toBe(megabytes);
    });
  }
});
