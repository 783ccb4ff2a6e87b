// npm run changeset [-- status | version | pre exit …]: changesets. After `version`, the lock file has the new versions too.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installApart, runApart } from '../install-apart.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const given = process.argv.slice(2);

installApart(here);
const changesets = join(here, 'node_modules/@changesets/cli/bin.js');
const { status } = spawnSync(process.execPath, [changesets, ...given], { cwd: root, stdio: 'inherit' });
if (status === 0 && given[0] === 'version')
  runApart(root, 'npm', ['install', '--package-lock-only', '--ignore-scripts']);
process.exitCode = status ?? 1;
