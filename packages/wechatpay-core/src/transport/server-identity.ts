import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as tls from 'node:tls';
import type { ConnectionOptions, DetailedPeerCertificate } from 'node:tls';

type Check = NonNullable<ConnectionOptions['checkServerIdentity']>;

/**
 * The host name's check, and one of our own: the server's certificate must lead to a root of `ca`, or of Node.js where none
 * is given.
 *
 * Node.js adds the authorities inside a PKCS#12 file to those it trusts a server by, even beside a `ca`. The one inside a
 * merchant's file issues client certificates, and must not vouch for a gateway.
 */
export function createServerCheck(ca: Buffer | undefined): Check {
  let roots: readonly X509Certificate[] | undefined;
  return (hostname, peer) => {
    const mismatch = tls.checkServerIdentity(hostname, peer);
    if (mismatch) return mismatch;
    roots ??= ca === undefined ? systemRoots() : parseCertificates(ca.toString('latin1'));
    if (leadsTo(roots, peer as DetailedPeerCertificate)) return undefined;
    return new UntrustedRoot();
  };
}

class UntrustedRoot extends Error {
  readonly code = 'ERR_UNTRUSTED_ROOT';

  constructor() {
    super("the server's certificate leads to no trusted root; to trust another, set `ca`");
  }
}

/** The certificates of a PEM file, whatever stands between them. Throws where one of them cannot be read. */
export function parseCertificates(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}

// OpenSSL has verified the chain: dates, uses, path lengths. What is left to see is where it ends. Each link's signature is
// checked again, since Node.js links what it received by names alone.
function leadsTo(roots: readonly X509Certificate[], peer: DetailedPeerCertificate): boolean {
  let link = peer;
  let certificate = new X509Certificate(link.raw);
  for (let depth = 0; depth < 10; depth += 1) {
    const current = certificate;
    if (roots.some((root) => root.raw.equals(current.raw) || isIssuedBy(current, root))) return true;
    // At a self-signed end, or where the issuer did not come along.
    const next = link.issuerCertificate as DetailedPeerCertificate | undefined;
    if (!next?.raw || next === link) return false;
    certificate = new X509Certificate(next.raw);
    if (!isIssuedBy(current, certificate)) return false;
    link = next;
  }
  return false;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

// As Node.js chooses by default; Node.js 22.15 and later can tell what it was configured to trust.
function systemRoots(): readonly X509Certificate[] {
  const { getCACertificates } = tls as { getCACertificates?: (type: 'default') => string[] };
  const pems = getCACertificates?.('default') ?? [...tls.rootCertificates, ...extraRoots()];
  return pems.flatMap((pem) => {
    const certificates = parsed.get(pem) ?? parseCertificates(pem);
    parsed.set(pem, certificates);
    return certificates;
  });
}

/** By their text: a process of many merchants has one copy of the roots. */
const parsed = new Map<string, readonly X509Certificate[]>();

function extraRoots(): string[] {
  const file = process.env.NODE_EXTRA_CA_CERTS;
  if (!file) return [];
  try {
    return [readFileSync(file, 'latin1')];
  } catch {
    return []; // as Node.js, which warned of it at start
  }
}
