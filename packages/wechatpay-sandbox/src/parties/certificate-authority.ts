import { constants, generateKeyPair, generateKeyPairSync, privateEncrypt, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import type { md, pki } from 'node-forge';
import { forge } from './forge.cjs';

/** Options of `new CertificateAuthority()`. */
export interface CertificateAuthorityOptions {
  /** @default a name of its own for each authority */
  commonName?: string;
  /** Makes it an intermediate authority below this one, as the real gateway's is; servers send its certificate along. */
  issuer?: CertificateAuthority;
}

/** From when until when a certificate holds. */
export interface Validity {
  /** @default a day ago */
  notBefore?: Date;
  /** @default in a year */
  notAfter?: Date;
}

/** What `issueServer` takes. */
export interface ServerCertificateOptions extends Validity {
  /** DNS names and IP addresses. @default localhost, 127.0.0.1 and ::1 */
  hosts?: readonly string[];
}

/** What `issueClient` takes. */
export interface ClientCertificateOptions extends Validity {
  /** WeChat Pay puts the merchant ID here, and so does the sandbox: it knows a merchant by it. */
  commonName: string;
  /** Of the PKCS#12 file. @default the common name, as WeChat Pay ships it */
  passphrase?: string;
  /** Puts the authority's own certificate into the PKCS#12 file too, as some downloads have it. @default false */
  withAuthority?: boolean;
}

/** A certificate and its private key, both PEM. */
export interface IssuedCertificate {
  cert: string;
  key: string;
}

/** A merchant's certificate, as PEM and as PKCS#12. */
export interface ClientCertificate extends IssuedCertificate {
  /** Certificate and key in one, the form of apiclient_cert.p12. Opens in OpenSSL 3 without its legacy provider. */
  pfx: Buffer;
  passphrase: string;
  /** Hexadecimal. */
  serialNumber: string;
}

interface KeyPair {
  publicKey: string;
  privateKey: string;
}

const keyOptions = {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;
const generateKeys = (): Promise<KeyPair> => promisify(generateKeyPair)('rsa', keyOptions);
const dayMs = 24 * 60 * 60 * 1000;

/**
 * A certificate authority for tests: it issues the gateway's certificate and the merchants', valid, expired or for
 * another host, as a test of a TLS client needs them. Keys are RSA with 2048 bits, made anew each time.
 */
export class CertificateAuthority {
  /** The root certificate (PEM): what a client passes as `ca`. */
  readonly pem: string;
  readonly #certificate: pki.Certificate;
  /** PEM. */
  readonly #privateKey: string;
  /** What a server sends beside its certificate: the authorities up to the root, which is left out. */
  readonly #chain: string;

  /** Generates the root's key on the spot, some 100 ms; `create()` does so without holding up the event loop. */
  constructor(options: CertificateAuthorityOptions = {}, keys: KeyPair = generateKeyPairSync('rsa', keyOptions)) {
    const commonName = options.commonName ?? `WeChat Pay sandbox root ${randomBytes(4).toString('hex')}`;
    this.#privateKey = keys.privateKey;
    this.#certificate = draft(keys, commonName, { notAfter: new Date(Date.now() + 3650 * dayMs) });
    const { issuer } = options;
    const above = issuer ? { certificate: issuer.#certificate, key: issuer.#privateKey } : undefined;
    this.#certificate.setIssuer((above?.certificate ?? this.#certificate).subject.attributes);
    this.#certificate.setExtensions([
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      { name: 'subjectKeyIdentifier' },
    ]);
    sign(this.#certificate, above?.key ?? this.#privateKey);
    this.pem = toPem(this.#certificate);
    this.#chain = issuer ? this.pem + issuer.#chain : '';
  }

  /** As the constructor, with the key made on another thread. */
  static async create(options: CertificateAuthorityOptions = {}): Promise<CertificateAuthority> {
    return new CertificateAuthority(options, await generateKeys());
  }

  /** Issues a certificate for a server. The first host becomes its common name. */
  async issueServer(options: ServerCertificateOptions = {}): Promise<IssuedCertificate> {
    const hosts = options.hosts ?? ['localhost', '127.0.0.1', '::1'];
    const keys = await generateKeys();
    const certificate = draft(keys, hosts[0] ?? 'localhost', options);
    const altNames = hosts.map((host) => (isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host }));
    this.#sign(certificate, [
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ]);
    return { cert: toPem(certificate) + this.#chain, key: keys.privateKey };
  }

  /** Issues a merchant's certificate. @throws {TypeError} where the passphrase is not ASCII. */
  async issueClient(options: ClientCertificateOptions): Promise<ClientCertificate> {
    const { commonName, passphrase = commonName } = options;
    // node-forge encodes others differently for the key and for the checksum, and nothing could open the file.
    if (!/^[\x20-\x7e]*$/.test(passphrase)) throw new TypeError('a passphrase takes ASCII characters only');
    const keys = await generateKeys();
    const certificate = draft(keys, commonName, options);
    this.#sign(certificate, [{ name: 'extKeyUsage', clientAuth: true }]);
    return {
      cert: toPem(certificate),
      key: keys.privateKey,
      pfx: toPkcs12(keys.privateKey, [certificate, ...(options.withAuthority ? [this.#certificate] : [])], passphrase),
      passphrase,
      serialNumber: certificate.serialNumber,
    };
  }

  #sign(certificate: pki.Certificate, extensions: object[]): void {
    certificate.setIssuer(this.#certificate.subject.attributes);
    certificate.setExtensions([
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
      { name: 'authorityKeyIdentifier', keyIdentifier: this.#certificate.generateSubjectKeyIdentifier().getBytes() },
      ...extensions,
    ]);
    sign(certificate, this.#privateKey);
  }
}

function draft(keys: KeyPair, commonName: string, { notBefore, notAfter }: Validity): pki.Certificate {
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(keys.publicKey);
  // A serial number is a positive integer: a first byte above 7f would make it a negative one.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = notBefore ?? new Date(Date.now() - dayMs);
  certificate.validity.notAfter = notAfter ?? new Date(Date.now() + 365 * dayMs);
  certificate.setSubject([{ name: 'commonName', value: commonName }]);
  return certificate;
}

/** What PKCS #1 puts before a SHA-256 hash (RFC 8017, 9.2). */
const SHA256_PREFIX = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/** The signature is made by OpenSSL: in node-forge's JavaScript it takes a tenth of a second. */
function sign(certificate: pki.Certificate, privateKey: string): void {
  const signer = {
    sign: (hash: md.MessageDigest) => {
      const info = Buffer.concat([SHA256_PREFIX, Buffer.from(hash.digest().getBytes(), 'binary')]);
      return privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, info).toString('binary');
    },
  };
  certificate.sign(signer as pki.rsa.PrivateKey, forge.md.sha256.create());
}

function toPkcs12(privateKey: string, certificates: pki.Certificate[], passphrase: string): Buffer {
  // AES, since OpenSSL 3 keeps RC2 and 3DES containers for its legacy provider. Nobody needs to be kept from guessing the passphrase.
  const container = forge.pkcs12.toPkcs12Asn1(forge.pki.privateKeyFromPem(privateKey), certificates, passphrase, {
    algorithm: 'aes256',
    count: 1,
  });
  return Buffer.from(forge.asn1.toDer(container).getBytes(), 'binary');
}

function toPem(certificate: pki.Certificate): string {
  return forge.pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}
