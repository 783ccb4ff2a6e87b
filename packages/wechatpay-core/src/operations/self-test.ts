import { randomUUID } from 'node:crypto';
import { type WechatPayClient } from '../client.js';
import { isWechatPayError, WechatPayRequestError, type AnyWechatPayError } from '../errors.js';
import { readOnce } from '../call/given.js';
import { findUnknownProperty } from '../call/known-properties.js';
import { queryOrder } from './query-order.js';
import { reverseOrder } from './reverse-order.js';
import { type CallOptions } from '../call/operation.js';
import { assertSignal } from '../call/signal.js';
import { assertWechatPayClient } from '../client-brand.js';

export interface SelfTestOptions extends CallOptions {
  /** `sub_mch_id`, institutional mode: a sub-merchant to ask for. @default that of the client */
  subMerchantId?: string | undefined;
  /** `sub_appid`, institutional mode. @default that of the client */
  subAppId?: string | undefined;
}

/** What an answer said of a setting: that it is right, that it is wrong, or neither. */
export type SelfTestCheck = 'proven' | 'refused' | 'unproven';

/** What a self-test found. Plain JSON but for `error`; it holds no secret. */
export interface SelfTestReport {
  /**
   * - `ok`: every check is `proven`.
   * - `wrong-key`: the gateway and this client sign with different API keys, or algorithms.
   * - `wrong-certificate`: the gateway does not take the API certificate of this merchant.
   * - `identity-mismatch`: appid, mch_id and the sub-merchant's do not belong together, or are unknown.
   * - `unreachable`: no answer came; nothing is said of the settings that are `unproven`.
   * - `unproven`: an answer came that says nothing of them, as one to too many calls.
   */
  readonly outcome: 'ok' | 'wrong-key' | 'wrong-certificate' | 'identity-mismatch' | 'unreachable' | 'unproven';
  readonly checks: {
    readonly apiKey: SelfTestCheck;
    /** appid, mch_id and, in institutional mode, those of the sub-merchant. */
    readonly identity: SelfTestCheck;
    readonly certificate: SelfTestCheck;
  };
  /** What was found, and what to do. */
  readonly message: string;
  /** The answer, or the lack of one, that decided; absent where the outcome is `ok`. */
  readonly error?: AnyWechatPayError;
}

/**
 * Proves the settings of a client at the gateway, without touching money: for a start-up check, before the first customer.
 *
 * Two calls about one order number that cannot exist (WeChat Pay's numbers are digits, and this one has letters):
 *
 * 1. Query Order. A signed answer that the order does not exist proves the API key, appid and mch_id.
 * 2. Revoke Order, which presents the certificate. A signed answer proves that the gateway takes it for this merchant.
 *
 * It does not prove that a product (Quick Pay, refunds) is enabled, that a limit is high enough, or that the notification
 * address can be reached. Both calls appear on the diagnostics channel as `rejected`.
 *
 * @returns the report, whatever the gateway answers and whatever the network does: nothing of that is thrown.
 * @throws {WechatPayConfigError} what is not a client. {@link WechatPayRequestError}: an unknown or wrong option.
 * @example
 * const { outcome, message } = await selfTest(client);
 * if (outcome !== 'ok') console.error(`WeChat Pay: ${message}`);
 */
export async function selfTest(client: WechatPayClient, given: SelfTestOptions = {}): Promise<SelfTestReport> {
  assertWechatPayClient(client);
  const options = readOnce(given, OPTIONS, 'options');
  const unknown = findUnknownProperty(options, OPTIONS);
  if (unknown) throw new WechatPayRequestError(unknown.name, unknown.problem);
  const { signal, ...party } = options;
  assertSignal(signal);
  const order = { transactionId: impossibleNumber(), ...party };

  const queried = await failureOf(queryOrder(client, order, { signal }));
  const first = judgeQuery(queried);
  if (first.outcome !== 'ok') return report(first, queried);
  const reversed = await failureOf(reverseOrder(client, order, { signal }));
  return report(judgeReversal(reversed), reversed);
}

const OPTIONS = ['subMerchantId', 'subAppId', 'signal'];

// 32 characters; the letters keep it apart from every number that WeChat Pay gives.
function impossibleNumber(): string {
  return `selftest${randomUUID().replaceAll('-', '').slice(0, 24)}`;
}

async function failureOf(call: Promise<unknown>): Promise<AnyWechatPayError | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (isWechatPayError(error) && error.code !== 'WECHATPAY_INVALID_REQUEST') return error;
    throw error;
  }
}

type Verdict = Pick<SelfTestReport, 'outcome' | 'checks'>;
type Checks = SelfTestReport['checks'];

const NOTHING: Checks = { apiKey: 'unproven', identity: 'unproven', certificate: 'unproven' };
const KEY: Checks = { ...NOTHING, apiKey: 'proven' };
const KEY_AND_IDENTITY: Checks = { ...KEY, identity: 'proven' };

const UNKNOWN_ORDER = ['ORDERNOTEXIST', 'INVALID_TRANSACTIONID', 'ORDER_NOT_EXIST'];
const UNKNOWN_PARTY = ['APPID_NOT_EXIST', 'MCHID_NOT_EXIST', 'APPID_MCHID_NOT_MATCH'];

function judgeQuery(error: AnyWechatPayError | undefined): Verdict {
  if (!error) return { outcome: 'ok', checks: KEY_AND_IDENTITY };
  switch (error.code) {
    case 'WECHATPAY_BUSINESS_FAIL': {
      const { errorCode, errorDescription } = error;
      if (UNKNOWN_ORDER.includes(errorCode)) return { outcome: 'ok', checks: KEY_AND_IDENTITY };
      if (errorCode === 'SIGNERROR') return { outcome: 'wrong-key', checks: { ...NOTHING, apiKey: 'refused' } };
      const isMismatch =
        UNKNOWN_PARTY.includes(errorCode) || (errorCode === 'INVALID_REQUEST' && PARTY.test(errorDescription));
      if (isMismatch) return { outcome: 'identity-mismatch', checks: { ...KEY, identity: 'refused' } };
      return { outcome: 'unproven', checks: KEY };
    }
    default:
      return judgeUnsigned(error, NOTHING);
  }
}

function judgeReversal(error: AnyWechatPayError | undefined): Verdict {
  const accepted: Verdict = { outcome: 'ok', checks: { ...KEY_AND_IDENTITY, certificate: 'proven' } };
  const refused: Verdict = {
    outcome: 'wrong-certificate',
    checks: { ...KEY_AND_IDENTITY, certificate: 'refused' },
  };
  if (!error) return accepted;
  switch (error.code) {
    case 'WECHATPAY_BUSINESS_FAIL': {
      const { errorCode, errorDescription } = error;
      if (errorCode === 'CERT_ERROR' || CERTIFICATE.test(errorDescription)) return refused;
      // The page gives this one code to a wrong certificate too.
      if (errorCode === 'INVALID_REQUEST') return { outcome: 'unproven', checks: KEY_AND_IDENTITY };
      return accepted;
    }
    case 'WECHATPAY_HTTP_STATUS':
      if (error.status === 400) return refused; // the two pages with which nginx refuses a certificate
      return judgeUnsigned(error, KEY_AND_IDENTITY);
    case 'WECHATPAY_CONNECTION':
      if (TLS_REFUSAL.test(textOf(error))) return refused;
      return judgeUnsigned(error, KEY_AND_IDENTITY);
    case 'WECHATPAY_GATEWAY_FAIL':
      if (CERTIFICATE.test(error.returnMessage)) return refused;
      return judgeUnsigned(error, KEY_AND_IDENTITY);
    default:
      return judgeUnsigned(error, KEY_AND_IDENTITY);
  }
}

/** What no signature vouches for: only words that WeChat Pay is known to use count. */
function judgeUnsigned(error: AnyWechatPayError, checks: Checks): Verdict {
  switch (error.code) {
    case 'WECHATPAY_CONNECTION':
    case 'WECHATPAY_TIMEOUT':
    case 'WECHATPAY_ABORTED':
    case 'WECHATPAY_HTTP_STATUS':
      return { outcome: 'unreachable', checks };
    case 'WECHATPAY_SIGNATURE_MISMATCH':
      return { outcome: 'wrong-key', checks: { ...checks, apiKey: 'refused' } };
    case 'WECHATPAY_GATEWAY_FAIL':
      if (SIGNATURE.test(error.returnMessage)) {
        return { outcome: 'wrong-key', checks: { ...checks, apiKey: 'refused' } };
      }
      if (PARTY.test(error.returnMessage)) {
        return { outcome: 'identity-mismatch', checks: { ...checks, identity: 'refused' } };
      }
      return { outcome: 'unproven', checks };
    default:
      return { outcome: 'unproven', checks };
  }
}

const CERTIFICATE = /certificate|证书/i;
const SIGNATURE = /sign|签名/i;
const TLS_REFUSAL = /ERR_SSL_\w*ALERT\w*CERT|alert .*certificate/i;
const PARTY = /appid|mch_?id/i;

function textOf({ message, cause }: AnyWechatPayError): string {
  const { code, message: reason } = Object(cause) as { code?: unknown; message?: unknown };
  return [message, code, reason].join(' ');
}

const MESSAGES: Readonly<Record<SelfTestReport['outcome'], string>> = {
  ok: 'API key, appid, mch_id and certificate are proven.',
  'wrong-key':
    'the API key (v2), or the algorithm of signatures, is not that of the gateway. Compare it with the Merchant Platform; ' +
    'a key that was just reset takes about 15 min.',
  'wrong-certificate':
    'the gateway refuses the API certificate: it is not of this merchant, or was replaced. Download it from the Merchant Platform.',
  'identity-mismatch':
    'the appid and mch_id (or those of the sub-merchant) do not belong together, or are unknown. Compare them with the Merchant Platform.',
  unreachable: 'no answer came: check network, proxy and host.',
  unproven: 'the answer neither proves nor disproves the settings; run the test again later.',
};

function report({ outcome, checks }: Verdict, error: AnyWechatPayError | undefined): SelfTestReport {
  const message = MESSAGES[outcome];
  if (outcome === 'ok' || !error) return { outcome, checks, message };
  return { outcome, checks, message: `${message} ${error.message}`, error };
}
