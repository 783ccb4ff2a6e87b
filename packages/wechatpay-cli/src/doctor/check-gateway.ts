import {
  selfTest,
  WechatPayClient,
  type AnyWechatPayError,
  type SelfTestReport,
  type WechatPayConfig,
} from 'wechatpay-core';
import type { Io } from '../io.js';
import { failed, ok, type Cause, type Detail, type Finding } from './finding.js';

/** Asks the gateway twice about an order that cannot exist: key, appid, mch_id, permission, algorithm; then the certificate. */
export async function checkGateway(config: WechatPayConfig, prefix: string, io: Io): Promise<Finding[]> {
  const report = await test(config, io);
  const { outcome, error } = report;
  if (outcome === 'ok') return [ok('gateway', (words) => words.proven)];
  const detail: Detail | undefined = error && ((words) => words.quoted(error.message));
  const fail = (cause: Cause, name?: string): Finding[] => [
    failed(
      'gateway',
      cause,
      name === undefined ? undefined : name.replaceAll(/[A-Z_]{4,}/g, (each) => prefix + each),
      detail,
    ),
  ];
  switch (outcome) {
    case 'wrong-key':
      return fail(await causeOfWrongKey(config, error, io), 'API_KEY');
    case 'wrong-certificate':
      return fail('certificate-refused');
    case 'identity-mismatch':
      return fail(causeOfMismatch(error));
    case 'unreachable':
      return fail(error?.code === 'WECHATPAY_HTTP_STATUS' ? 'not-wechat-pay' : 'gateway-silent');
    case 'unproven':
      return fail(causeOfUnproven(error));
  }
}

async function test(config: WechatPayConfig, io: Io): Promise<SelfTestReport> {
  const client = new WechatPayClient({ ...config, now: io.now });
  try {
    return await selfTest(client, { signal: io.signal });
  } finally {
    await client.close();
  }
}

/** The key may be right, and the algorithm be what the gateway does not take. */
async function causeOfWrongKey(config: WechatPayConfig, error: AnyWechatPayError | undefined, io: Io): Promise<Cause> {
  if (error?.code === 'WECHATPAY_SIGNATURE_MISMATCH' && error.message.includes('is signed with')) {
    return 'reply-other-algorithm';
  }
  const other = await test({ ...config, signType: config.signType === 'MD5' ? 'HMAC-SHA256' : 'MD5' }, io);
  return other.checks.apiKey === 'proven' ? 'sign-type-refused' : 'wrong-api-key';
}

function causeOfMismatch(error: AnyWechatPayError | undefined): Cause {
  const { errorCode, message } = saidBy(error);
  if (/sub_(?:mch_id|appid)/i.test(message)) return 'sub-merchant-wrong';
  return errorCode === 'MCHID_NOT_EXIST' || message.includes('MCHID_NOT_EXIST') || message.includes('mch_id is unknown')
    ? 'merchant-unknown'
    : 'app-not-of-merchant';
}

function causeOfUnproven(error: AnyWechatPayError | undefined): Cause {
  const { errorCode, message } = saidBy(error);
  if (errorCode === 'NOAUTH') return 'no-permission';
  if (errorCode === 'FREQUENCY_LIMITED' || /频率限制|frequency.?limit/i.test(message)) return 'too-many-calls';
  if (/sub_(?:mch_id|appid)/i.test(message)) return 'sub-merchant-wrong';
  return error?.code === 'WECHATPAY_MALFORMED_RESPONSE' ? 'not-wechat-pay' : 'gateway-unclear';
}

function saidBy(error: AnyWechatPayError | undefined): { readonly errorCode: string; readonly message: string } {
  const errorCode = error?.code === 'WECHATPAY_BUSINESS_FAIL' ? error.errorCode : '';
  return { errorCode, message: error?.message ?? '' };
}
