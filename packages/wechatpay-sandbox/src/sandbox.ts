import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import { CertificateAuthority, type IssuedCertificate } from './certificate-authority.js';
import { SandboxClock } from './clock.js';
import { Faults } from './fault-queue.js';
import { control, controlPath } from './control-api.js';
import { pathOf, receive } from './front.js';
import type { House } from './gateway.js';
import { Merchants, type Merchant, type MerchantOptions } from './merchants.js';
import { Orders } from './orders.js';
import { inOneLine, type RecordedRequest, type RequestEntry } from './requests.js';
import { SandboxServer } from './server.js';

/** What `Sandbox.start` takes. */
export interface SandboxOptions {
  /** @default 0, a free port from the operating system */
  port?: number;
  /** The address to listen on. @default '127.0.0.1' */
  host?: string;
  /** Milliseconds since 1970. @default Date.now */
  now?: () => number;
  /** The sandbox's own merchant. @default a random one */
  merchant?: MerchantOptions;
  /** Who issues the certificates. @default an authority of its own */
  authority?: CertificateAuthority;
  /** Whether an order younger than 15 s is refused, as the page asks. @default true */
  enforceRevokeDelay?: boolean;
  /**
   * Whether SIGNERROR and PARAM_ERROR are answered the page's other way: return_code FAIL with "Signature Failure" or
   * "Parameter format checking error", unsigned.
   *
   * @default false: signed, with err_code
   */
  unsignedRefusals?: boolean;
  /** Whether another process may look and change things under /_sandbox/. @default false */
  controlApi?: boolean;
  /** Called with a line for each request that was answered, for instance `console.log`. */
  log?: (line: string) => void;
}

/**
 * A WeChat Pay gateway on this machine: real HTTPS, real mutual TLS, real signatures, and an order book.
 *
 * @example
 * const sandbox = await Sandbox.start();
 * const order = sandbox.orders.create({ state: 'paid' });
 * // … revoke order.outTradeNo at sandbox.baseUrl, as sandbox.merchant …
 * await sandbox.stop();
 */
export class Sandbox {
  /** The root certificate (PEM) that a client has to trust. */
  readonly ca: string;
  /** Issues the certificates; for a test that needs one more. */
  readonly authority: CertificateAuthority;
  readonly merchants: Merchants;
  /** The sandbox's own merchant, the first of `merchants`. */
  readonly merchant: Merchant;
  readonly clock: SandboxClock;
  readonly orders: Orders;
  readonly faults = new Faults();
  readonly #requests: RequestEntry[] = [];
  readonly #house: House;
  readonly #server: SandboxServer;
  readonly #controlApi: boolean;
  readonly #log: SandboxOptions['log'];
  #baseUrl = '';

  private constructor(options: SandboxOptions, authority: CertificateAuthority, identities: Identities) {
    this.authority = authority;
    this.ca = authority.pem;
    this.merchants = identities.merchants;
    this.merchant = identities.merchant;
    this.clock = new SandboxClock(options.now);
    this.orders = new Orders(this.clock, this.merchant);
    this.#house = {
      merchants: this.merchants,
      orders: this.orders,
      faults: this.faults,
      clock: this.clock,
      enforceRevokeDelay: options.enforceRevokeDelay ?? true,
      unsignedRefusals: options.unsignedRefusals ?? false,
    };
    this.#controlApi = options.controlApi ?? false;
    this.#log = options.log;
    this.#server = new SandboxServer(identities.certificate, authority, (request, response) => {
      this.#handle(request, response);
    });
  }

  /**
   * Makes the certificates and listens.
   *
   * @throws {Error} where the port is taken (`code` EADDRINUSE), or an option makes no sense.
   */
  static async start(options: SandboxOptions = {}): Promise<Sandbox> {
    const { port = 0, host = '127.0.0.1' } = options;
    const authority = options.authority ?? (await CertificateAuthority.create());
    // The merchant's settings hold the address, which is known only after listening.
    let baseUrl = '';
    const merchants = new Merchants(authority, () => baseUrl);
    const name = publicName(host);
    const [merchant, certificate] = await Promise.all([
      merchants.create(options.merchant),
      authority.issueServer({ hosts: [...new Set(['localhost', '127.0.0.1', '::1', name])] }),
    ]);
    const sandbox = new Sandbox(options, authority, { merchants, merchant, certificate });
    baseUrl = `https://${isIPv6(name) ? `[${name}]` : name}:${await sandbox.#server.listen(port, host)}`;
    sandbox.#baseUrl = baseUrl;
    return sandbox;
  }

  /** Where it listens, without a slash at the end: `https://localhost:PORT`. */
  get baseUrl(): string {
    return this.#baseUrl;
  }

  /** What reached the gateway, in order of arrival. */
  get requests(): readonly RecordedRequest[] {
    return this.#requests;
  }

  /** How many TLS handshakes were completed: how many connections clients have opened. */
  get handshakes(): number {
    return this.#server.handshakes;
  }

  /** Ends every connection at once, also one that hangs on purpose. Does no harm the second time. */
  stop(): Promise<void> {
    return this.#server.stop();
  }

  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const work =
      this.#controlApi && pathOf(request).startsWith(controlPath)
        ? control(request, response, { ...this.#house, requests: this.requests })
        : receive(request, response, this.#house, this.#requests).then((entry) => this.#log?.(inOneLine(entry)));
    work.catch((error: unknown) => {
      if (response.headersSent || response.destroyed) {
        // The client went away in the middle of its request: nobody is left to be told.
        response.destroy();
        return;
      }
      // A predicate of a fault has thrown: a mistake in a test, which the test should get to see.
      response.writeHead(500, { 'Content-Type': 'text/plain' }).end(`wechatpay-sandbox: ${String(error)}\n`);
    });
  }
}

interface Identities {
  merchants: Merchants;
  merchant: Merchant;
  certificate: IssuedCertificate;
}

/** What a client on this machine calls an address that the server listens on. */
function publicName(host: string): string {
  return ['127.0.0.1', '0.0.0.0', '::1', '::'].includes(host) ? 'localhost' : host;
}
