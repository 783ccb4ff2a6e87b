import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { read, type CertificateSource } from './certificate-source.js';
import { WechatPayConfigError } from '../errors.js';
import { openPfx } from './pfx.js';
import { Problems } from './problems.js';

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
 * @throws {WechatPayConfigError} all that is wrong with the files, the passphrase, the key or the dates.
 */
export function certificateInfo(
  certificate: CertificateConfig,
  merchantId = '',
  now: Date = new Date(),
): CertificateInfo {
  return loadCertificate(certificate, merchantId, now).info;
}

/**
 * @param current the one in use: equal files, read again, are no other certificate, and are not judged again.
 * @throws {WechatPayConfigError} what is wrong with the file, the passphrase, the key or the dates.
 */
export function loadCertificate(
  certificate: CertificateConfig,
  merchantId: string,
  now: Date,
  current?: LoadedCertificate,
): LoadedCertificate {
  if (Object(certificate) !== certificate || Object.keys(givenIn(certificate)).length === 0) {
    throw new WechatPayConfigError('certificate', 'is missing; give { pfx } (apiclient_cert.p12) or { cert, key }.');
  }
  const problems = new Problems();
  problems.checkNames(certificate, PROPERTIES, OTHER_NAMES, 'certificate.');
  const { pfx, cert, key } = givenIn(certificate);
  if (pfx !== undefined && (cert !== undefined || key !== undefined)) {
    problems.add('certificate.pfx', 'stands beside cert or key; give pfx, or cert and key.');
  }
  const passphrase = problems.check('certificate.passphrase', () => asPassphrase(certificate.passphrase));
  const field = pfx === undefined ? 'certificate.cert' : 'certificate.pfx';
  const loaded =
    certificate.pfx === undefined
      ? loadPem(certificate, passphrase, problems, current)
      : problems.check(field, () => loadPfx(certificate.pfx, passphrase ?? merchantId, current));
  if (loaded && loaded !== current) {
    problems.check(field, () => {
      assertInForce(loaded.info, field, now);
    });
  }
  return problems.resultOrThrow(loaded);
}

const PROPERTIES: readonly string[] = ['pfx', 'cert', 'key', 'passphrase'];
const OTHER_NAMES = { pfx: 'p12', cert: 'certificate', key: 'privateKey', passphrase: 'password' };

/** Own properties alone: what an object carries beside them, hidden, was not given. */
function givenIn(certificate: object): Partial<Record<'pfx' | 'cert' | 'key', unknown>> {
  const entries = Object.entries(certificate).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}

function asPassphrase(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw new WechatPayConfigError('certificate.passphrase', 'must be a string, also where it is all digits.');
}

function assertInForce({ validFrom, validTo }: CertificateInfo, field: string, now: Date): void {
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
}

function loadPfx(source: CertificateSource, passphrase: string, current?: LoadedCertificate): LoadedCertificate {
  const pfx = read(source, 'certificate.pfx');
  if (current && isDeepStrictEqual(current.secureContextOptions, { pfx, passphrase })) return current;
  return { secureContextOptions: { pfx, passphrase }, info: describe(openPfx(pfx, passphrase)) };
}

function loadPem(
  source: { readonly cert: CertificateSource; readonly key: CertificateSource },
  passphrase: string | undefined,
  problems: Problems,
  current?: LoadedCertificate,
): LoadedCertificate | undefined {
  const cert = problems.check('certificate.cert', () => read(source.cert, 'certificate.cert'));
  const key = problems.check('certificate.key', () => read(source.key, 'certificate.key'));
  const secureContextOptions = { cert, key, ...(passphrase !== undefined && { passphrase }) };
  if (current && isDeepStrictEqual(current.secureContextOptions, secureContextOptions)) return current;
  const certificate = cert && problems.check('certificate.cert', () => parseCertificate(cert));
  const privateKey = key && problems.check('certificate.key', () => parseKey(key, passphrase));
  if (!cert || !key || !certificate || !privateKey) return undefined;
  return problems.check('certificate', () => {
    if (!certificate.checkPrivateKey(privateKey)) {
      throw new WechatPayConfigError(
        'certificate.key',
        'does not belong to certificate.cert; take apiclient_cert.pem and apiclient_key.pem from the same download.',
      );
    }
    try {
      // What TLS will do with them at the first call: it takes PEM only, and refuses keys that are too weak.
      createSecureContext(secureContextOptions);
    } catch (cause) {
      throw new WechatPayConfigError('certificate', 'cannot be used for TLS; download both PEM files again.', cause);
    }
    return { secureContextOptions: { ...secureContextOptions, cert, key }, info: describe(certificate) };
  });
}

function parseCertificate(cert: Buffer): X509Certificate {
  assertHolds(cert, 'certificate.cert', 'CERTIFICATE', 'apiclient_cert.pem');
  try {
    return new X509Certificate(cert);
  } catch (cause) {
    throw new WechatPayConfigError(
      'certificate.cert',
      'cannot be read; check how apiclient_cert.pem was copied.',
      cause,
    );
  }
}

function parseKey(key: Buffer, passphrase: string | undefined): KeyObject {
  assertHolds(key, 'certificate.key', 'PRIVATE KEY', 'apiclient_key.pem');
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
    throw new WechatPayConfigError('certificate.key', 'cannot be read; check how apiclient_key.pem was copied.', cause);
  }
}

/** @throws {WechatPayConfigError} what PEM blocks there are in the place of the one that is needed, by their names alone. */
function assertHolds(pem: Buffer, field: string, needed: string, file: string): void {
  const labels = [...pem.toString('latin1').matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label = '']) => label);
  if (labels.some((label) => label.endsWith(needed))) return;
  const problem =
    labels.length === 0
      ? `has no line -----BEGIN …-----; copy the whole file ${file}, its first line included.`
      : `holds a ${[...new Set(labels)].join(' and a ')}, not a ${needed}; give ${file}.`;
  throw new WechatPayConfigError(field, problem);
}

function describe(certificate: X509Certificate): CertificateInfo {
  return {
    serialNumber: certificate.serialNumber,
    subject: certificate.subject.replaceAll('\n', ', '),
    validFrom: new Date(certificate.validFrom),
    validTo: new Date(certificate.validTo),
  };
}
