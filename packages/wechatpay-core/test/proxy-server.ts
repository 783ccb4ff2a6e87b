import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { listen } from './tls-server.js';

/** A real HTTP proxy, which opens tunnels by CONNECT. */
export interface TestProxy {
  /** As in `http://localhost:3128`. */
  readonly url: string;
  /** What it was asked to connect to, as in `localhost:443`. */
  readonly targets: string[];
  /** All that clients sent through its tunnels. */
  readonly passed: () => Buffer;
  readonly openConnections: () => number;
  readonly close: () => Promise<void>;
}

interface ProxyOptions {
  /** As in `user:password`; without them, HTTP 407. */
  readonly credentials?: string;
  /** Answers CONNECT in its place. */
  readonly answer?: (socket: Duplex) => void;
  /** Speaks TLS with its clients. */
  readonly tls?: ServerOptions;
}

export async function startProxy({ credentials, answer, tls }: ProxyOptions = {}): Promise<TestProxy> {
  const targets: string[] = [];
  const chunks: Buffer[] = [];
  const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;

  function onConnect(request: IncomingMessage, client: Duplex, head: Buffer): void {
    const target = request.url ?? '';
    targets.push(target);
    client.on('error', () => undefined);
    if (answer) {
      client.resume().on('end', () => client.end());
      answer(client);
      return;
    }
    if (expected !== undefined && request.headers['proxy-authorization'] !== expected) {
      client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 0\r\n\r\n',
      );
      return;
    }
    const { hostname, port } = new URL(`https://${target}`);
    const upstream = connect(Number(port || 443), hostname, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      client.on('data', (chunk: Buffer) => chunks.push(chunk));
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    client.on('close', () => upstream.destroy());
  }

  const server = tls ? createHttpsServer(tls) : createHttpServer();
  server.on('connect', onConnect);
  const { baseUrl, openConnections, close } = await listen(server);
  return {
    url: tls ? baseUrl : baseUrl.replace('https:', 'http:'),
    targets,
    passed: () => Buffer.concat(chunks),
    openConnections,
    close,
  };
}
