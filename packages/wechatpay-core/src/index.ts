// The whole public API, name by name: what is not here (the field maps, the loading of files, the hosts) may change freely.
export { certificateInfo, type CertificateConfig, type CertificateInfo } from './transport/certificate.js';
export type { CertificateSource } from './transport/certificate-source.js';
export {
  type CallLimiter,
  type QueueChange,
  type QueueState,
  type ThrottledOperation,
} from './transport/queue/queue-state.js';
export { type CircuitReason, type CircuitState } from './transport/queue/circuit.js';
export { type OperationLimit, type OperationLimits } from './transport/queue/queue-settings.js';
export { readRequest, type CallOptions, type Operation } from './call/operation.js';
export { CALL_CHANNEL, LOAD_CHANNEL, type CallEvent, type LoadEvent } from './call/events.js';
export { assertWechatPayClient, isWechatPayClient } from './client-brand.js';
export {
  clientHealth,
  worstHealth,
  type ClientHealth,
  type ClientHealthCode,
  type ClientHealthRules,
  type HealthFinding,
  type HealthStatus,
} from './health.js';
export { WechatPayClient, type ClientLoad } from './client.js';
export { type PreviousApiKey } from './call/merchant-key.js';
export { type KeyRotation } from './rotation.js';
export {
  isMerchantRegistry,
  MerchantRegistry,
  type MerchantLookup,
  type MerchantRegistryOptions,
} from './merchants/merchant-registry.js';
export { CONFIG_PROPERTIES, DEFAULT_BASE_URL, validateConfig, type WechatPayConfig } from './config.js';
export {
  configFromEnvironment,
  readEnvironment,
  type Environment,
  type EnvironmentOptions,
  type EnvironmentSettings,
} from './environment.js';
export { type Advice, type ErrorCodeRow, type ErrorCodes, type Outcome } from './advice.js';
export {
  isWechatPayError,
  WechatPayBusinessError,
  WechatPayConfigError,
  WechatPayError,
  WechatPayGatewayError,
  WechatPayMerchantError,
  WechatPayNotificationError,
  WechatPayOverloadedError,
  WechatPayRequestError,
  WechatPayResponseError,
  WechatPaySignatureError,
  WechatPayStatementError,
  WechatPayTransportError,
  type AnyWechatPayError,
  type ConfigProblem,
  type MerchantLookupProblem,
  type NotificationProblem,
  type OrderReference,
  type OverloadReason,
  type StatementDifference,
  type StatementProblem,
  type WechatPayErrorCode,
} from './errors.js';
export { type VerifiedReply } from './call/reply.js';
export { type OrderRequest } from './operations/order-identity.js';
export {
  exchangeRate,
  REVERSE_ORDER,
  REVERSE_NOT_AFTER_MS,
  REVERSE_NOT_BEFORE_MS,
  reverseOrder,
  type ReverseOrderRequest,
  type ReverseOrderResult,
} from './operations/reverse-order.js';
export { readOnce, type Properties } from './call/given.js';
export { findUnknownProperty, nearestName } from './call/known-properties.js';
export type { CallbackError } from './resolution/callbacks.js';
export type { ResolutionRun } from './resolution/drive.js';
export { payAndResolve, type PayAndResolveOptions, type PaymentResult } from './resolution/pay-and-resolve.js';
export { DEFAULT_RESOLUTION_POLICY, type ResolutionPolicy } from './resolution/policy.js';
export {
  resumeResolution,
  resolveOrder,
  type TakenStep,
  type Resolution,
  type ResolveOrderOptions,
} from './resolution/resolve-order.js';
export { type ResolveOrderRequest } from './resolution/start.js';
export type {
  ResolutionAmounts,
  ResolutionCall,
  ResolutionError,
  ResolutionEvent,
  ResolutionOrder,
  ResolutionOutcome,
  ResolutionPayment,
  ResolutionProduct,
  ResolutionState,
  ResolutionStep,
} from './resolution/state.js';
export { type Coupon, type Payment, type ReplyBase } from './operations/payment.js';
export {
  QUERY_ORDER,
  queryOrder,
  type QueryOrderRequest,
  type QueryOrderResult,
  type TradeState,
} from './operations/query-order.js';
export {
  QUERY_REFUND,
  queryRefund,
  type QueryRefundRequest,
  type QueryRefundResult,
  type RefundDetail,
  type RefundStatus,
} from './operations/query-refund.js';
export { queryAllRefunds, type AllRefunds } from './operations/query-all-refunds.js';
export {
  QUERY_EXCHANGE_RATE,
  queryExchangeRate,
  type QueryExchangeRateRequest,
  type QueryExchangeRateResult,
} from './operations/query-exchange-rate.js';
export {
  QUERY_SETTLEMENT,
  querySettlement,
  type QuerySettlementRequest,
  type QuerySettlementResult,
} from './operations/query-settlement.js';
export { type Settlement } from './operations/settlement.js';
export { QUICK_PAY, quickPay, type QuickPayRequest, type QuickPayResult } from './operations/quick-pay.js';
export {
  MAX_REFUND_PARTS,
  REFUND_NOT_AFTER_MS,
  REFUND_ORDER,
  REFUND_SPACING_MS,
  refundOrder,
  type RefundOrderRequest,
  type RefundOrderResult,
} from './operations/refund-order.js';
export {
  UNIFIED_ORDER,
  unifiedOrder,
  type TradeType,
  type UnifiedOrderFields,
  type UnifiedOrderRequest,
  type UnifiedOrderResult,
} from './operations/unified-order.js';
export {
  appPayParameters,
  jsapiPayParameters,
  jssdkPayParameters,
  miniProgramPayParameters,
  type AppPayParameters,
  type AppPayParametersOptions,
  type JsapiPayParameters,
  type JssdkPayParameters,
  type MiniProgramPayParameters,
  type PayParametersOptions,
} from './operations/pay-parameters.js';
export {
  CLOSE_NOT_BEFORE_MS,
  CLOSE_ORDER,
  closeOrder,
  type CloseOrderRequest,
  type CloseOrderResult,
} from './operations/close-order.js';
export { acknowledge, refuse, type NotificationResponse, type RefusalReason } from './notifications/acknowledge.js';
export { comparePayment, type ExpectedPayment, type PaymentDifference } from './notifications/compare-payment.js';
export { type NotifiedClients } from './notifications/open-notification.js';
export {
  readPaymentNotification,
  type NotPaidNotification,
  type PaidNotification,
  type PaymentNotification,
} from './notifications/payment-notification.js';
export { readRefundNotification, type RefundHint } from './notifications/refund-notification.js';
export {
  checkRefundPart,
  type KnownRefundPart,
  type RefundableOrder,
  type RefundPartCheck,
} from './refund-resolution/check-refund-part.js';
export { DEFAULT_REFUND_POLICY, type RefundPolicy } from './refund-resolution/policy.js';
export {
  refundAndResolve,
  resumeRefund,
  type RefundAndResolveOptions,
  type RefundResolution,
  type TakenRefundStep,
} from './refund-resolution/refund-and-resolve.js';
export { type RefundAndResolveRequest } from './refund-resolution/start.js';
export type {
  FoundRefund,
  RefundAttention,
  RefundCall,
  RefundEvent,
  RefundOutcome,
  RefundState,
  RefundStep,
} from './refund-resolution/state.js';
export { selfTest, type SelfTestCheck, type SelfTestOptions, type SelfTestReport } from './operations/self-test.js';
export {
  downloadStatement,
  type DownloadStatementOptions,
  type DownloadStatementRequest,
  type StatementType,
} from './statement/download.js';
export { compareStatement, type CompareStatementOptions, type StatementComparison } from './statement/compare.js';
export { type RowClass, type RowComparison } from './statement/classify-row.js';
export { type BookComparison } from './statement/missing-movements.js';
export { type MovementKind } from './statement/movement-key.js';
export { statementDay, type StatementDay } from './statement/day.js';
export { type BookNumbers, type BookOrder, type BookRefund, type OrderBook } from './statement/order-book.js';
export { minorUnitDigits, toMinorUnit } from './statement/minor-unit.js';
export { parseStatement, type Statement, type StatementSource } from './statement/parse.js';
export { type StatementRow, type StatementTradeState } from './statement/row.js';
export { type StatementSummary } from './statement/summary.js';
export { type DownloadLimits } from './call/download.js';
export { createNonce, signFields, verifySignature, type Fields, type SignType } from './call/sign.js';
export { type Transport, type TransportRequest, type TransportResponse } from './transport/transport.js';
export { decodeXml, encodeXml, MAX_XML_BYTES } from './call/xml.js';
