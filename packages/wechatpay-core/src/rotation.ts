import type { ApiKeys, PreviousApiKey } from './call/merchant-key.js';
import { apiKey, certificate, previousApiKey } from './config-checks.js';
import { WechatPayConfigError } from './errors.js';
import type { CertificateConfig, LoadedCertificate } from './transport/certificate.js';
import { Problems } from './transport/problems.js';

/** What `WechatPayClient.rotate` takes: the settings that change, as the constructor takes them. What is left out stays. */
export interface KeyRotation {
  /** Signs from now on. The key before is accepted no more, but where it stands in `previousApiKey`. */
  readonly apiKey?: string | undefined;
  /** Only beside `apiKey`: the key before it, and until when what it signed is accepted. */
  readonly previousApiKey?: PreviousApiKey | undefined;
  /** Shown by the connections that are opened from now on. Files are read again. */
  readonly certificate?: CertificateConfig | undefined;
}

const PROPERTIES: readonly (keyof KeyRotation)[] = ['apiKey', 'previousApiKey', 'certificate'];

interface Rotated {
  readonly merchantId: string;
  readonly now: Date;
  /** The certificate in use. */
  readonly current: LoadedCertificate | undefined;
}

/** @throws {WechatPayConfigError} everything that is missing, wrong or unknown. */
export function readRotation(
  rotation: KeyRotation,
  { merchantId, now, current }: Rotated,
): { readonly keys: ApiKeys | undefined; readonly certificate: LoadedCertificate | undefined } {
  const given: unknown = rotation;
  if (typeof given !== 'object' || given === null) {
    throw new WechatPayConfigError('rotation', 'must be an object, { apiKey, previousApiKey } or { certificate }.');
  }
  const problems = new Problems();
  problems.checkNames(given, PROPERTIES, { apiKey: 'key', certificate: 'pfx', previousApiKey: 'oldApiKey' });
  const read = Object.fromEntries(
    PROPERTIES.map((name) => [name, problems.check(name, () => rotation[name] as unknown)]),
  );
  const checked = <Value>(name: keyof KeyRotation, check: (value: unknown) => Value): Value | undefined =>
    read[name] === undefined ? undefined : problems.check(name, () => check(read[name]));
  const key = checked('apiKey', (value) => apiKey('apiKey', value));
  const previous = checked('previousApiKey', (value) => previousApiKey(value, key));
  const loaded = checked('certificate', (value) => certificate(value, merchantId, now, current));
  if (read.previousApiKey !== undefined && read.apiKey === undefined) {
    problems.add('apiKey', 'is missing beside previousApiKey; give both, the new key and the one before it.');
  } else if (PROPERTIES.every((name) => read[name] === undefined)) {
    problems.add('rotation', 'is empty; give { apiKey, previousApiKey }, or { certificate }, or all of them.');
  }
  const keys = key === undefined ? undefined : { apiKey: key, previousApiKey: previous };
  return problems.resultOrThrow({ keys, certificate: loaded });
}
