import type { ResolvedConfig } from '../config.js';
import { WechatPayRequestError } from '../errors.js';
import { createNonce, type Fields } from './sign.js';

type Parties = Pick<ResolvedConfig, 'appId' | 'merchantId' | 'subAppId' | 'subMerchantId' | 'signType'>;

/**
 * Adds what every request has to the fields of an operation: who asks, a nonce, the algorithm. Where an operation names another party, that
 * one counts; where it names null, none.
 *
 * @param isBare without nonce and algorithm.
 * @throws {WechatPayRequestError} `sub_appid` without `sub_mch_id`.
 */
export function withCommonFields(
  { appId, merchantId, subAppId, subMerchantId, signType }: Parties,
  fields: Fields,
  isBare = false,
): Record<string, string | null | undefined> {
  const request: Record<string, string | null | undefined> = {
    appid: appId,
    mch_id: merchantId,
    sub_appid: subAppId,
    sub_mch_id: subMerchantId,
    ...fields,
    ...(!isBare && { nonce_str: createNonce(), sign_type: signType }),
  };
  if (request.sub_appid !== undefined && request.sub_mch_id === undefined) {
    throw new WechatPayRequestError('subMerchantId', 'is missing beside subAppId; institutional mode needs both.');
  }
  return request;
}
