// Over 250 lines, as one idea: what a test takes hold of; each part of it is a file of its own.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import { SandboxClock } from './clock.js';
import { Faults } from './faults/fault-queue.js';
import { handle, type DirectReply, type DirectRequest } from './gateway/direct.js';
import type { House } from './gateway/gateway.js';
import { inOneLine, RequestLog, type RecordedRequest } from './gateway/requests.js';
import { control, controlPath } from './http/control-api.js';
import { receive, withoutQuery } from './http/front.js';
import { SandboxServer } from './http/server.js';
import { makeNotification, type MadeNotification, type NotificationOptions } from './notifications/make.js';
import { Notifications } from './notifications/notifications.js';
import { readBook, writeBook, type Book } from './orders/book-file.js';
import { Ledger } from './orders/ledger.js';
import type { Order } from './orders/order.js';
import { Orders } from './orders/orders.js';
import { codeUrlBase, PayerPages } from './pages/payer-pages.js';
import { CertificateAuthority } from './parties/certificate-authority.js';
import { Customers } from './parties/customers.js';
import { Payer } from './parties/payer.js';
import { Statements } from './statement/statements.js';
import { Merchants, type Merchant, type MerchantOptions } from './parties/merchants.js';

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
  /**
   * The file in which the orders and the ledger are kept, with the merchant and the time, so that a process that is killed and started
   * again has lost nothing. It is read at the start, and written anew, as a whole, with each change: for a demo or a test of restarts,
   * with hundreds of orders. One sandbox at a time. Customers, faults, notifications on their way, certificates and what reached the
   * gateway are not in it.
   *
   * @default none: all ends with the process
   * @example await Sandbox.start({ file: 'data/wechatpay-sandbox.json' });
   */
  file?: string;
  /** Whether an order younger than 15 s is refused, as the page asks. @default true */
  enforceReverseDelay?: boolean;
  /** Whether Close Order refuses an order younger than 5 min, as the pages ask. @default true */
  enforceCloseDelay?: boolean;
  /** How long a receiver may take for its answer to a notification, in real milliseconds. @default 5000 */
  notificationTimeoutMs?: number;
  /** For how long Query Refund says PROCESSING, by the sandbox's clock. @default 0 */
  refundDelayMs?: number;
  /**
   * Whether SIGNERROR and PARAM_ERROR are answered the page's other way: return_code FAIL with "Signature Failure" or
   * "Parameter format checking error", unsigned.
   *
   * @default false: signed, with err_code
   */
  unsignedRefusals?: boolean;
  /**
   * The port of the payers' pages, which are served over plain HTTP at `host`: see {@link Sandbox.payerPage}. 0: a free port.
   *
   * @default none, and there are no pages
   */
  payerPort?: number;
  /** Whether another process may look and change things under /_sandbox/. @default false */
  controlApi?: boolean;
  /** How many requests `requests` keeps, the last ones. `Infinity`: all. @default 1000 */
  keepRequests?: number;
  /** Called with a line for each request that was answered, for instance `console.log`. */
  log?: (line: string) => void;
}

/**
 * A WeChat Pay gateway on this machine: real HTTPS, real mutual TLS, real signatures, and an order book.
 *
 * @example
 * const sandbox = await Sandbox.start();
 * const order = sandbox.orders.create({ state: 'paid' });
 * // … reverse order.outTradeNo at sandbox.baseUrl, as sandbox.merchant …
 * await sandbox.stop();
 */
export class Sandbox {
  /** The root certificate (PEM) that a client has to trust. */
  readonly ca: string;
  /** Issues the certificates; for a test that needs one more. */
  readonly authority: CertificateAuthority;
  readonly merchants: Merchants;
  /** The sandbox's own merchant, the first of `merchants`, as it was created. */
  readonly merchant: Merchant;
  readonly clock: SandboxClock;
  readonly orders: Orders;
  /** Who comes to the till, and pays, or does not. */
  readonly customers: Customers;
  /** Where the money went. */
  readonly ledger: Ledger;
  /** How the day's statements look, and what is wrong with them. */
  readonly statements = new Statements();
  readonly faults = new Faults();
  /** What the merchants' servers are told: payments of Unified Order, and refunds. */
  readonly notifications: Notifications;
  readonly #requests: RequestLog;
  readonly #house: House;
  readonly #address: Address;
  readonly #controlApi: boolean;
  readonly #log: SandboxOptions['log'];
  readonly #file: string | undefined;
  /** While several changes are one. */
  #isInOneGo = false;
  #server: SandboxServer | undefined;
  #pages: PayerPages | undefined;

  private constructor(options: SandboxOptions, authority: CertificateAuthority, identities: Identities) {
    this.authority = authority;
    this.ca = authority.pem;
    this.merchants = identities.merchants;
    this.merchant = identities.merchant;
    this.clock = new SandboxClock(options.now);
    this.customers = new Customers(this.clock);
    this.ledger = new Ledger(this.merchant, () => {
      this.orders.catchUp();
    });
    this.notifications = new Notifications({
      clock: this.clock,
      merchants: this.merchants,
      ca: this.ca,
      timeoutMs: options.notificationTimeoutMs ?? 5_000,
    });
    this.orders = new Orders(this.clock, this.ledger, this.merchant, {
      paid: (order, at) => {
        this.notifications.paid(order, at);
      },
      changed: () => {
        this.#changed();
      },
    });
    this.#house = {
      merchants: this.merchants,
      orders: this.orders,
      ledger: this.ledger,
      statements: this.statements,
      customers: this.customers,
      faults: this.faults,
      clock: this.clock,
      notifications: this.notifications,
      inOneGo: (work) => {
        this.#inOneGo(work);
      },
      enforceReverseDelay: options.enforceReverseDelay ?? true,
      enforceCloseDelay: options.enforceCloseDelay ?? true,
      unsignedRefusals: options.unsignedRefusals ?? false,
      refundDelayMs: options.refundDelayMs ?? 0,
    };
    this.#address = identities.address;
    this.#controlApi = options.controlApi ?? false;
    this.#log = options.log;
    this.#requests = new RequestLog(options.keepRequests ?? 1_000);
    this.#file = options.file;
    if (identities.book) this.#resume(identities.book);
    this.#write(); // a folder that is missing is told at the start
  }

  /**
   * Makes the certificates and listens.
   *
   * @throws {Error} where the port is taken (`code` EADDRINUSE), an option is invalid, or `file` is no book, is another merchant's, or cannot
   *   be written.
   */
  static async start(options: SandboxOptions = {}): Promise<Sandbox> {
    const { port = 0, host = '127.0.0.1' } = options;
    const authority = options.authority ?? (await CertificateAuthority.create());
    const name = publicName(host);
    const [sandbox, certificate] = await Promise.all([
      Sandbox.create({ ...options, authority }),
      authority.issueServer({ hosts: [...new Set(['localhost', '127.0.0.1', '::1', name])] }),
    ]);
    const server = new SandboxServer(certificate, authority, (request, response) => {
      sandbox.#serve(request, response);
    });
    sandbox.#server = server;
    sandbox.#address.baseUrl = urlOf('https', name, await server.listen(port, host));
    if (options.payerPort !== undefined) await sandbox.#openPages(options.payerPort, host);
    return sandbox;
  }

  /**
   * Makes a gateway that listens nowhere: it answers `handle` alone. For tests that go through thousands of sequences.
   *
   * @throws {Error} where an option is invalid.
   */
  static async create(
    options: Omit<SandboxOptions, 'port' | 'host' | 'payerPort' | 'controlApi'> = {},
  ): Promise<Sandbox> {
    const authority = options.authority ?? (await CertificateAuthority.create());
    // The merchant's settings hold the address, which is known only after listening. Until then, one that nobody has.
    const address = { baseUrl: 'https://wechatpay-sandbox.invalid' };
    const merchants = new Merchants(authority, () => address.baseUrl);
    const book = options.file === undefined ? undefined : readBook(options.file);
    const merchant = await merchants.create({ ...book?.merchant, ...options.merchant });
    return new Sandbox(options, authority, { merchants, merchant, address, book });
  }

  /**
   * Answers one request as the HTTPS server does, without a socket and at once: faults that cut, hang or delay come back
   * as what they are.
   *
   * @throws whatever the predicate of a fault throws.
   * @example
   * const reply = sandbox.handle({ path: '/pay/orderquery', body: xml });
   * if (reply.kind === 'reply') console.log(reply.status, reply.body.toString());
   */
  handle(request: DirectRequest): DirectReply {
    const { entry, reply } = handle(request, this.#house, this.#requests);
    this.#log?.(inOneLine(entry));
    return reply;
  }

  /**
   * The customer of an order of Unified Order: who pays it, cancels, or pays too late.
   *
   * @param order the order, or its `outTradeNo`, `code_url` or `prepay_id`.
   * @throws {Error} where there is no such order of Unified Order.
   * @example sandbox.payer(codeUrl).pay();
   */
  payer(order: Order | string): Payer {
    return new Payer(this.orders.payable(order), this.clock);
  }

  /**
   * The page on which the customer of an order of Unified Order pays, cancels, or pays too late, in a browser: its `code_url` with
   * {@link payerPagesUrl} in place of `weixin://wxpay`, as in `http://localhost:PORT/bizpayurl?pr=…`.
   *
   * @param order as of {@link payer}.
   * @throws {Error} where there is no such order, or the sandbox was started without `payerPort`.
   * @example console.log(`The customer's phone: ${sandbox.payerPage(codeUrl)}`);
   */
  payerPage(order: Order | string): string {
    if (this.payerPagesUrl === undefined) {
      throw new Error('this sandbox serves no pages of payers: start it with payerPort, 0 for a free port');
    }
    return this.orders.payable(order).product.codeUrl.replace(codeUrlBase, this.payerPagesUrl);
  }

  /** Where the payers' pages are, `http://localhost:PORT`; undefined without `payerPort`. */
  get payerPagesUrl(): string | undefined {
    return this.#address.payerPagesUrl;
  }

  /**
   * Makes a notification as the gateway would send it, for a test of what receives it. Sends nothing.
   *
   * @example
   * const { headers, body } = sandbox.notification({ order, fault: 'wrong-amount' });
   * const response = await fetch(`${shop}/notifications`, { method: 'POST', headers, body });
   */
  notification(options: NotificationOptions = {}): MadeNotification {
    return makeNotification(options, this.orders, this.merchants.list(), new Date(this.clock.now()));
  }

  /**
   * Begins anew: forgets orders, customers, faults, notifications, requests and every movement of money, and sets the clock back to its
   * source. Merchants, certificates and connections stay. Takes no time, so that each of many tests can begin with it.
   */
  reset(): void {
    this.orders.clear();
    this.ledger.clear();
    this.customers.clear();
    this.faults.clear();
    this.notifications.clear();
    this.statements.reset();
    this.clock.reset();
    this.#requests.clear();
    this.#changed();
  }

  /** Where it listens, without a slash at the end: `https://localhost:PORT`; an address of nobody where it does not. */
  get baseUrl(): string {
    return this.#address.baseUrl;
  }

  /** What reached the gateway, in order of arrival: the last `keepRequests` of it. */
  get requests(): readonly RecordedRequest[] {
    return this.#requests.entries;
  }

  /** How many TLS handshakes were completed: how many connections clients have opened. */
  get handshakes(): number {
    return this.#server?.handshakes ?? 0;
  }

  /** Ends every connection at once, also one that hangs on purpose. Does no harm the second time. */
  async stop(): Promise<void> {
    this.notifications.clear();
    await Promise.all([this.#server?.stop(), this.#pages?.stop()]);
    this.#changed(); // the time that it was
  }

  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #resume({ merchant, now, orders, movements }: Book): void {
    const { merchantId } = this.merchant;
    if (merchant.merchantId !== merchantId) {
      throw new Error(
        `${this.#file ?? ''} is the book of merchant ${merchant.merchantId}, not of ${merchantId}: start the sandbox without a ` +
          'merchantId or with that one, or delete the file',
      );
    }
    this.clock.resume(now);
    this.#inOneGo(() => {
      for (const movement of movements) this.ledger.append(movement);
      for (const order of orders) this.orders.resume(order);
    });
  }

  /** Writes the book: a change is kept before anybody hears of it. */
  #changed(): void {
    if (this.#isInOneGo) return;
    try {
      this.#write();
    } catch (error) {
      process.emitWarning(`The book of the sandbox is not written: ${String(error)}`);
    }
  }

  #inOneGo(work: () => void): void {
    this.#isInOneGo = true;
    try {
      work();
    } finally {
      this.#isInOneGo = false;
      this.#changed();
    }
  }

  #write(): void {
    if (this.#file === undefined) return;
    const { appId, merchantId, apiKey, subMerchants } = this.merchant;
    writeBook(this.#file, {
      merchant: { appId, merchantId, apiKey, subMerchants },
      now: this.clock.now(),
      orders: this.orders.keep(),
      movements: this.ledger.keep(),
    });
  }

  async #openPages(port: number, host: string): Promise<void> {
    const name = publicName(host);
    this.#pages = new PayerPages({
      clock: this.clock,
      name,
      find: (codeUrl) => this.orders.entries().find(({ product }) => product?.codeUrl === codeUrl),
    });
    try {
      this.#address.payerPagesUrl = urlOf('http', name, await this.#pages.listen(port, host));
    } catch (error) {
      await this.stop(); // nothing stays open of a sandbox that nobody has
      throw error;
    }
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const work =
      this.#controlApi && withoutQuery(request.url ?? '/').startsWith(controlPath)
        ? control(request, response, {
            ...this.#house,
            requests: this.requests,
            ledger: this.ledger,
            reset: this.reset.bind(this),
          })
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
  address: Address;
  book: Book | undefined;
}

interface Address {
  baseUrl: string;
  payerPagesUrl?: string;
}

function urlOf(scheme: 'http' | 'https', name: string, port: number): string {
  return `${scheme}://${isIPv6(name) ? `[${name}]` : name}:${port}`;
}

/** What a client on this machine calls an address that the server listens on. */
function publicName(host: string): string {
  return ['127.0.0.1', '0.0.0.0', '::1', '::'].includes(host) ? 'localhost' : host;
}
