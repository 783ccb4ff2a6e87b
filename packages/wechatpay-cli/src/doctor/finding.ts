/** What is looked at, in the order in which it would bite. */
export type Check =
  'runtime' | 'settings' | 'api-key' | 'certificate' | 'proxy' | 'dns' | 'tcp' | 'tls' | 'clock' | 'gateway';

/** Every cause that the doctor knows; stable. What each means, and what to do, stands in words/doctor-en.ts and its Chinese twin. */
export const CAUSES = [
  'node-too-old',
  'tls-verification-off',
  'extra-ca-unreadable',
  'variable-mistyped',
  'merchant-not-chosen',
  'app-id-missing',
  'app-id-form',
  'merchant-id-missing',
  'merchant-id-form',
  'ids-swapped',
  'sub-app-alone',
  'sign-type-unknown',
  'base-url-form',
  'number-form',
  'proxy-form',
  'ca-unreadable',
  'setting-wrong',
  'api-key-missing',
  'api-key-length',
  'api-key-characters',
  'api-key-placeholder',
  'certificate-missing',
  'certificate-both-forms',
  'certificate-half',
  'certificate-file',
  'certificate-wrong-file',
  'certificate-is-pem',
  'certificate-damaged',
  'certificate-rc2',
  'certificate-passphrase',
  'certificate-incomplete',
  'key-encrypted',
  'key-of-another-certificate',
  'certificate-expired',
  'certificate-not-yet-valid',
  'certificate-of-another-merchant',
  'certificate-expires-soon',
  'proxy-ignored',
  'proxy-unreachable',
  'proxy-refuses',
  'host-not-found',
  'connection-refused',
  'connection-timeout',
  'tls-untrusted',
  'tls-other-host',
  'tls-expired',
  'not-tls',
  'tls-cut',
  'clock-skew',
  'no-date',
  'wrong-api-key',
  'sign-type-refused',
  'reply-other-algorithm',
  'app-not-of-merchant',
  'merchant-unknown',
  'sub-merchant-wrong',
  'no-permission',
  'too-many-calls',
  'certificate-refused',
  'gateway-silent',
  'not-wechat-pay',
  'gateway-unclear',
] as const;

export type Cause = (typeof CAUSES)[number];

/** The words of what was seen, by language: words/doctor-en.ts and its Chinese twin. */
export interface DetailWords {
  readonly certificate: (subject: string, serialNumber: string, validTo: Date) => string;
  readonly issuedBy: (protocol: string, issuer: string) => string;
  readonly refusedIssuer: (code: string, issuer: string, validTo: string) => string;
  readonly closedInHandshake: string;
  readonly noHandshake: (timeoutMs: number) => string;
  readonly noAnswer: (timeoutMs: number) => string;
  readonly connectStatus: (status: number, target: string) => string;
  readonly clocks: (here: Date, there: Date) => string;
  readonly proven: string;
  /** What the library, or the gateway, said in English: as it stands in logs. */
  readonly quoted: (message: string) => string;
}

/** A code, an address, a name: the same in each language. Or what the language says. */
export type Detail = string | ((words: DetailWords) => string);

export function textOf(detail: Detail, words: DetailWords): string {
  return typeof detail === 'string' ? detail : detail(words);
}

/** What a check found. */
export interface Finding {
  readonly check: Check;
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  /** Why; absent where all is well. */
  readonly cause?: Cause | undefined;
  /** What it is about: a variable, a host. */
  readonly subject?: string | undefined;
  /** What was seen; never a secret. */
  readonly detail?: Detail | undefined;
}

export function failed(check: Check, cause: Cause, subject?: string, detail?: Detail): Finding {
  return { check, status: 'failed', cause, subject, detail };
}

export function warning(check: Check, cause: Cause, subject?: string, detail?: Detail): Finding {
  return { check, status: 'warning', cause, subject, detail };
}

export function ok(check: Check, detail?: Detail, subject?: string): Finding {
  return { check, status: 'ok', subject, detail };
}
