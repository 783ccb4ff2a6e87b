import type { PreviousApiKey } from './call/merchant-key.js';
import type { SignType } from './call/sign.js';
import { WechatPayConfigError } from './errors.js';
import { loadCertificate, type CertificateConfig, type LoadedCertificate } from './transport/certificate.js';
import { read, type CertificateSource } from './transport/certificate-source.js';
import { Problems } from './transport/problems.js';
import { parseProxy, type Proxy } from './transport/proxy.js';
import { foreignRuntime } from './transport/runtime.js';
import { parseCertificates } from './transport/server-identity.js';
import type { Transport } from './transport/transport.js';

// A check for each setting. They take `unknown`, whatever the types promise: settings come from environments, files and plain JavaScript.

export type Check<Value> = (field: string, value: unknown) => Value;

export function optional<Value>(check: Check<Value>): Check<Value | undefined> {
  return (field, value) => (value === undefined ? undefined : check(field, value));
}

export function identifier(field: string, value: unknown): string {
  assertGiven(field, value, 'WeChat Pay assigns it.');
  if (typeof value !== 'string' || !/^[\x21-\x7e]{1,32}$/.test(value)) {
    throw new WechatPayConfigError(
      field,
      'must be a string of 1 to 32 visible ASCII characters, as WeChat Pay assigned it.',
    );
  }
  return value;
}

export function apiKey(field: string, value: unknown): string {
  assertGiven(field, value, 'it is the 32-character API key (v2) of the Merchant Platform.');
  if (typeof value !== 'string' || !/^[\x21-\x7e]{32}$/.test(value)) {
    const length =
      typeof value !== 'string'
        ? ''
        : value.length === 32
          ? '; this one has a space or a character outside of ASCII'
          : `; this one has ${value.length}`;
    throw new WechatPayConfigError(field, `must be the 32-character API key (v2) of the Merchant Platform${length}.`);
  }
  return value;
}

/** @param current the key that it must not be. */
export function previousApiKey(given: unknown, current: string | undefined): PreviousApiKey | undefined {
  if (given === undefined) return undefined;
  if (typeof given !== 'object' || given === null) {
    throw new WechatPayConfigError(
      'previousApiKey',
      "must be an object, as in { apiKey, until: new Date('2027-03-02T00:00:00Z') }.",
    );
  }
  const problems = new Problems();
  problems.checkNames(given, ['apiKey', 'until'], { apiKey: 'key', until: 'expiresAt' }, 'previousApiKey.');
  const { apiKey: key, until } = given as Partial<PreviousApiKey>;
  const checked = problems.check('previousApiKey.apiKey', () => apiKey('previousApiKey.apiKey', key));
  if (current !== undefined && checked === current) {
    problems.add('previousApiKey.apiKey', 'is the same as apiKey; give the one before the change, or leave it out.');
  }
  if (!(until instanceof Date) || Number.isNaN(until.getTime())) {
    problems.add('previousApiKey.until', 'must be a valid Date, with its time zone, as of 2027-03-02T00:00:00Z.');
  }
  return problems.resultOrThrow({ apiKey: checked, until: new Date(Number(until)) }) as PreviousApiKey;
}

function assertGiven(field: string, value: unknown, remedy: string): void {
  if (value === undefined || value === null) throw new WechatPayConfigError(field, `is missing; ${remedy}`);
  if (value === '') throw new WechatPayConfigError(field, `is empty; ${remedy}`);
}

export function clock(field: string, value: unknown): () => number {
  if (value === undefined) return Date.now;
  if (typeof value !== 'function') throw new WechatPayConfigError(field, 'must be a function, as Date.now.');
  let time: unknown;
  try {
    time = (value as () => unknown)();
  } catch (cause) {
    throw new WechatPayConfigError(field, 'threw an error; it must give milliseconds since 1970, as Date.now.', cause);
  }
  // A clock that is invalid would switch the guards of time off.
  if (!Number.isFinite(time)) throw new WechatPayConfigError(field, 'must give milliseconds since 1970, as Date.now.');
  return value as () => number;
}

export function certificate(
  value: unknown,
  merchantId: string,
  now: Date,
  current?: LoadedCertificate,
): LoadedCertificate {
  try {
    return loadCertificate(value as CertificateConfig, merchantId, now, current);
  } catch (cause) {
    const hasPfx = (Object(value) as Partial<CertificateConfig>).pfx !== undefined;
    const runtime = hasPfx ? foreignRuntime() : undefined;
    if (runtime === undefined) throw cause;
    throw new WechatPayConfigError(
      'certificate.pfx',
      `cannot be read; ${runtime} may read no PKCS#12 file at all. Give the PEM files as { cert, key }: apiclient_cert.pem and ` +
        'apiclient_key.pem, or what `openssl pkcs12 -legacy -in apiclient_cert.p12 -nodes -out apiclient.pem` writes, as both.',
      cause,
    );
  }
}

export function transport(field: string, value: unknown): Transport {
  if (typeof value !== 'function') throw new WechatPayConfigError(field, 'must be a function.');
  return value as Transport;
}

export function signType(field: string, value: unknown): SignType {
  if (value === undefined) return 'HMAC-SHA256';
  if (value !== 'HMAC-SHA256' && value !== 'MD5') {
    throw new WechatPayConfigError(field, "must be 'HMAC-SHA256' or 'MD5'.");
  }
  return value;
}

export function ca(field: string, value: unknown): Buffer {
  const pem = read(value as CertificateSource, field);
  const roots = (): unknown[] => parseCertificates(pem.toString('latin1'));
  try {
    if (roots().length > 0) return pem;
  } catch (cause) {
    throw new WechatPayConfigError(field, 'holds a certificate that cannot be read; check how it was copied.', cause);
  }
  throw new WechatPayConfigError(field, 'must hold root certificates in PEM form.');
}

// Neither message shows the value, which may hold a password.
export function proxy(field: string, value: unknown, transport: unknown): Proxy | false | undefined {
  if (value === undefined || value === false) return value;
  const parsed = parseProxy(value);
  if (parsed === undefined) {
    throw new WechatPayConfigError(
      field,
      'must be the URL of an HTTP proxy without a path, as in http://user:password@proxy.internal:3128 (special characters ' +
        'of user and password percent-encoded), or false; leave it out where there is none.',
    );
  }
  if (transport !== undefined) {
    throw new WechatPayConfigError(field, 'is not read beside a custom `transport`; have that use the proxy.');
  }
  return parsed;
}

export function milliseconds(byDefault: number): Check<number> {
  return (field, value = byDefault) => {
    // Above 2^31 - 1 a Node.js timer fires at once.
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > 0x7fffffff) {
      const given = typeof value === 'number' ? `; it is ${value}` : '';
      throw new WechatPayConfigError(field, `must be a whole number of milliseconds, 1 or more${given}.`);
    }
    return value;
  };
}
