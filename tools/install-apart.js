// Tools that few people need are installed by the command that needs them, in a folder of their own with a lock file of its own.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Installs what the lock file of a folder names, where that is not installed yet. */
export function installApart(folder) {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const installed = join(folder, 'node_modules', '.installed-lock.json');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === lock) return;
  runApart(folder, 'npm', ['ci', '--no-audit', '--no-fund']);
  writeFileSync(installed, lock);
}

/** Runs a command that has to succeed. Standard output belongs to who calls it. */
export function runApart(folder, command, parameters) {
  const options = { cwd: folder, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' };
  const { status } = spawnSync(command, parameters, options);
  if (status !== 0) throw new Error(`${command} ${parameters.join(' ')} failed in ${folder}.`);
}
