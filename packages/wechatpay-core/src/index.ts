// The whole public API, name by name: what is not here (the field maps, the loading of files, the hosts) may change freely.
export {
  certificateInfo,
  type CertificateConfig,
  type CertificateInfo,
  type CertificateSource,
} from './certificate.js';
export {
  CALL_CHANNEL,
  WechatPayClient,
  type CallEvent,
  type CallOptions,
  type Operation,
  type VerifiedReply,
} from './client.js';
export { DEFAULT_BASE_URL, validateConfig, type WechatPayConfig } from './config.js';
export {
  WechatPayBusinessError,
  WechatPayConfigError,
  WechatPayError,
  WechatPayGatewayError,
  WechatPayRequestError,
  WechatPayResponseError,
  WechatPaySignatureError,
  WechatPayTransportError,
  type Advice,
  type ErrorCodeRow,
  type OrderReference,
  type Outcome,
  type WechatPayErrorCode,
} from './errors.js';
export {
  exchangeRate,
  REVERSE,
  REVOKE_NOT_AFTER_MS,
  REVOKE_NOT_BEFORE_MS,
  reverseOrder,
  type OrderIdentifier,
  type ReverseRequest,
  type ReverseResult,
} from './reverse.js';
export { createNonce, sign, verify, type Fields, type SignType } from './sign.js';
export { type Transport, type TransportRequest, type TransportResponse } from './transport.js';
export { decode, encode, MAX_XML_BYTES } from './xml.js';
