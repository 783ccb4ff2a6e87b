import type { Endpoint } from '../endpoints/endpoint.js';
import { needsCertificate } from '../http/client-certificate.js';
import type { Merchant, Merchants } from '../parties/merchants.js';
import { isSignedWith, type SignType } from '../wire/sign.js';
import type { Fields } from '../wire/xml.js';
import { Refusal } from './refusal.js';
import type { RecordedRequest } from './requests.js';
import { codesOf } from './well-formed.js';

/** Makes sure that a well-formed request comes from the merchant that it names. @throws {Refusal} */
export function assertIdentity(
  { path, fields, clientCertificate }: RecordedRequest,
  merchant: Merchant | undefined,
  endpoint: Endpoint,
  merchants: Merchants,
): asserts merchant is Merchant {
  const codes = codesOf(endpoint);
  if (merchant === undefined || fields.mch_id !== merchant.merchantId) {
    throw new Refusal(codes.unknownMerchant, 'mch_id is unknown');
  }
  if (fields.appid !== merchant.appId) throw new Refusal(codes.foreignApp, 'appid is not of this mch_id');
  if (needsCertificate(path) && clientCertificate !== merchant.merchantId) {
    throw new Refusal('INVALID_REQUEST', 'the client certificate is not of this mch_id');
  }
  assertSubMerchant(fields, merchant, endpoint);
  const signType = signTypeOf(fields);
  if (!merchants.apiKeysOf(merchant).some((apiKey) => isSignedWith(fields, apiKey, signType))) {
    throw new Refusal('SIGNERROR');
  }
}

/** The algorithm that the request asks for: MD5 where it does not say. */
export function signTypeOf(fields: Fields): SignType {
  return fields.sign_type === 'HMAC-SHA256' ? 'HMAC-SHA256' : 'MD5';
}

function assertSubMerchant(fields: Fields, { subMerchants }: Merchant, endpoint: Endpoint): void {
  const { sub_mch_id: subMerchantId = '', sub_appid: subAppId = '' } = fields;
  if (subMerchants.length === 0) {
    if (subMerchantId === '' && subAppId === '') return;
    throw new Refusal('INVALID_REQUEST', 'sub_mch_id and sub_appid are for institutions');
  }
  if (subMerchantId === '' && endpoint.isOfWholeInstitution === true) return;
  if (subMerchantId === '') throw new Refusal('PARAM_ERROR', 'sub_mch_id is required of an institution');
  const subMerchant = subMerchants.find((sub) => sub.subMerchantId === subMerchantId);
  if (subMerchant === undefined) throw new Refusal('INVALID_REQUEST', 'sub_mch_id is not of this mch_id');
  if (subAppId !== '' && subMerchant.subAppId !== undefined && subAppId !== subMerchant.subAppId) {
    throw new Refusal('INVALID_REQUEST', 'sub_appid is not of this sub_mch_id');
  }
}
