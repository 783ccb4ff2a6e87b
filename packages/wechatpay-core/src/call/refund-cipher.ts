import { createDecipheriv, createHash, createSecretKey, type KeyObject } from 'node:crypto';

/** The key of `req_info`: the 32 characters of the API key's MD5, in lower-case hex. */
export function refundKeyOf(apiKey: string): KeyObject {
  return createSecretKey(createHash('md5').update(apiKey).digest('hex'), 'latin1');
}

/**
 * Decrypts `req_info` of a refund notification: base64, AES-256-ECB, PKCS#7. There is no MAC: blocks can be cut out and pasted in, so
 * that what comes out proves nothing.
 *
 * @returns undefined for whatever cannot be decrypted, without saying why: a reason would be an oracle.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/ch/pay/NativePay/chapter8_8.shtml
 */
export function decryptRefundInfo(text: string, key: KeyObject): Uint8Array | undefined {
  // Some wrap base64 at 76 characters. Buffer.from would skip what is not base64, and decrypt the rest.
  const base64 = text.replace(/[\t\r\n ]/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return undefined;
  try {
    const decipher = createDecipheriv('aes-256-ecb', key, null);
    return Buffer.concat([decipher.update(base64, 'base64'), decipher.final()]);
  } catch {
    return undefined; // not whole blocks, or the padding of another key
  }
}
