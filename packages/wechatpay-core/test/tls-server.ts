import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';

/** A real server on a port of the system's choice. */
export interface TestServer {
  readonly baseUrl: string;
  /** The bodies of the requests that arrived. */
  readonly requests: string[];
  /** How many TCP connections were accepted. */
  readonly connections: () => number;
  /** How many of them are open. */
  readonly openConnections: () => number;
  /** How many TLS handshakes were completed. */
  readonly handshakes: () => number;
  readonly close: () => Promise<void>;
}

/** Starts an HTTPS server that answers as the listener does, after the whole request has arrived. */
export async function startTlsServer(options: ServerOptions, listener: RequestListener): Promise<TestServer> {
  let handshakes = 0;
  const requests: string[] = [];
  const server = createServer(options, (request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      requests.push(body);
      listener(request, response);
    });
  });
  server.on('secureConnection', () => (handshakes += 1));
  server.on('tlsClientError', () => undefined);
  return { ...(await listen(server)), requests, handshakes: () => handshakes };
}

/** Starts a server that accepts TCP connections and never says a word of TLS. */
export async function startSilentServer(): Promise<TestServer> {
  return { ...(await listen(createTcpServer((socket) => socket.resume()))), requests: [], handshakes: () => 0 };
}

/** Starts a server that speaks HTTP without TLS. */
export async function startPlainServer(): Promise<TestServer> {
  return { ...(await listen(createHttpServer())), requests: [], handshakes: () => 0 };
}

/** An address at which nothing listens. */
export async function closedPort(): Promise<string> {
  const { baseUrl, close } = await startSilentServer();
  await close();
  return baseUrl;
}

/** Has a server of any kind listen on a port of the system's choice; closing it cuts its connections. */
export async function listen(
  server: Server | ReturnType<typeof createTcpServer>,
): Promise<Pick<TestServer, 'baseUrl' | 'connections' | 'openConnections' | 'close'>> {
  let connections = 0;
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  return {
    baseUrl: `https://localhost:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    openConnections: () => sockets.size,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
