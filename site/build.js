// `npm run docs` builds the site into site/dist; `npm run docs:dev` shows it while one writes. Its tools are installed here, by
// the lock file, the first time. Nothing but the npm registry is asked for anything, and the pages ask nobody.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installApart } from '../tools/install-apart.js';

const site = fileURLToPath(new URL('.', import.meta.url));

function run(...parameters) {
  const { status } = spawnSync(process.execPath, parameters, { cwd: site, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

installApart(site);
const isDev = process.argv.includes('--dev');
run('reference.js');
run(join('node_modules', 'vitepress', 'bin', 'vitepress.js'), isDev ? 'dev' : 'build');
if (!isDev) run('check.js');
