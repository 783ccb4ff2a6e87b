// npm run sbom: writes dist/<package>.cdx.json, the CycloneDX bill of materials of each package as npm installs it.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pack, packages } from './published/pack.js';
import { billOfMaterials } from './published/sbom.js';

const dist = fileURLToPath(new URL('dist', import.meta.url));
mkdirSync(dist, { recursive: true });

const outside = await pack();
try {
  for (const name of packages) {
    const { text } = await billOfMaterials(outside, name);
    writeFileSync(`${dist}/${name}.cdx.json`, text);
    console.log(`${dist}/${name}.cdx.json`);
  }
} finally {
  rmSync(outside, { recursive: true });
}
