import { execFileSync } from 'node:child_process';
import { freePort, OwnProcess } from './own-process.js';

export interface RedisServerOptions {
  /** `--appendonly yes --appendfsync always`: what is acknowledged is on the disk. @default true */
  readonly isDurable?: boolean;
  /** More of redis-server's arguments. */
  readonly args?: readonly string[];
}

const isHere = isInstalled();

/**
 * A Redis of the tests' own: the machine's redis-server, with a port and a folder of its own.
 *
 * @example
 * describe.skipIf(!RedisServer.isAvailable)(`on Redis ${RedisServer.reason}`, …)
 */
export class RedisServer {
  static readonly isAvailable: boolean = isHere;
  /** Why it is not; empty where it is. */
  static readonly reason: string = isHere ? '' : '(skipped: redis-server is not installed)';

  readonly port: number;
  readonly #process: OwnProcess;
  readonly #args: readonly string[];

  private constructor(process: OwnProcess, port: number, args: readonly string[]) {
    this.#process = process;
    this.port = port;
    this.#args = args;
  }

  /** Makes an empty one, and starts it. */
  static async create({ isDurable = true, args = [] }: RedisServerOptions = {}): Promise<RedisServer> {
    const own = await OwnProcess.create('redis');
    const port = await freePort();
    const aof = isDurable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
    const place = ['--bind', '127.0.0.1', '--port', String(port), '--dir', own.folder, '--save', ''];
    const server = new RedisServer(own, port, [...place, ...aof, ...args]);
    try {
      await server.start();
    } catch (error) {
      await own.dispose();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** On the data of before, after {@link kill}. */
  async start(): Promise<void> {
    await this.#process.start('redis-server', this.#args, 'Ready to accept connections');
  }

  /** kill -9: nothing is written any more. */
  async kill(): Promise<void> {
    await this.#process.end('SIGKILL');
  }

  /** Ends it, and leaves nothing behind. */
  async dispose(): Promise<void> {
    await this.#process.dispose();
  }
}

function isInstalled(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return process.platform !== 'win32';
  } catch {
    return false;
  }
}
