// `node tools/join-modules.js dist/index.js …`, in a package's folder, after tsc: joins the modules below these entries into as few
// files as there must be, readable as they are. An import of 80 small files takes half as long again (docs/decisions/0001-one-esm-build.md).
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const entryPoints = process.argv.slice(2);
const { metafile } = await build({
  entryPoints,
  bundle: true,
  splitting: true, // what two entries share is there once: each class, each brand
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  external: filesOf('dist', '.cjs').map((file) => `./${file}`),
  chunkNames: 'shared-[hash]',
  charset: 'utf8',
  outdir: 'dist',
  outbase: 'dist',
  allowOverwrite: true,
  metafile: true,
});

const written = new Set(Object.keys(metafile.outputs));
for (const file of filesOf('dist', '.js')) if (!written.has(file)) rmSync(file);

function filesOf(folder, extension) {
  return readdirSync(folder, { recursive: true })
    .map((file) => join(folder, file))
    .filter((file) => file.endsWith(extension));
}
