import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Servers that answer in the place of a gateway; all end with `stop`. */
export class Servers {
  readonly #open: { readonly server: Server; readonly sockets: Set<Socket> }[] = [];

  /** Real HTTPS, with a certificate of the test's choice. @returns its port. */
  https(options: ServerOptions, listener: RequestListener): Promise<number> {
    return this.#listen(createHttpsServer(options, listener).on('tlsClientError', () => undefined));
  }

  /** HTTP without TLS. */
  plain(): Promise<number> {
    return this.#listen(createHttpServer((_, response) => response.end()));
  }

  /** Accepts connections, and says nothing. */
  silent(): Promise<number> {
    return this.#listen(createTcpServer((socket) => socket.resume()));
  }

  /** Accepts connections, and cuts them at the first byte. */
  cutting(): Promise<number> {
    return this.#listen(createTcpServer((socket) => socket.once('data', () => socket.destroy())));
  }

  /** An HTTP proxy: opens tunnels to this machine, or answers with a status. */
  proxy(status = 200): Promise<number> {
    const server: HttpServer = createHttpServer();
    server.on('connect', ({ url = '' }: { url?: string }, client: Socket) => {
      client.on('error', () => undefined);
      if (status !== 200) {
        client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
        return;
      }
      const upstream = connect(Number(url.split(':').at(-1)), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 OK\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      upstream.on('error', () => client.destroy());
    });
    return this.#listen(server);
  }

  /** A port at which nothing listens. */
  async closed(): Promise<number> {
    const port = await this.silent();
    await this.#stop(this.#open.pop());
    return port;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((each) => this.#stop(each)));
  }

  async #listen(server: Server): Promise<number> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket.on('error', () => undefined));
      socket.once('close', () => sockets.delete(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#open.push({ server, sockets });
    return (server.address() as AddressInfo).port;
  }

  async #stop(opened: { readonly server: Server; readonly sockets: Set<Socket> } | undefined): Promise<void> {
    const closed = new Promise((resolve) => opened?.server.close(resolve));
    for (const socket of opened?.sockets ?? []) socket.destroy();
    await closed;
  }
}
