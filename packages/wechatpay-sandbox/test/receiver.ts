import { createServer as createHttp, type RequestListener, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Sandbox } from '../src/index.js';
import type { Fields } from './client.js';

export interface Received {
  readonly path: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
  /** By pattern, from `<name><![CDATA[value]]></name>`. */
  readonly fields: Fields;
}

/** What a merchant's server answers. */
export interface Answer {
  readonly status?: number;
  readonly body?: string;
}

export const acknowledgement: Answer = {
  body: '<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>',
};

/** A merchant's server: it keeps what came in whole, and answers with what it is told. */
export class Receiver {
  readonly received: Received[] = [];
  /** How many requests began, also those that broke off. */
  begun = 0;
  answer: Answer | 'never' = acknowledgement;
  readonly #server: Server;
  readonly #scheme: string;

  private constructor(server: Server, scheme: string) {
    this.#server = server;
    this.#scheme = scheme;
  }

  static async start(sandbox?: Sandbox): Promise<Receiver> {
    const listener: RequestListener = (request, response) => {
      receiver.begun += 1;
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => undefined);
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        receiver.received.push({ path: request.url ?? '', headers: request.headers, text, fields: fieldsIn(text) });
        if (receiver.answer === 'never') return;
        response.writeHead(receiver.answer.status ?? 200, { 'Content-Type': 'text/xml' }).end(receiver.answer.body);
      });
    };
    const tls = sandbox && (await sandbox.authority.issueServer({ hosts: ['localhost'] }));
    const server = tls ? createHttps(tls, listener) : createHttp(listener);
    const receiver = new Receiver(server, tls ? 'https' : 'http');
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  get url(): string {
    return `${this.#scheme}://localhost:${(this.#server.address() as AddressInfo).port}/notifications`;
  }

  forget(): void {
    this.received.length = 0;
    this.begun = 0;
    this.answer = acknowledgement;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export function fieldsIn(text: string): Fields {
  return Object.fromEntries(
    [...text.matchAll(/<(\w+)><!\[CDATA\[(.*?)\]\]><\/\1>/gs)].map(([, name, value]) => [name!, value!]),
  );
}
