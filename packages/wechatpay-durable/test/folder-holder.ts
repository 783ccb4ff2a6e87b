// A process that opens a folder, and ends as it is told: `node --import tsx folder-holder.ts <folder> <what>`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { openFolder } from '../src/stores/embedded/embedded-folder.js';

const [folder = '', what = ''] = process.argv.slice(2);

/** Not through a stream: what is printed is printed, whatever comes next. */
function print(line: string): void {
  fs.writeSync(1, `${line}\n`);
}

try {
  print('opening');
  const { pglite, close } = await openFolder(folder);
  print('open');
  if (what === 'insert') {
    // A child of its own outlives it, and must not inherit the lock.
    const child = spawn('sleep', ['60'], { stdio: 'ignore', detached: true });
    child.unref();
    print(`child ${child.pid ?? 0}`);
    await pglite.exec('CREATE TABLE IF NOT EXISTS lines (line int PRIMARY KEY)');
    const { rows } = await pglite.query('SELECT coalesce(max(line), 0) + 1 AS next FROM lines');
    for (let line = (rows as { next: number }[])[0]?.next ?? 1; ; line += 1) {
      await pglite.query('INSERT INTO lines VALUES ($1)', [line]);
      print(`stored ${line}`);
    }
  }
  if (what === 'hold') {
    await once(process.stdin.resume(), 'end');
    await close();
  }
  // 'leave' ends without a word to the database.
} catch (error) {
  print(`refused ${(error as Error).message}`);
}
