import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { acknowledge, refuse } from 'wechatpay-core';
import { Random } from '../random.js';
import type { ClusterProcess } from './cluster-process.js';

/** What a cashier is given of a notification. */
export interface Posted {
  readonly notification: string;
  readonly number: number;
}

/** WeChat Pay waits for 5 s. */
const ANSWER_WITHIN_MS = 4_500;

/** Where the gateway posts its notifications: each goes to one of the cashiers, who may be killed before it answers. */
export class Counter {
  readonly url: string;
  acknowledged = 0;
  cashiers: readonly ClusterProcess[] = [];
  readonly #server: ReturnType<typeof createServer>;
  readonly #choice: Random;
  readonly #open = new Map<number, { by: string; answer: (kind: string | undefined) => void }>();
  #count = 0;

  private constructor(server: ReturnType<typeof createServer>, seed: number) {
    this.#server = server;
    this.#choice = new Random(seed, 'notifications');
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/notify`;
    server.on('request', (request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        void this.#take(Buffer.concat(parts).toString()).then((kind) => {
          if (kind !== undefined) this.acknowledged += 1;
          const { status, headers, body } = kind === undefined ? refuse() : acknowledge();
          response.writeHead(status, headers).end(body);
        });
      });
    });
  }

  static async open(seed: number): Promise<Counter> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Counter(server, seed);
  }

  async #take(notification: string): Promise<string | undefined> {
    const ready = this.cashiers.filter(({ isReady }) => isReady);
    if (ready.length === 0) return undefined;
    const cashier = this.#choice.pick(ready);
    const number = (this.#count += 1);
    const { process: by } = cashier;
    const answered = new Promise<string | undefined>((answer) => this.#open.set(number, { by, answer }));
    cashier.send({ notification, number } satisfies Posted);
    const kind = await Promise.race([answered, sleep(ANSWER_WITHIN_MS, undefined, { ref: false })]);
    this.#open.delete(number);
    return kind;
  }

  /** A cashier has stored it. */
  onAnswer(number: number, answer: string): void {
    this.#open.get(number)?.answer(answer === 'threw' || answer === 'unknown-order' ? undefined : answer);
  }

  /** A cashier was killed. */
  onEnd(by: string): void {
    for (const one of this.#open.values()) if (one.by === by) one.answer(undefined);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
