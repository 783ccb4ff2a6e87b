import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, watch, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { putEmptyDatabase } from '../../../test/empty-database.js';
import { openFolder, type OpenFolder } from './embedded-folder.js';

const PACKAGE = fileURLToPath(new URL('../../..', import.meta.url));

interface Holder {
  readonly pid: number;
  /** The next line that it prints; undefined where it has ended. */
  readonly next: () => Promise<string | undefined>;
  readonly kill: () => void;
  /** Lets one that holds a folder close it. */
  readonly release: () => void;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

let root: string;
/** A database that is made once, and copied where a test wants one. */
let made: string;
/** As long as one is open, the next opening finds PGlite's code compiled. */
let kept: OpenFolder;
const holders: Holder[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wechatpay-folder-'));
  made = join(root, 'parents', 'are', 'made');
  await (await openFolder(made)).close();
  await putEmptyDatabase(join(root, 'kept'));
  kept = await openFolder(join(root, 'kept'), { onNote: () => undefined });
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const holder of holders.splice(0)) {
    holder.kill();
    await holder.ended;
  }
});

afterAll(async () => {
  await kept.close();
  await rm(root, { recursive: true, force: true });
});

function start(folder: string, what: string): Holder {
  const moment = what.startsWith('die:') ? what.slice('die:'.length) : undefined;
  const preload = moment !== undefined && { DIE_AT: moment, NODE_OPTIONS: '--import=./test/die-at.js' };
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/folder-holder.ts', folder, what], {
    cwd: PACKAGE,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...preload },
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const holder: Holder = {
    pid: child.pid!,
    next: async () => ((await lines.next()) as { value: string | undefined }).value,
    kill: () => child.kill('SIGKILL'),
    release: () => child.stdin.end(),
    ended: once(child, 'close').then(([code, signal]: (number | string)[]) => signal ?? code!),
  };
  holders.push(holder);
  return holder;
}

async function copyOfMade(name: string): Promise<string> {
  const folder = join(root, name);
  await cp(made, folder, { recursive: true });
  return folder;
}

async function unfinishedIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('pgdata-unfinished-'));
}

async function answer({ pglite }: OpenFolder): Promise<unknown> {
  return (await pglite.query('SELECT 42 AS answer')).rows;
}

describe('one at a time', () => {
  it('refuses a second opener in this process and in another, and frees the folder when it is closed', async () => {
    const first = await openFolder(made);
    const inUse = `${made} is in use by this process (${process.pid}): one process at a time`;
    await expect(openFolder(made)).rejects.toThrow(inUse);
    await expect(openFolder(join(made, '..', 'made'))).rejects.toThrow(inUse);

    // The refused ones opened and closed the lock's file, which must not have freed it.
    const other = start(made, 'hold');
    expect(await other.next()).toBe('opening');
    expect(await other.next()).toMatch(`refused ${made} is in use by process ${process.pid}: one process`);
    expect(await other.ended).toBe(0);

    expect(await answer(first)).toEqual([{ answer: 42 }]);
    await Promise.all([first.close(), first.close()]);
    const again = await openFolder(made);
    await first.close();
    await expect(openFolder(made)).rejects.toThrow('is in use');
    await again.pglite.close();
    await again.close();
  });

  it('names the other process, and the remedies, until that has closed it', async () => {
    const holder = start(made, 'hold');
    expect(await holder.next()).toBe('opening');
    expect(await holder.next()).toBe('open');
    const refused = openFolder(made);
    await expect(refused).rejects.toThrow(`is in use by process ${holder.pid}: one process at a time can have it.`);
    await expect(refused).rejects.toThrow('for several processes, take PostgreSQL, by a connection string.');
    holder.release();
    expect(await holder.ended).toBe(0);
    await (await openFolder(made)).close();
  });

  it('lets exactly one of two make a folder', async () => {
    const folder = join(root, 'raced');
    const racers = [start(folder, 'hold'), start(folder, 'hold')];
    const said = await Promise.all(racers.map(async ({ next }) => [await next(), await next()][1]));
    const winner = racers[said.indexOf('open')]!;
    expect(said.filter((line) => line === 'open')).toHaveLength(1);
    // The one that was refused may have come before the other had written its number.
    const refused = said.find((line) => line !== 'open');
    expect(refused).toMatch(new RegExp(`^refused ${folder} is in use by (process ${winner.pid}|another process): one`));
    winner.release();
    expect(await winner.ended).toBe(0);
    const opened = await openFolder(folder);
    expect(await answer(opened)).toEqual([{ answer: 42 }]);
    await opened.close();
  });
});

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

describe('after kill -9', () => {
  it('opens at once, with every row that was acknowledged, and lets the process end without a close', async () => {
    const folder = await copyOfMade('killed');
    const children: number[] = [];
    let acknowledged = 0;
    try {
      for (let round = 0; round < 3; round += 1) {
        const holder = start(folder, 'insert');
        expect([await holder.next(), await holder.next()]).toEqual(['opening', 'open']);
        children.push(Number((await holder.next())!.slice('child '.length)));
        const target = acknowledged + 1 + Math.floor(Math.random() * 300);
        for (let line = await holder.next(); line !== undefined; line = await holder.next()) {
          acknowledged = Number(line.slice('stored '.length));
          if (acknowledged === target) holder.kill(); // it goes on until the signal arrives; all that it printed counts
        }
        expect(await holder.ended).toBe('SIGKILL');

        if (round === 1) continue; // two in a row, without a clean close between them
        const opened = await openFolder(folder);
        const { rows } = await opened.pglite.query('SELECT line FROM lines ORDER BY line');
        const stored = (rows as { line: number }[]).map(({ line }) => line);
        expect(stored.slice(0, acknowledged)).toEqual(Array.from({ length: acknowledged }, (_, at) => at + 1));
        expect(stored.length - acknowledged).toBeLessThanOrEqual(1);
        acknowledged = stored.length;
        await opened.close();
      }
      const killed = start(folder, 'insert');
      for (let line = await killed.next(); !line?.startsWith('stored'); line = await killed.next());
      killed.kill();
      await killed.ended;
      // PGlite's timer of the recovery would keep it for ever.
      expect(await start(folder, 'leave').ended).toBe(0);
    } finally {
      for (const pid of children) endProcess(pid);
    }
  });

  // Several times initdb: a machine that is busy otherwise takes its time.
  it('makes the folder properly after deaths at any moment of making it', { timeout: 180_000 }, async () => {
    const folder = join(root, 'half-made');
    await mkdir(folder);
    const early = start(folder, 'leave');
    for await (const { filename } of watch(folder)) if ((filename ?? '').startsWith('pgdata-unfinished-')) break;
    early.kill(); // in initdb, which runs in memory
    expect(await early.ended).toBe('SIGKILL');

    const moment = Math.random() < 0.5 ? 'before-rename' : 1 + Math.floor(Math.random() * 900);
    expect(await start(folder, `die:${moment}`).ended, `${moment}`).toBe('SIGKILL');
    // What the one before left is gone.
    expect(await unfinishedIn(folder), `${moment}`).toHaveLength(1);
    expect(await readdir(folder), `${moment}`).not.toContain('pgdata');
    expect(await start(folder, 'die:after-rename').ended).toBe('SIGKILL');
    const { birthtimeMs } = await stat(join(folder, 'pgdata'));

    const opened = await openFolder(folder);
    expect(await answer(opened)).toEqual([{ answer: 42 }]);
    await opened.close();
    expect((await readdir(folder)).sort()).toEqual(['pgdata', 'wechatpay.lock']);
    expect((await stat(join(folder, 'pgdata'))).birthtimeMs).toBe(birthtimeMs);
  });
});

describe('what cannot be opened', () => {
  const foreign = [
    {
      name: 'photographs',
      file: 'photograph.jpg',
      problem: 'holds files that are not of this database. Name an empty',
    },
    { name: 'plain', file: 'PG_VERSION', problem: 'holds a database itself. Where PGlite made it' },
  ];

  it.each(foreign)('refuses a folder that holds $file, and touches nothing', async ({ name, file, problem }) => {
    const folder = join(root, name);
    await mkdir(folder);
    await writeFile(join(folder, file), '18\n');
    const before = await stat(folder);
    await expect(openFolder(folder)).rejects.toThrow(`${folder} ${problem}`);
    expect(await readdir(folder)).toEqual([file]);
    expect((await stat(folder)).mtimeMs).toBe(before.mtimeMs);
  });

  it('refuses a database of another version or none, says which, and frees the folder', async () => {
    const folder = await copyOfMade('other-version');
    const file = join(folder, 'pgdata', 'PG_VERSION');
    const version = await readFile(file, 'utf8');
    await writeFile(file, '17\n');
    await expect(openFolder(folder)).rejects.toThrow(
      /other-version\/pgdata was made by PostgreSQL 17, and this is 18\. /,
    );
    await rm(file);
    await expect(openFolder(folder)).rejects.toThrow('other-version/pgdata is damaged: PG_VERSION is missing.');
    await writeFile(file, version);
    await (await openFolder(folder)).close();
  });

  it('tells what PostgreSQL said of a broken database', async () => {
    const folder = await copyOfMade('broken');
    await rm(join(folder, 'pgdata', 'global', 'pg_control'));
    await expect(openFolder(folder)).rejects.toThrow(/broken\/pgdata could not be opened: .*pg_control/s);
    await expect(openFolder(folder)).rejects.toThrow('could not be opened'); // and not: in use
  });

  it('refuses a file, and what lies below one', async () => {
    const file = join(root, 'file');
    await writeFile(file, '');
    await expect(openFolder(file)).rejects.toThrow(`The folder ${file} is a file: name a folder.`);
    await expect(openFolder(join(file, 'below'))).rejects.toThrow('is a file, or lies below one: name a folder.');
    await expect(openFolder('')).rejects.toThrow('The path of the folder is empty');
  });

  it('refuses a folder that this user may not write', async () => {
    const folder = join(root, 'not-allowed');
    await mkdir(folder, { mode: 0o555 });
    const isRoot = process.geteuid!() === 0;
    if (isRoot) process.seteuid!(65534);
    try {
      const below = join(root, 'nobody', 'may');
      await expect(openFolder(isRoot ? below : folder)).rejects.toThrow(
        /cannot be written by this user: give the user/,
      );
    } finally {
      if (isRoot) process.seteuid!(0);
    }
  });
});

it('lets timers go on while it computes, and a transaction alone', async () => {
  const { pglite, close } = await openFolder(await copyOfMade('computing'));
  const order: string[] = [];
  const computing = pglite.query('SELECT count(*) FROM generate_series(1, 3000000)').then(() => order.push('computed'));
  setTimeout(() => order.push('timer'), 1);
  await computing;
  expect(order).toEqual(['timer', 'computed']);

  await pglite.exec('CREATE TABLE lines (line int)');
  const failure = new Error('rolled back');
  const rolledBack = pglite.transaction(async (tx) => {
    await tx.executeSql('INSERT INTO lines VALUES ($1)', [1]);
    order.push('inserted');
    throw failure;
  });
  // Asked for meanwhile: it waits for the transaction, and is not in it.
  const counted = pglite.query('SELECT count(*)::int AS count FROM lines');
  await expect(rolledBack).rejects.toBe(failure);
  expect((await counted).rows).toEqual([{ count: 0 }]);
  await expect(pglite.exec('SELECT no_such_column')).rejects.toMatchObject({ code: '42703' });
  expect(await pglite.transaction((tx) => tx.executeSql('SELECT 1 AS one'))).toEqual({ rows: [{ one: 1 }] });
  await close();
  await expect(pglite.query('SELECT 1')).rejects.toThrow('The embedded database is closed.');
});

describe('notes', () => {
  it.each([
    { environment: 'production', level: 'warn', begin: 'WARNING: ' },
    { environment: 'development', level: 'log', begin: '' },
  ])('tells once of the loss of power, as a $level in $environment', async ({ environment, level, begin }) => {
    vi.stubEnv('NODE_ENV', environment);
    const onNote = vi.fn();
    await (await openFolder(made, { onNote })).close();
    const note = expect.stringMatching(
      `^${begin}${made}: .* PGlite never calls fsync, though: a loss of power`,
    ) as string;
    expect(onNote.mock.calls).toEqual([[note, level]]);
  });

  it('locks nothing in memory, and has nothing to tell', async () => {
    const onNote = vi.fn();
    const onDisk = await openFolder(made);
    const inMemory = await openFolder(made, { onNote, memory: true });
    expect(await answer(inMemory)).toEqual([{ answer: 42 }]);
    expect(inMemory.pglite.dataDir).toBe('memory://');
    await inMemory.close();
    await onDisk.close();
    expect(onNote).not.toHaveBeenCalled();
  });
});
