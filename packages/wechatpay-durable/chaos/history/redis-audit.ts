import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Redis } from 'ioredis';
import type { DurableOrderData, DurableOrderStatus } from '../../src/index.js';
import { TAKE } from '../../src/stores/redis/redis-scripts.js';
import type { Audit, Change, RefundChange } from './audit.js';

type Fields = Readonly<Record<string, string>>;

/** A script that runs now, and the rows that it has changed so far, each as it was before. */
interface Running {
  readonly at: number;
  readonly by: string;
  readonly isTake: boolean;
  readonly before: Map<string, Fields | undefined>;
}

interface Known {
  readonly by: string;
  readonly lease: number;
}

/**
 * Of Redis, by MONITOR: what each script does to a row, and whose script it was. It tells of a command before it is answered, and is told
 * anew where the server was down: nobody may reach that before.
 */
export class RedisAudit implements Audit {
  readonly #port: number;
  /** What begins the keys of the store. */
  readonly #base: string;
  readonly #rows = new Map<string, Fields>();
  readonly #known = new Map<string, Known>();
  readonly #changes: (Change | RefundChange)[] = [];
  /** Of a connection, by its address: the name that it has given itself. */
  readonly #names = new Map<string, string>();
  #running: Running | undefined;
  #socket: Socket | undefined;

  constructor(port: number, base: string) {
    this.#port = port;
    this.#base = base;
  }

  async begin(): Promise<void> {
    this.#end();
    this.#names.clear();
    const socket = connect(this.#port, '127.0.0.1');
    this.#socket = socket;
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    let rest = '';
    const isHeard = new Promise<void>((resolve) => {
      // Bytes as characters: what is not ASCII comes escaped.
      socket.setEncoding('latin1').on('data', (text: string) => {
        const lines = (rest + text).split('\r\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (line === '+OK') resolve();
          else this.#hear(line);
        }
      });
    });
    socket.write('MONITOR\r\n');
    await isHeard;
    await this.#catchUp();
  }

  close(): void {
    this.#socket?.destroy();
  }

  changes(): Promise<(Change | RefundChange)[]> {
    this.#end();
    return Promise.resolve(this.#changes);
  }

  activeOrders(): Promise<Map<string, string[]>> {
    const held = new Map<string, string[]>();
    for (const [id, { status, number = '' }] of this.#rows) {
      const { by } = this.#known.get(id) ?? { by: '' };
      if (status === 'active') held.set(by, [...(held.get(by) ?? []), number]);
    }
    return Promise.resolve(held);
  }

  /** What was stored, and not told of: the server died in between. */
  async #catchUp(): Promise<void> {
    const redis = new Redis(this.#port, '127.0.0.1');
    try {
      for await (const keys of redis.scanStream({ match: `${this.#base}row:*`, count: 1000 }) as AsyncIterable<
        string[]
      >)
        for (const key of keys) {
          const id = key.slice(`${this.#base}row:`.length);
          const before = this.#rows.get(id);
          this.#rows.set(id, await redis.hgetall(key));
          const by = this.#known.get(id)?.by ?? '';
          this.#note({ at: Date.now(), by, isTake: false, before: new Map() }, id, before);
        }
    } finally {
      redis.disconnect();
    }
  }

  #hear(line: string): void {
    const [, seconds = '', address = '', given = ''] = /^\+([\d.]+) \[\d+ ([^\]]+)\] (.*)$/s.exec(line) ?? [];
    const [command = '', ...args] = readArguments(given);
    if (address === 'lua') {
      this.#change(command.toLowerCase(), args);
      return;
    }
    this.#end();
    const name = command.toLowerCase();
    if (name === 'client' && args[0]?.toLowerCase() === 'setname') this.#names.set(address, args[1] ?? '');
    if (name !== 'eval' && name !== 'evalsha') return;
    const [script = ''] = args;
    const isTake = script === TAKE.sha || script === TAKE.lua;
    const by = this.#names.get(address) ?? address;
    this.#running = { at: Number(seconds) * 1000, by, isTake, before: new Map() };
  }

  #change(command: string, [key = '', ...args]: string[]): void {
    if ((command !== 'hset' && command !== 'del') || !key.startsWith(`${this.#base}row:`)) return;
    const id = key.slice(`${this.#base}row:`.length);
    const row = this.#rows.get(id);
    if (this.#running && !this.#running.before.has(id)) this.#running.before.set(id, row);
    if (command === 'del') {
      this.#rows.delete(id);
      return;
    }
    const next = { ...row };
    for (let at = 0; at < args.length; at += 2) next[args[at] ?? ''] = args[at + 1] ?? '';
    this.#rows.set(id, next);
  }

  /** A script is one change of each row, whatever it did in between. */
  #end(): void {
    const running = this.#running;
    this.#running = undefined;
    for (const [id, before] of running?.before ?? []) if (running) this.#note(running, id, before);
  }

  #note({ at, by, isTake }: Running, id: string, before: Fields | undefined): void {
    const row = this.#rows.get(id);
    const last = row ?? before;
    if (!last) return;
    const { lease = 0, by: holder = '' } = this.#known.get(id) ?? {};
    const isTaken = row?.status === 'active' && (before?.status !== 'active' || isTake);
    const isSame = row && before && row.status === before.status && row.data === before.data && !isTaken;
    // That a lease has lapsed is no step of whoever finds out.
    const isLapse = isTake && row?.status === 'waiting';
    if (isSame || isLapse) return;
    const known = { by: isTaken || before === undefined ? by : holder, lease: isTaken ? lease + 1 : lease };
    this.#known.set(id, known);
    this.#changes.push({
      ...{ at, by, id, lease: known.lease },
      change: row ? (before ? 'UPDATE' : 'INSERT') : 'DELETE',
      status: last.status as DurableOrderStatus,
      data: JSON.parse(last.data ?? '{}') as DurableOrderData,
    });
  }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\u0007', b: '\b' };

/** `"one" "two"`, as MONITOR writes arguments. */
function readArguments(text: string): string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, quoted = '']) => {
    const bytes = quoted.replace(/\\(x([0-9a-f]{2})|.)/gis, (_, escaped: string, hex: string | undefined) =>
      hex === undefined ? (ESCAPES[escaped] ?? escaped) : String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return Buffer.from(bytes, 'latin1').toString();
  });
}
