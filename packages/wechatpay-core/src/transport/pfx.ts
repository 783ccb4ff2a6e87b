import type { X509Certificate } from 'node:crypto';
import { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket, type SecureContext } from 'node:tls';
import { WechatPayConfigError } from '../errors.js';

/**
 * Opens a PKCS#12 file as TLS will.
 *
 * @returns the certificate in it.
 * @throws {WechatPayConfigError} what is wrong with the file or the passphrase.
 */
export function openPfx(pfx: Buffer, passphrase: string): X509Certificate {
  const problem = formProblem(pfx);
  if (problem !== undefined) throw new WechatPayConfigError('certificate.pfx', problem);
  const certificate = certificateOf(createContext(pfx, passphrase));
  if (!certificate) throw new WechatPayConfigError('certificate.pfx', NO_CERTIFICATE);
  return certificate;
}

const NO_CERTIFICATE = 'holds no certificate; export it again, with certificate and private key.';
const NO_KEY = 'holds no private key; export it again, with certificate and private key.';

/** What the first bytes tell, better than OpenSSL does. */
function formProblem(pfx: Buffer): string | undefined {
  const text = pfx.toString('latin1');
  if (text.includes('-----BEGIN')) return 'is PEM text, not a PKCS#12 file; give the PEM files as `cert` and `key`.';
  if (/^MI[A-Za-z0-9+/\s]+=*\s*$/.test(text)) return 'holds base64 text; decode it, or give that text itself.';
  // A DER sequence, and its length in two bytes. Decoding as UTF-8 writes U+FFFD in the place of a byte that is no UTF-8.
  if (text.startsWith('0\xef\xbf\xbd')) {
    return 'was read or copied as text, which destroys it; give it as binary, or as base64.';
  }
  if (pfx.length < 4 || pfx[0] !== 0x30) return 'is not a PKCS#12 file; give apiclient_cert.p12.';
  const length = pfx[1] === 0x82 ? 4 + pfx.readUInt16BE(2) : 0;
  return pfx.length < length ? `is cut: ${pfx.length} of ${length} bytes are there; copy the file again.` : undefined;
}

function createContext(pfx: Buffer, passphrase: string): SecureContext {
  try {
    return createSecureContext({ pfx, passphrase });
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
        'does not open the PKCS#12 file; WeChat Pay sets it to the merchant ID. Where it is right, the file is damaged.',
        cause,
      );
    }
    const problem = message.includes('private key')
      ? NO_KEY
      : message.includes('certificate')
        ? NO_CERTIFICATE
        : 'is damaged, or not a PKCS#12 file; download or copy apiclient_cert.p12 again.';
    throw new WechatPayConfigError('certificate.pfx', problem, cause);
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
