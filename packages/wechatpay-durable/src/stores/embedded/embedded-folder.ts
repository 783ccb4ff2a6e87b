import { closeSync, constants, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { DurableOrdersError } from '../../errors.js';
import { loadPeer } from '../options.js';
import { PgliteHost, StartError } from './pglite-host.js';

export interface FolderOptions {
  /** Keeps nothing: for tests. So does the path `memory://`. @default false */
  readonly memory?: boolean | undefined;
  /** Told once, at opening, against what this store is not safe: a `warn` under NODE_ENV=production. */
  readonly onNote?: ((message: string, level: 'log' | 'warn') => void) | undefined;
}

export interface OpenFolder {
  readonly pglite: PgliteHost;
  /** Closes the database and frees the folder; once, however often it is called. */
  readonly close: () => Promise<void>;
}

/** The database lies one level down: the folder may be a mounted volume, which cannot be renamed into place. */
const DATABASE = 'pgdata';
const UNFINISHED = 'pgdata-unfinished-';
const LOCK = 'wechatpay.lock';

/**
 * Opens the embedded PostgreSQL database in a folder, or makes it there: for one process at a time.
 *
 * @param path made where it is missing, with its parents; empty, or made by this function. `memory://` for none.
 * @throws {DurableOrdersError} another process has it; it holds something else, or another version's database; it cannot be used, or an
 * optional peer is missing. The message gives the remedy; the folder is free again.
 */
export async function openFolder(path: string, options: FolderOptions = {}): Promise<OpenFolder> {
  const isMemory = options.memory === true || path.startsWith('memory://');
  if (isMemory) return opened(await startPglite('memory://'), () => undefined);
  if (path === '') throw unusable('The path of the folder is empty: name one, or memory:// for tests.');

  const folder = resolve(path);
  await prepare(folder);
  const unlock = await lock(folder);
  try {
    const database = join(folder, DATABASE);
    await removeUnfinished(folder);
    if (!existsSync(database)) await make(folder, database);
    else if (!existsSync(join(database, 'PG_VERSION'))) throw damaged(database);
    tellOfPowerLoss(folder, options.onNote);
    return opened(await startPglite(database), unlock);
  } catch (error) {
    unlock();
    throw isSystemError(error) ? unusableBy(folder, error) : error;
  }
}

function opened(pglite: PgliteHost, unlock: () => void): OpenFolder {
  let closing: Promise<void> | undefined;
  const closeOnce = async (): Promise<void> => {
    try {
      if (!pglite.closed) await pglite.close();
    } finally {
      unlock();
    }
  };
  return { pglite, close: () => (closing ??= closeOnce()) };
}

/** Makes the folder, or looks at what it holds, and touches nothing of that. */
async function prepare(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const names = (await readdir(folder)).filter((name) => name !== 'lost+found');
    const isOurs = names.length === 0 || names.includes(LOCK) || existsSync(join(folder, DATABASE, 'PG_VERSION'));
    if (isOurs) return;
    const remedy = names.includes('PG_VERSION')
      ? `a database itself. Where PGlite made it, and no process has it open, move all of it into ${join(folder, DATABASE)}`
      : 'files that are not of this database. Name an empty folder, or one that does not exist yet';
    throw unusable(`${folder} holds ${remedy}; nothing in it was touched.`);
  } catch (error) {
    throw isSystemError(error) ? unusableBy(folder, error) : error;
  }
}

interface FileLocks {
  /** On Linux, macOS and Windows alike, the lock is the descriptor's: a second one is refused in this process as well. */
  readonly tryLock: (descriptor: number) => boolean;
}

/** Takes the folder's lock. The system frees it when this process ends, whatever ends it; child processes do not inherit it. */
async function lock(folder: string): Promise<() => void> {
  const { tryLock } = await loadFileLocks();
  let descriptor: number;
  try {
    descriptor = openSync(join(folder, LOCK), constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (error) {
    throw unusableBy(folder, error as Error);
  }
  try {
    if (!isLocked(tryLock, descriptor, folder)) throw taken(folder);
    ftruncateSync(descriptor);
    writeSync(descriptor, JSON.stringify({ pid: process.pid, host: hostname() }), 0);
  } catch (error) {
    closeSync(descriptor);
    throw isSystemError(error) ? unusableBy(folder, error) : error;
  }
  let isHeld = true;
  // The file stays: one that is deleted while another opener has it open would be locked twice.
  return () => {
    if (isHeld) closeSync(descriptor);
    isHeld = false;
  };
}

function isLocked(tryLock: FileLocks['tryLock'], descriptor: number, folder: string): boolean {
  try {
    return tryLock(descriptor);
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (code === 'EBUSY' || code === 'EACCES') return false; // as some systems say it
    throw unusable(`The file system of ${folder} cannot lock files (${code}): name a folder on a local disk.`, cause);
  }
}

async function loadFileLocks(): Promise<FileLocks> {
  try {
    // @ts-expect-error It ships no types.
    return await loadPeer('fs-native-extensions', () => import('fs-native-extensions') as Promise<FileLocks>);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ADDON_NOT_FOUND' && code !== 'CANNOT_LOAD') throw cause;
    throw unusable(
      `fs-native-extensions has no build for this system (${process.platform} ${process.arch}), without which a folder cannot ` +
        'be locked. Alpine is such a one: take an image of Debian, as in node:22-slim; or PostgreSQL, by a connection string.',
      cause,
    );
  }
}

function taken(folder: string): DurableOrdersError {
  return new DurableOrdersError(
    'WECHATPAY_FOLDER_IN_USE',
    `${folder} is in use by ${holder(folder)}: one process at a time can have it. End that one, or call its close(); ` +
      'for several processes, take PostgreSQL, by a connection string.',
  );
}

function holder(folder: string): string {
  try {
    const { pid, host } = JSON.parse(readFileSync(join(folder, LOCK), 'utf8')) as { pid: number; host: string };
    const where = host === hostname() ? '' : ` on ${host}`;
    return pid === process.pid && where === '' ? `this process (${pid})` : `process ${pid}${where}`;
  } catch {
    return 'another process'; // not written yet; on Windows, what is locked cannot be read either
  }
}

/** Who has the lock is the only one that makes a database: what else there is of one was left by a process that died. */
async function removeUnfinished(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.startsWith(UNFINISHED));
  await Promise.all(names.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

/** A process that dies during this leaves what {@link removeUnfinished} removes, and never half a database. */
async function make(folder: string, database: string): Promise<void> {
  const unfinished = await mkdtemp(join(folder, UNFINISHED));
  try {
    await (await startPglite(unfinished)).close();
    await rename(unfinished, database);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function startPglite(dataDir: string): Promise<PgliteHost> {
  // Where it is not installed, the thread could only say so in its own words.
  await loadPeer('@electric-sql/pglite', () => import('@electric-sql/pglite'));
  try {
    return await PgliteHost.start(dataDir);
  } catch (cause) {
    if (cause instanceof StartError) throw unstartable(dataDir, cause.printed, cause.cause);
    throw unstartable(dataDir, '', cause);
  }
}

/** PGlite would make an empty database of it, without a word. */
function damaged(database: string): DurableOrdersError {
  return unusable(
    `The database in ${database} is damaged: PG_VERSION is missing. Restore a backup; or, to begin anew, remove ${database}.`,
  );
}

function unstartable(dataDir: string, printed: string, cause: unknown): DurableOrdersError {
  const other = /initialized by PostgreSQL version (\S+), which is not compatible with this version (\d+)/.exec(
    printed,
  );
  const problem = other
    ? `was made by PostgreSQL ${other[1] ?? ''}, and this is ${other[2] ?? ''}. Open it with the release of @electric-sql/pglite ` +
      'that made it until it is empty of open work; or dump it there (@electric-sql/pglite-tools), and restore it here.'
    : `could not be opened: ${printed.split('\n').slice(-5).join(' ') || String(cause)}`;
  return unusable(`The database in ${dataDir} ${problem}`, cause);
}

// As of PGlite 0.5.16: it starts with -F (fsync off), and its file system for Node has no fsync that it could call.
function tellOfPowerLoss(folder: string, onNote: FolderOptions['onNote']): void {
  const note =
    `${folder}: what is stored survives the end of this process, even kill -9. PGlite never calls fsync, though: a loss of ` +
    'power, or a crash of the system, can lose what was stored last, or damage the database.';
  if (process.env.NODE_ENV === 'production') {
    onNote?.(`WARNING: ${note} Where that must not happen, take PostgreSQL, by a connection string.`, 'warn');
  } else {
    onNote?.(note, 'log');
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

function unusableBy(folder: string, cause: NodeJS.ErrnoException): DurableOrdersError {
  const { code = '' } = cause;
  const problem = PROBLEMS[code] ?? `cannot be used (${cause.message}).`;
  return unusable(`The folder ${folder} ${problem}`, cause);
}

function unusable(message: string, cause?: unknown): DurableOrdersError {
  return new DurableOrdersError('WECHATPAY_FOLDER_UNUSABLE', message, { cause });
}

const NOT_ALLOWED = 'cannot be written by this user: give the user the right to it, or name another.';

const PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: NOT_ALLOWED,
  EPERM: NOT_ALLOWED,
  EROFS: 'is on a file system that is read-only: name another.',
  EEXIST: 'is a file: name a folder.',
  ENOTDIR: 'is a file, or lies below one: name a folder.',
  ENOSPC: 'is on a disk that is full: make room, about 50 MB to begin with.',
};
