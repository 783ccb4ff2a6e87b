// The whole public API of the main entry: free of any database. The engines are entries of their own.
export { DurableReversals, type DurableReversalsOptions } from './durable-reversals.js';
export { type OrderOf, type RedriveOptions, type ReversalIntent } from './intent.js';
export { type MerchantProblem } from './merchant-watch.js';
export {
  LeaseLostError,
  type EndedStatus,
  type EnqueueOptions,
  type Lease,
  type ProblemListener,
  type ReopenedStatus,
  type ReversalCounts,
  type ReversalData,
  type ReversalEngine,
  type ReversalFilter,
  type ReversalHandler,
  type ReversalStatus,
  type StoredReversal,
  type Verdict,
} from './engine.js';
export { type SettledReversal } from './handler.js';
export { REVERSAL_CHANNEL, type ReversalEvent } from './events.js';
export { reversalId, type ReversalKey } from './reversal-id.js';
export { type DurablePayment, type DurablePayOptions } from './pay.js';
