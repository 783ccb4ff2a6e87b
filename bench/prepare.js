// Installs what is compared into bench/node_modules: the peers by the lock file, and our packages as npm would publish
// them. They are packed and installed, not linked, so that each finds the dependencies that a user would get, and so that
// a build in the meantime does not change what is being measured.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const PACKAGES = ['wechatpay-core', 'nestjs-wechatpay', 'wechatpay-sandbox'];
const root = fileURLToPath(new URL('..', import.meta.url));
const bench = join(root, 'bench');
const packed = join(bench, '.packed');
const installedLock = join(bench, 'node_modules', '.installed-lock.json');

export function prepare() {
  const lock = readFileSync(join(bench, 'package-lock.json'), 'utf8');
  if (!existsSync(installedLock) || readFileSync(installedLock, 'utf8') !== lock) {
    run(bench, 'npm', ['ci', '--no-audit', '--no-fund']);
    writeFileSync(installedLock, lock);
  }
  run(root, 'npx', ['nx', 'run-many', '-t', 'build', '-p', PACKAGES.join()]); // Nx leaves alone what is up to date
  rmSync(packed, { recursive: true, force: true });
  mkdirSync(packed);
  for (const name of PACKAGES) {
    run(join(root, 'packages', name), 'npm', ['pack', '--silent', '--pack-destination', packed]);
  }
  const tarballs = readdirSync(packed).map((file) => join(packed, file));
  run(bench, 'npm', ['install', '--no-save', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs]);
}

function run(cwd, command, parameters) {
  // Standard output belongs to the page that --quick prints.
  const options = { cwd, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' };
  const { status } = spawnSync(command, parameters, options);
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} failed in ${cwd}.`);
}
