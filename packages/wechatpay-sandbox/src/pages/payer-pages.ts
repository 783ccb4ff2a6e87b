import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { SandboxClock } from '../clock.js';
import { Listener } from '../http/listener.js';
import { readBody } from '../http/read-body.js';
import type { OrderEntry } from '../orders/order-entry.js';
import { Payer } from '../parties/payer.js';
import { refusalOf } from './own-requests.js';
import { offered, pageHeaders, renderOrder, renderUnknown, stateOf } from './payer-page.js';

/** What a `code_url` begins with. What follows leads to the page. */
export const codeUrlBase = 'weixin://wxpay';

const maxFormBytes = 1024;

interface PayerPagesOptions {
  readonly clock: SandboxClock;
  /** What the server is called, besides `localhost`. */
  readonly name: string;
  /** The order of a `code_url`. */
  readonly find: (codeUrl: string) => OrderEntry | undefined;
}

/**
 * The phones of the customers, as pages: who opens that of a `code_url` pays, cancels, or pays too late. Over plain HTTP, since no browser trusts
 * the sandbox's certificates. Who does not know the code finds nothing.
 */
export class PayerPages {
  readonly #options: PayerPagesOptions;
  readonly #listener: Listener;

  constructor(options: PayerPagesOptions) {
    this.#options = options;
    const server = createServer((request, response) => {
      this.#serve(request, response).catch(() => {
        response.destroy(); // the browser went away in the middle of its request
      });
    });
    this.#listener = new Listener(server);
  }

  /** @returns the port that it listens on. */
  listen(port: number, host: string): Promise<number> {
    return this.#listener.listen(port, host);
  }

  stop(): Promise<void> {
    return this.#listener.stop();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = refusalOf(request, this.#options.name);
    if (refusal !== undefined) {
      const headers = { ...pageHeaders, 'Content-Type': 'text/plain', Connection: 'close' };
      response.writeHead(refusal.status, headers).end(`wechatpay-sandbox: ${refusal.text}\n`);
      return;
    }
    const { url = '/', headers } = request;
    const language = headers['accept-language'];
    const form = await readBody(request, maxFormBytes);
    const entry = this.#options.find(`${codeUrlBase}${url}`);
    if (entry === undefined) {
      response.writeHead(404, pageHeaders).end(renderUnknown(language));
      return;
    }
    if (request.method === 'POST') {
      this.#press(entry, new URLSearchParams(form?.toString() ?? '').get('action'));
      // Whatever came of it is what the page shows; loaded anew, it presses nothing.
      response.writeHead(303, { ...pageHeaders, Location: url }).end();
      return;
    }
    response.writeHead(200, pageHeaders).end(renderOrder(entry, this.#options.clock.now(), language));
  }

  /** What the page does not offer has no effect: the order may be paid from another page, expired or closed meanwhile. */
  #press(entry: OrderEntry, given: string | null): void {
    const { clock } = this.#options;
    const action = offered[stateOf(entry, clock.now())].find((name) => name === given);
    const payer = new Payer(entry, clock);
    if (action === 'pay') payer.pay();
    else if (action === 'cancel') payer.cancel();
    else if (action === 'pay-late') payer.payLate();
  }
}
