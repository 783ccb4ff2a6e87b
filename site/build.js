// `npm run docs` builds the site into site/dist; `npm run docs:dev` shows it while one writes. Its tools are installed here, by
// the lock file, the first time. Nothing but the npm registry is asked for anything, and the pages ask nobody.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const site = fileURLToPath(new URL('.', import.meta.url));
const installedLock = join(site, 'node_modules', '.installed-lock.json');

function run(command, ...parameters) {
  const { status } = spawnSync(command, parameters, {
    cwd: site,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) process.exit(status ?? 1);
}

const lock = readFileSync(join(site, 'package-lock.json'), 'utf8');
if (!existsSync(installedLock) || readFileSync(installedLock, 'utf8') !== lock) {
  run('npm', 'ci', '--no-audit', '--no-fund');
  writeFileSync(installedLock, lock);
}
const isDev = process.argv.includes('--dev');
run(process.execPath, 'reference.js');
run(process.execPath, join('node_modules', 'vitepress', 'bin', 'vitepress.js'), isDev ? 'dev' : 'build');
if (!isDev) run(process.execPath, 'check.js');
