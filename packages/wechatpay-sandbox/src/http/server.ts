import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { CertificateAuthority } from '../parties/certificate-authority.js';

/** The HTTPS server under the gateway: it counts handshakes, and it can be stopped in the middle of anything. */
export class SandboxServer {
  handshakes = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #stopped: Promise<void> | undefined;

  constructor(certificate: { cert: string; key: string }, authority: CertificateAuthority, handle: RequestListener) {
    this.#server = createServer(
      {
        ...certificate,
        ca: authority.pem,
        minVersion: 'TLSv1.2',
        requestCert: true,
        // A client without a certificate, or with a wrong one, gets an answer that says so, as at the real gateway.
        rejectUnauthorized: false,
        requestTimeout: 30_000,
        // nginx's own: with Node's 5 s a client's pool would meet closed connections that it does not meet in earnest.
        keepAliveTimeout: 75_000,
      },
      handle,
    );
    this.#server.on('secureConnection', () => {
      this.handshakes += 1;
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  /** @returns the port that it listens on. */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection at once, also one that hangs on purpose. */
  stop(): Promise<void> {
    this.#stopped ??= new Promise((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      for (const socket of this.#sockets) socket.destroy();
    });
    return this.#stopped;
  }
}
