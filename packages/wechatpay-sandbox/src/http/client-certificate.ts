import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

/** What a connection shows of its client: no certificate, one that is not ours or not valid, or a merchant's. */
export type ClientCertificateState =
  { kind: 'none' } | { kind: 'refused' } | { kind: 'accepted'; commonName: string; serialNumber?: string };

/** WeChat Pay asks for the merchant's certificate under this path, and nowhere else. */
export function needsCertificate(path: string): boolean {
  return path.startsWith('/secapi/');
}

export function clientCertificate(request: IncomingMessage): ClientCertificateState {
  const { socket } = request;
  if (!(socket instanceof TLSSocket)) return { kind: 'none' };
  const certificate = socket.getPeerCertificate();
  if (Object.keys(certificate).length === 0) return { kind: 'none' };
  // By its type, a name given twice is a string all the same.
  const commonName: unknown = certificate.subject.CN;
  if (!socket.authorized || typeof commonName !== 'string') return { kind: 'refused' };
  return { kind: 'accepted', commonName, serialNumber: certificate.serialNumber };
}
