import { createCipheriv, createHash } from 'node:crypto';
import { expect } from 'vitest';
import {
  encodeXml,
  isWechatPayError,
  signFields,
  WechatPayClient,
  type NotificationProblem,
  type SignType,
  type WechatPayConfig,
} from '../src/index.js';
import made from './vectors/notifications.json' with { type: 'json' };

// One made-up merchant, and what may be posted to it.

export const NOTIFIED_KEY = made.apiKey;

type Changes = Readonly<Record<string, string>>;

/** The merchant's client, or one like it. It calls nobody. */
export function notifiedClient(changes: Partial<WechatPayConfig> = {}): WechatPayClient {
  return new WechatPayClient({
    appId: made.payment.appid,
    merchantId: made.payment.mch_id,
    apiKey: NOTIFIED_KEY,
    signType: 'MD5',
    transport: () => {
      throw new Error('a reader of notifications calls nobody');
    },
    ...changes,
  });
}

/** A payment notification, signed anew unless a signature is given. */
export function paymentDocument(changes: Changes = {}, key = NOTIFIED_KEY, signType: SignType = 'MD5'): string {
  const { sign, ...fields }: Changes = { ...made.payment, ...changes };
  return encodeXml({ ...fields, sign: sign ?? signFields(fields, key, signType) });
}

/** A refund notification; it bears no signature. */
export function refundDocument(changes: Changes = {}): string {
  const { appid, mch_id } = made.payment;
  return encodeXml({ return_code: 'SUCCESS', appid, mch_id, nonce_str: 'n3', req_info: made.reqInfo, ...changes });
}

/** `req_info` of any content. */
export function encryptRefundInfo(content: string | Uint8Array, key = NOTIFIED_KEY): string {
  const cipher = createCipheriv('aes-256-ecb', createHash('md5').update(key).digest('hex'), null);
  return Buffer.concat([cipher.update(content), cipher.final()]).toString('base64');
}

interface Refusal {
  readonly problem: NotificationProblem;
  readonly message: string;
}

/** What a reader refuses a notification for; undefined where it believes it. Any other error is thrown on. */
export function refusalOf(read: () => unknown): Refusal | undefined {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!isWechatPayError(error) || error.code !== 'WECHATPAY_INVALID_NOTIFICATION') throw error;
    const { problem, message, cause, outcome } = error;
    expect(outcome).toBe('unknown');
    expect(`${message}${String(cause)}`).not.toContain(NOTIFIED_KEY);
    return { problem, message };
  }
}
