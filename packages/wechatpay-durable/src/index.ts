// The whole public API of the main entry: free of any database. The stores are entries of their own.
export { DurableOrders } from './durable-orders.js';
export { type DurableOrdersOptions, type DurableStartOptions } from './durable-orders-options.js';
export { type OrderOf, type RedriveOptions, type OrderIntent } from './intent.js';
export { type OrderFilter, type OrderQuery, type RefundFilter, type RefundQuery } from './list.js';
export { type ActorOptions } from './actor.js';
export { type WaitOptions } from './wait.js';
export {
  type RedriveAllOptions,
  type RedriveAllRefundsOptions,
  type RedriveFilter,
  type RedrivenOrder,
  type RedrivenOrders,
} from './redrive-all.js';
export { type DailyReconciliation } from './reconcile/daily.js';
export { type AcknowledgeOptions, type AcknowledgeRequest } from './reconcile/acknowledge.js';
export { type ReconcileRequest, type StatementOwner } from './reconcile/days.js';
export { type ReconciliationHealth, type ReconciliationsRequest } from './reconcile/health.js';
export { type ReconcileOptions } from './reconcile/reconcile.js';
export { type Reconciliation, type ReconciliationSummary } from './reconcile/reconciliation.js';
export {
  type DifferenceOf,
  type DifferenceStatus,
  type DifferenceWhy,
  type ReconciliationDifference,
} from './reconcile/differences.js';
export {
  type OrderNumbers,
  type ReconciliationKey,
  type ReconciliationPeriod,
  type ReconciliationStore,
  type StagedStatement,
} from './stores/store.js';
export { type MerchantPause } from './pauses/merchant-pauses.js';
export { type OrderExplanation } from './journal/explain.js';
export { type JournalFilter } from './journal/export.js';
export { type JournalNote } from './journal/note.js';
export { type JournalCheck } from './journal/verify.js';
export { type KnownMoney, type KnownMoneyKind } from './journal/known-money.js';
export {
  type JournalKind,
  type JournalOperation,
  type OrderJournalEntry,
  type VerifiedAnswer,
} from './journal/entries.js';
export { type Decision, type Rule } from './journal/rules.js';
export { type MerchantProblem } from './merchant-watch.js';
export { type ClockSkew } from './clock-watch.js';
export { durableHealth, type DurableHealth, type DurableHealthCode, type DurableHealthRules } from './health.js';
export { needsPerson } from './ends.js';
export { reportEnd, type EndEvent, type EndReport } from './end-report.js';
export { type TraceContext } from './trace-context.js';
export {
  type Amendment,
  type DurableData,
  type DurableKind,
  type DurableRefund,
  type DurableRefundData,
  type DurableRow,
  type EndedStatus,
  type EnqueueOptions,
  type JournalEntry,
  type Lease,
  type ParentCheck,
  type ProcessOptions,
  type StoredJournalEntry,
  type StoreEnqueueOptions,
  type StoreFilter,
  type StoreQuery,
  type ProblemListener,
  type ReopenedStatus,
  type DurableOrderCounts,
  type DurableOrderData,
  type OrderStore,
  type DurableOrderFilter,
  type OrderHandler,
  type DurableOrderStatus,
  type DurableOrder,
  type Verdict,
} from './stores/store.js';
export { type SqlExecutor } from './stores/sql-executor.js';
export { DurableOrdersError, isDurableOrdersError, LeaseLostError, type DurableOrdersErrorCode } from './errors.js';
export { type ResolvedOrder } from './tell-end.js';
export { DURABLE_ORDER_CHANNEL, type DurableOrderEvent } from './events.js';
export { durableOrderId, type DurableOrderKey } from './durable-order-id.js';
export { durableRefundId, type DurableRefundKey } from './refunds/refund-id.js';
export { type RefundIntent, type RefundOf, type RefundRedriveOptions } from './refunds/refund-intent.js';
export { refundEffectOf, type RefundEffect } from './refunds/refund-effect.js';
export { type RefundExplanation } from './refunds/explain-refund.js';
export { type ExplainedRefund } from './refunds/refunds-of-order.js';
export { type KnownRefund, type KnownRefundKind } from './refunds/known-refund.js';
export { type RefundListener, type ResolvedRefund } from './refunds/refund-end.js';
export { type DurablePayment, type DurablePayOptions } from './pay.js';
export { type DurableCreation, type DurableCreateOptions } from './create.js';
export { type NotifiedOrder } from './notified.js';
