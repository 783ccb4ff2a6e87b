// Installs what is compared into bench/node_modules: the peers by the lock file, and our packages as npm would publish
// them. They are packed and installed, not linked, so that each finds the dependencies that a user would get, and so that
// a build in the meantime does not change what is being measured.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installApart, runApart } from '../tools/install-apart.js';

const PACKAGES = ['wechatpay-core', 'nestjs-wechatpay', 'wechatpay-sandbox'];
const root = fileURLToPath(new URL('..', import.meta.url));
const bench = join(root, 'bench');
const packed = join(bench, '.packed');

export function prepare() {
  installApart(bench);
  runApart(root, 'npx', ['nx', 'run-many', '-t', 'build', '-p', PACKAGES.join()]); // Nx leaves alone what is up to date
  rmSync(packed, { recursive: true, force: true });
  mkdirSync(packed);
  for (const name of PACKAGES) {
    runApart(join(root, 'packages', name), 'npm', ['pack', '--silent', '--pack-destination', packed]);
  }
  const tarballs = readdirSync(packed).map((file) => join(packed, file));
  runApart(bench, 'npm', ['install', '--no-save', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs]);
}
