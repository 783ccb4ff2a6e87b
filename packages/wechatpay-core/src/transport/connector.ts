import { isIP, type Socket } from 'node:net';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { buildConnector } from 'undici';
import { ConnectTimeout } from './failure.js';
import { skipInterimResponses } from './interim-responses.js';
import { openTunnel, type Proxy } from './proxy.js';

/** How connections are opened, and what they show. */
export interface ConnectorOptions {
  readonly tls: ConnectionOptions;
  readonly ca: Buffer | undefined;
  readonly connectTimeoutMs: number;
  readonly proxy: Proxy | undefined;
}

/** Opens TLS connections to one host, through the proxy where there is one, and can stop those that are not open yet. */
export class Connector {
  readonly #options: ConnectorOptions;
  readonly #pending = new Set<() => void>();
  /** Of the connection before: a handshake that resumes it takes no certificates. */
  #session: Buffer | undefined;

  constructor(options: ConnectorOptions) {
    this.#options = options;
  }

  /** As undici calls it. */
  readonly connect = ({ hostname, port }: buildConnector.Options, done: buildConnector.Callback): void => {
    const { connectTimeoutMs, proxy, ca } = this.#options;
    let stop = (): void => undefined;
    let isOver = false;
    const end = (error: Error | null, socket?: TLSSocket): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      this.#pending.delete(abort);
      if (error || !socket) {
        stop();
        done(error ?? new TypeError('A connection needs a socket.'), null);
      } else {
        done(null, skipInterimResponses(socket));
      }
    };
    const abort = (): void => {
      end(new DOMException('the client is closed', 'AbortError'));
    };
    const timer = setTimeout(() => {
      const way = proxy === undefined ? '' : ` through the proxy ${proxy.origin}`;
      end(new ConnectTimeout(`no connection${way} within connectTimeoutMs, ${connectTimeoutMs} ms`));
    }, connectTimeoutMs);
    this.#pending.add(abort);

    const secure = (tunnel?: Socket): void => {
      const socket = this.#secure(hostname, Number(port || 443), tunnel);
      stop = () => {
        socket.destroy();
      };
      socket.once('secureConnect', () => {
        end(null, socket);
      });
      socket.on('error', end); // undici's own listener comes with the connection
    };
    if (proxy === undefined) {
      secure();
      return;
    }
    const target = `${isIP(hostname) === 6 ? `[${hostname}]` : hostname}:${port || '443'}`;
    stop = openTunnel(proxy, target, ca, (error, tunnel) => {
      if (error || isOver) {
        tunnel?.destroy();
        end(error);
      } else {
        secure(tunnel);
      }
    });
  };

  /** Ends the attempts to connect: a host that accepts and never says a word must not keep a client from closing. */
  abort(): void {
    for (const abort of this.#pending) abort();
  }

  #secure(hostname: string, port: number, tunnel: Socket | undefined): TLSSocket {
    const socket = connect({
      ...this.#options.tls,
      host: hostname,
      port,
      ...(tunnel && { socket: tunnel }),
      ...(isIP(hostname) === 0 && { servername: hostname }),
      ...(this.#session && { session: this.#session }),
      ALPNProtocols: ['http/1.1'],
    });
    socket.on('session', (session) => (this.#session = session));
    socket.setNoDelay(true).setKeepAlive(true, 60_000);
    return socket;
  }
}
