import { once, setMaxListeners } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../random.js';

/** What a network does to what is sent through it, of each piece. */
export interface LinkOptions {
  readonly target: number;
  /** The probability that a request is held, and for how long: it arrives even where its sender has died. */
  readonly requests?: readonly Hold[];
  readonly replies?: readonly Hold[];
  /** The probability that the connection breaks after a request has gone out, and before its reply. */
  readonly cut?: number;
}

export interface Hold {
  readonly chance: number;
  readonly ms: readonly [number, number];
}

/** A network between two processes: TCP, through which what is late comes late. */
export class Link {
  readonly #options: LinkOptions;
  readonly #random: Random;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #healed = new AbortController();
  held = 0;
  cuts = 0;
  /** Nobody gets through: each who tries is sent away. */
  isDown = false;

  private constructor(options: LinkOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#server = createServer((client) => {
      this.#join(client);
    });
  }

  static async open(options: LinkOptions, random: Random): Promise<Link> {
    const link = new Link(options, random);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on, and for what is held now, it is a good network. */
  heal(): void {
    setMaxListeners(0, this.#healed.signal);
    this.#healed.abort();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket): void {
    if (this.isDown) {
      client.destroy();
      return;
    }
    const server = connect(this.#options.target, '127.0.0.1');
    const { requests = [], replies = [], cut = 0 } = this.#options;
    const pairs: [Socket, Socket, readonly Hold[]][] = [
      [client, server, requests],
      [server, client, replies],
    ];
    for (const [from, to, holds] of pairs) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      let last: Promise<unknown> = Promise.resolve();
      from.on('data', (piece) => {
        const ms = this.#holdFor(holds);
        const isLast = from === client && !this.#healed.signal.aborted && this.#random.chance(cut);
        last = last.then(async () => {
          if (ms > 0) await sleep(ms, undefined, { ref: false, signal: this.#healed.signal }).catch(() => undefined);
          if (!to.destroyed) to.write(piece);
          if (isLast) {
            this.cuts += 1;
            client.destroy();
          }
        });
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        this.#sockets.delete(from);
        // What is under way still arrives.
        void last.then(() => {
          to.destroySoon();
        });
      });
    }
  }

  #holdFor(holds: readonly Hold[]): number {
    if (this.#healed.signal.aborted) return 0;
    for (const { chance, ms } of holds) {
      if (!this.#random.chance(chance)) continue;
      this.held += 1;
      return this.#random.between(...ms);
    }
    return 0;
  }
}
