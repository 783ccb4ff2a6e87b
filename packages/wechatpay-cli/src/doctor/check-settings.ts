import { certificateInfo, type EnvironmentSettings, type Environment, type WechatPayConfig } from 'wechatpay-core';
import { causeOf } from './causes-of-settings.js';
import { failed, ok, warning, type Check, type Detail, type Finding } from './finding.js';

/** Settings as they were read, and where from. */
export interface ReadSettings extends EnvironmentSettings {
  readonly prefix: string;
  readonly environment: Environment;
}

const OFFLINE: readonly Check[] = ['settings', 'api-key', 'certificate'];

/** Settings, API key and certificate: what can be said of them without asking anybody. */
export function checkSettings(read: ReadSettings, now: number): Finding[] {
  const { settings, problems, prefix } = read;
  const refused = problems.map((problem) => {
    const { check, cause } = causeOf(problem.field.slice(prefix.length), problem);
    return failed(check, cause, problem.field, (words) => words.quoted(problem.problem));
  });
  const findings = [...swapped(read), ...refused, ...suspicious(read), ...certificate(settings, prefix, now)];
  // In the order in which they would bite; a check without a finding is well.
  const found = OFFLINE.flatMap((check) => {
    const ofCheck = findings.filter((finding) => finding.check === check);
    return ofCheck.some(({ status }) => status !== 'ok') || ofCheck.length > 0
      ? ofCheck
      : [ok(check, about(check, read))];
  });
  return [...found, ...findings.filter(({ check }) => !OFFLINE.includes(check))];
}

function about(check: Check, { settings, prefix }: ReadSettings): string | undefined {
  if (check !== 'settings') return undefined;
  return `${prefix}*: appid ${settings.appId ?? '?'}, mch_id ${settings.merchantId ?? '?'}, ${settings.signType ?? 'HMAC-SHA256'}`;
}

/** Both are of the right form for the other. */
function swapped({ settings, prefix }: ReadSettings): Finding[] {
  const isSwapped = /^wx/i.test(settings.merchantId ?? '') && /^[0-9]+$/.test(settings.appId ?? '');
  return isSwapped ? [failed('settings', 'ids-swapped', `${prefix}APP_ID, ${prefix}MERCHANT_ID`)] : [];
}

/** What the core lets through, since no page forbids it, and what is hardly meant. */
function suspicious({ settings, problems, prefix }: ReadSettings): Finding[] {
  const { appId, merchantId, apiKey, subAppId, subMerchantId } = settings;
  const isRefused = (name: string): boolean => problems.some(({ field }) => field === `${prefix}${name}`);
  const findings: Finding[] = [];
  if (appId !== undefined && !isRefused('APP_ID') && !/^wx[0-9a-f]{16}$/i.test(appId)) {
    findings.push(warning('settings', 'app-id-form', `${prefix}APP_ID`, appId));
  }
  if (merchantId !== undefined && !isRefused('MERCHANT_ID') && !/^[0-9]{8,10}$/.test(merchantId)) {
    findings.push(warning('settings', 'merchant-id-form', `${prefix}MERCHANT_ID`, merchantId));
  }
  if (subAppId !== undefined && subMerchantId === undefined) {
    findings.push(failed('settings', 'sub-app-alone', `${prefix}SUB_MERCHANT_ID`));
  }
  if (apiKey !== undefined && !isRefused('API_KEY') && /^(.)\1+$|your|placeholder|example|changeme/i.test(apiKey)) {
    findings.push(warning('api-key', 'api-key-placeholder', `${prefix}API_KEY`));
  }
  return findings;
}

const SOON_MS = 30 * 24 * 60 * 60 * 1000;

function certificate(
  { certificate: given, merchantId }: Partial<WechatPayConfig>,
  prefix: string,
  now: number,
): Finding[] {
  if (!given) return [];
  const subjectOf = `${prefix}${given.pfx === undefined ? 'CERT' : 'PFX'}`;
  let info: ReturnType<typeof certificateInfo>;
  try {
    info = certificateInfo(given, merchantId, new Date(now));
  } catch {
    return []; // told by the settings' own problem
  }
  const { subject, serialNumber, validTo } = info;
  const detail: Detail = (words) => words.certificate(subject, serialNumber, validTo);
  const [, owner] = /(?:^|, )CN=([^,]+)/.exec(subject) ?? [];
  if (owner !== undefined && merchantId !== undefined && owner !== merchantId) {
    return [failed('certificate', 'certificate-of-another-merchant', subjectOf, detail)];
  }
  if (validTo.getTime() - now < SOON_MS) return [warning('certificate', 'certificate-expires-soon', subjectOf, detail)];
  return [ok('certificate', detail, subjectOf)];
}
