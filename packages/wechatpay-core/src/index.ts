// The whole public API, name by name: what is not here (the field maps, the loading of files, the hosts) may change freely.
export { certificateInfo, type CertificateConfig, type CertificateInfo } from './certificate.js';
export type { CertificateSource } from './certificate-source.js';
export {
  type CallLimiter,
  type QueueChange,
  type QueueState,
  type ThrottledOperation,
} from './call-queue/call-queue.js';
export { type CircuitReason, type CircuitState } from './call-queue/circuit.js';
export { type OperationLimit, type OperationLimits } from './call-queue/queue-settings.js';
export {
  assertWechatPayClient,
  CALL_CHANNEL,
  LOAD_CHANNEL,
  isWechatPayClient,
  readRequest,
  WechatPayClient,
  type CallEvent,
  type CallOptions,
  type ClientLoad,
  type LoadEvent,
  type Operation,
} from './client.js';
export { CONFIG_PROPERTIES, DEFAULT_BASE_URL, validateConfig, type WechatPayConfig } from './config.js';
export {
  isWechatPayError,
  WechatPayBusinessError,
  WechatPayConfigError,
  WechatPayError,
  WechatPayGatewayError,
  WechatPayOverloadedError,
  WechatPayRequestError,
  WechatPayResponseError,
  WechatPaySignatureError,
  WechatPayTransportError,
  type Advice,
  type AnyWechatPayError,
  type ConfigProblem,
  type ErrorCodeRow,
  type ErrorCodes,
  type OrderReference,
  type Outcome,
  type OverloadReason,
  type WechatPayErrorCode,
} from './errors.js';
export { type VerifiedReply } from './reply.js';
export {
  exchangeRate,
  REVERSE,
  REVOKE_NOT_AFTER_MS,
  REVOKE_NOT_BEFORE_MS,
  reverseOrder,
  type OrderIdentifier,
  type OrderRequest,
  type ReverseRequest,
  type ReverseResult,
} from './reverse.js';
export { readOnce, type Properties } from './given.js';
export { findUnknownProperty, nearestName } from './known-properties.js';
export type { CallbackError } from './resolution/callbacks.js';
export { advance } from './resolution/advance.js';
export { confirmDecline, type DeclineCheck } from './resolution/confirm-decline.js';
export { nextStep, refundNumberOf } from './resolution/next-step.js';
export { payAndSettle, type PayAndSettleOptions, type PaymentResult } from './resolution/pay-and-settle.js';
export { DEFAULT_SETTLE_POLICY, type SettlePolicy } from './resolution/policy.js';
export {
  readSettleOptions,
  resumeSettlement,
  settleOrder,
  type SettledStep,
  type Settlement,
  type SettleOptions,
} from './resolution/settle-order.js';
export { startSettlement, type SettleRequest } from './resolution/start.js';
export type {
  Moment,
  SettleAmounts,
  SettleCall,
  SettleError,
  SettleEvent,
  SettleFacts,
  SettleOrder,
  SettleOutcome,
  SettlePayment,
  SettleState,
  SettleStep,
} from './resolution/state.js';
export { askFirst, readState, reopenSettlement, setAside } from './resolution/stored-state.js';
export { takeStep, toSettleError } from './resolution/take-step.js';
export { type Coupon, type Payment, type ReplyBase } from './payment.js';
export {
  QUERY_ORDER,
  queryOrder,
  type QueryOrderRequest,
  type QueryOrderResult,
  type TradeState,
} from './query-order.js';
export {
  QUERY_REFUND,
  queryRefund,
  type QueryRefundRequest,
  type QueryRefundResult,
  type RefundDetail,
  type RefundStatus,
} from './query-refund.js';
export { queryAllRefunds, type AllRefunds } from './query-all-refunds.js';
export { QUICK_PAY, quickPay, type QuickPayRequest, type QuickPayResult } from './quick-pay.js';
export { REFUND, refund, type RefundRequest, type RefundResult } from './refund.js';
export { selfTest, type SelfTestCheck, type SelfTestOptions, type SelfTestReport } from './self-test.js';
export { createNonce, sign, verify, type Fields, type SignType } from './sign.js';
export { type Transport, type TransportRequest, type TransportResponse } from './transport.js';
export { decode, encode, MAX_XML_BYTES } from './xml.js';
