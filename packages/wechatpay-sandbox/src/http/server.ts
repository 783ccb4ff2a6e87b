import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { CertificateAuthority } from '../parties/certificate-authority.js';
import { Listener } from './listener.js';

/** The HTTPS server under the gateway: it counts handshakes. */
export class SandboxServer extends Listener {
  handshakes = 0;

  constructor(certificate: { cert: string; key: string }, authority: CertificateAuthority, handle: RequestListener) {
    const server = createServer(
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
    super(server);
    server.on('secureConnection', () => {
      this.handshakes += 1;
    });
  }
}
