import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import { WechatPayConfigError } from './errors.js';

/** A file's path, its content (Buffer or PEM text), or its content in base64, as environment variables carry it. */
export type CertificateSource = string | Uint8Array;

/** The merchant's API certificate, as the WeChat Pay Merchant Platform ships it. */
export type CertificateConfig =
  | {
      /** apiclient_cert.p12 */
      pfx: CertificateSource;
      /** @default the merchant ID, as WeChat ships it */
      passphrase?: string | undefined;
    }
  | {
      pfx?: undefined;
      /** apiclient_cert.pem */
      cert: CertificateSource;
      /** apiclient_key.pem */
      key: CertificateSource;
      /** Only where the key is encrypted. */
      passphrase?: string | undefined;
    };

/** What may be shown of a certificate. */
export interface CertificateInfo {
  /** Upper-case hex, as the Merchant Platform shows it. */
  readonly serialNumber: string;
  /** The subject's names in one line, as in `CN=1900000109, O=Example`. */
  readonly subject: string;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/** A certificate that was read, understood and found valid: what TLS needs, and what may be shown. */
export interface LoadedCertificate {
  readonly secureContextOptions:
    { pfx: Buffer; passphrase: string } | { cert: Buffer; key: Buffer; passphrase?: string };
  readonly info: CertificateInfo;
}

/**
 * Reads a certificate without connecting anywhere: for start-up checks and for expiry warnings.
 *
 * @param merchantId the default passphrase of a `pfx`.
 * @throws {WechatPayConfigError} what is wrong with the file, the passphrase, the key or the dates.
 */
export function certificateInfo(
  certificate: CertificateConfig,
  merchantId = '',
  now: Date = new Date(),
): CertificateInfo {
  return loadCertificate(certificate, merchantId, now).info;
}

/** @throws {WechatPayConfigError} what is wrong with the file, the passphrase, the key or the dates. */
export function loadCertificate(certificate: CertificateConfig, merchantId: string, now: Date): LoadedCertificate {
  const { passphrase } = certificate;
  if (passphrase !== undefined && typeof (passphrase as unknown) !== 'string') {
    throw new WechatPayConfigError('certificate.passphrase', 'must be a string, also where it is all digits.');
  }
  const loaded =
    certificate.pfx === undefined
      ? loadPem(certificate.cert, certificate.key, passphrase)
      : loadPfx(certificate.pfx, passphrase ?? merchantId);
  const { validFrom, validTo } = loaded.info;
  const field = certificate.pfx === undefined ? 'certificate.cert' : 'certificate.pfx';
  if (now > validTo) {
    throw new WechatPayConfigError(
      field,
      `the certificate expired on ${validTo.toISOString()}; download a new one from the Merchant Platform.`,
    );
  }
  if (now < validFrom) {
    throw new WechatPayConfigError(
      field,
      `the certificate is not valid before ${validFrom.toISOString()}; check this machine's clock.`,
    );
  }
  return loaded;
}

function loadPfx(pfx: CertificateSource, passphrase: string): LoadedCertificate {
  const secureContextOptions = { pfx: read(pfx, 'certificate.pfx'), passphrase };
  const certificate = certificateOf(openPfx(secureContextOptions));
  if (!certificate) {
    throw new WechatPayConfigError('certificate.pfx', 'holds no certificate with its private key; export it again.');
  }
  return { secureContextOptions, info: describe(certificate) };
}

function openPfx(options: { pfx: Buffer; passphrase: string }): SecureContext {
  try {
    return createSecureContext(options);
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException;
    if (code === 'ERR_CRYPTO_UNSUPPORTED_OPERATION' || message.includes('unsupported')) {
      throw new WechatPayConfigError(
        'certificate.pfx',
        'is encrypted with RC2-40, which OpenSSL 3 refuses. Convert it with ' +
          '`openssl pkcs12 -legacy -in apiclient_cert.p12 -nodes -out apiclient.pem` and give that file as both `cert` and `key`.',
        cause,
      );
    }
    if (message.includes('mac verify failure')) {
      throw new WechatPayConfigError(
        'certificate.passphrase',
        'does not open the PKCS#12 file; WeChat Pay sets it to the merchant ID.',
        cause,
      );
    }
    throw new WechatPayConfigError('certificate.pfx', 'is no PKCS#12 file; give apiclient_cert.p12.', cause);
  }
}

// Node's public way to the certificate inside a PKCS#12 file: a TLS socket that is never connected.
function certificateOf(secureContext: SecureContext): X509Certificate | undefined {
  const socket = new TLSSocket(new Duplex({ read: ignore, write: ignore }), { secureContext });
  try {
    return socket.getX509Certificate();
  } finally {
    socket.destroy();
  }
}

function ignore(): void {
  // nothing is read from or written to this stream
}

function loadPem(
  certSource: CertificateSource,
  keySource: CertificateSource,
  passphrase: string | undefined,
): LoadedCertificate {
  const cert = read(certSource, 'certificate.cert');
  const key = read(keySource, 'certificate.key');
  const certificate = parseCertificate(cert);
  if (!certificate.checkPrivateKey(parseKey(key, passphrase))) {
    throw new WechatPayConfigError(
      'certificate.key',
      'does not belong to certificate.cert; take apiclient_cert.pem and apiclient_key.pem from the same download.',
    );
  }
  const secureContextOptions = { cert, key, ...(passphrase !== undefined && { passphrase }) };
  try {
    // What TLS will do with them at the first call: it takes PEM only, and refuses keys that are too weak.
    createSecureContext(secureContextOptions);
  } catch (cause) {
    throw new WechatPayConfigError('certificate', 'cannot be used for TLS; download both PEM files again.', cause);
  }
  return { secureContextOptions, info: describe(certificate) };
}

function parseCertificate(cert: Buffer): X509Certificate {
  try {
    if (!cert.includes('-----BEGIN')) throw new TypeError('not PEM');
    return new X509Certificate(cert);
  } catch (cause) {
    throw new WechatPayConfigError('certificate.cert', 'is no PEM certificate; give apiclient_cert.pem.', cause);
  }
}

function parseKey(key: Buffer, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    if (key.toString('latin1').includes('ENCRYPTED')) {
      throw new WechatPayConfigError(
        'certificate.passphrase',
        'does not open certificate.key, which is encrypted.',
        cause,
      );
    }
    throw new WechatPayConfigError('certificate.key', 'is no PEM private key; give apiclient_key.pem.', cause);
  }
}

function describe(certificate: X509Certificate): CertificateInfo {
  return {
    serialNumber: certificate.serialNumber,
    subject: certificate.subject.replaceAll('\n', ', '),
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
  };
}

// What the base64 of a DER sequence (a PKCS#12 file) and of `-----BEGIN` begins with; a path can do so only by intent.
const BASE64 = /^(?:MI|LS0tLS1CRUdJTi)[A-Za-z0-9+/\s]{200,}={0,2}\s*$/;

/** Resolves a {@link CertificateSource} to bytes. Also reads the `ca` setting. */
export function read(source: CertificateSource, field: string): Buffer {
  if (typeof source !== 'string') {
    if (!(source instanceof Uint8Array) || source.length === 0) {
      throw new WechatPayConfigError(field, 'is missing; give a path, a Buffer, PEM text or base64.');
    }
    return Buffer.from(source);
  }
  if (source.includes('-----BEGIN')) {
    // As environment files often carry it, in one line.
    return Buffer.from(source.includes('\n') ? source : source.replaceAll('\\n', '\n'));
  }
  if (BASE64.test(source)) return Buffer.from(source, 'base64');
  if (source === '') throw new WechatPayConfigError(field, 'is empty; give a path, a Buffer, PEM text or base64.');
  // A key or a certificate in a broken form, and no path: never quote it.
  if (source.length > 1024 || source.includes('\n') || /[A-Za-z0-9+/=]{64}/.test(source)) {
    throw new WechatPayConfigError(field, 'is neither a path nor PEM text nor base64; check how it was copied.');
  }
  try {
    return readFileSync(source);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const problem = code === 'ENOENT' ? 'no such file' : `the file cannot be read (${code ?? 'unknown error'})`;
    throw new WechatPayConfigError(field, `${problem}: ${source}. Give a path, a Buffer, PEM text or base64.`, cause);
  }
}
