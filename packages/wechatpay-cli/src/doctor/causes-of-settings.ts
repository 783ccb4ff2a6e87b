import type { ConfigProblem } from 'wechatpay-core';
import type { Cause, Check } from './finding.js';

/** A setting that the core refuses: which check it belongs to, and why it is wrong. */
export interface SettingCause {
  readonly check: Check;
  readonly cause: Cause;
}

/** @param name the variable without its prefix, as in `API_KEY`. */
export function causeOf(name: string, { problem }: ConfigProblem): SettingCause {
  if (problem.startsWith('is unknown, and nothing would read it')) return settings('variable-mistyped');
  const isMissing = /^is (?:missing|empty)/.test(problem);
  switch (name) {
    case 'APP_ID':
      return settings(isMissing ? 'app-id-missing' : 'app-id-form');
    case 'MERCHANT_ID':
      return settings(isMissing ? 'merchant-id-missing' : 'merchant-id-form');
    case 'API_KEY':
      return { check: 'api-key', cause: isMissing ? 'api-key-missing' : causeOfKey(problem) };
    case 'SIGN_TYPE':
      return settings('sign-type-unknown');
    case 'BASE_URL':
      return settings('base-url-form');
    case 'CA':
      return settings('ca-unreadable');
    case 'PROXY':
      return { check: 'proxy', cause: 'proxy-form' };
    case 'PFX':
    case 'CERT':
    case 'KEY':
    case 'PASSPHRASE':
      return { check: 'certificate', cause: causeOfCertificate(problem) };
    default:
      return settings(problem.includes('whole number') ? 'number-form' : 'setting-wrong');
  }
}

function settings(cause: Cause): SettingCause {
  return { check: 'settings', cause };
}

function causeOfKey(problem: string): Cause {
  return problem.includes('has a space or a character') ? 'api-key-characters' : 'api-key-length';
}

/** By the core's words; doctor.spec.ts plants each of these faults, so that a changed word is noticed. */
const BY_WORDS: readonly (readonly [words: RegExp, cause: Cause])[] = [
  [/^is missing, and so are/, 'certificate-missing'],
  [/^is set beside/, 'certificate-both-forms'],
  [/^is missing/, 'certificate-half'],
  [/no such file|cannot be read \(|is neither; it is not shown/, 'certificate-file'],
  [/RC2-40/, 'certificate-rc2'],
  [/^does not open the PKCS#12/, 'certificate-passphrase'],
  [/^does not open certificate\.key/, 'key-encrypted'],
  [/^is PEM text/, 'certificate-is-pem'],
  [/^holds an? .+, not an? |^has no line/, 'certificate-wrong-file'],
  [/^holds no /, 'certificate-incomplete'],
  [/^does not belong to/, 'key-of-another-certificate'],
  [/expired on/, 'certificate-expired'],
  [/not valid before/, 'certificate-not-yet-valid'],
];

function causeOfCertificate(problem: string): Cause {
  return BY_WORDS.find(([words]) => words.test(problem))?.[1] ?? 'certificate-damaged';
}
