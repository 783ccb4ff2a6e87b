// What a custom driver needs, as `wechatpay-core/resolution`: the pure machines of an order and of a refund, their stored states, and one step
// of each. Everybody else takes `resolveOrder`, `payAndResolve` and `refundAndResolve` of the main entry.
export { advanceResolution } from './advance.js';
export { confirmDecline, type DeclineCheck } from './confirm-decline.js';
export { nextResolutionStep, refundNumberOf } from './next-step.js';
export { readResolveOptions } from './resolve-order.js';
export { startResolution } from './start.js';
export type { Moment, ResolutionFacts } from './state.js';
export {
  askFirst,
  askOrderNow,
  readResolutionState,
  recheckResolution,
  reopenResolution,
  setAside,
} from './stored-state.js';
export { takeResolutionStep, toResolutionError } from './take-step.js';
export { advanceRefund } from '../refund-resolution/advance.js';
export { nextRefundStep } from '../refund-resolution/next-step.js';
export { startRefund, type RefundTimes } from '../refund-resolution/start.js';
export type { RefundFacts } from '../refund-resolution/state.js';
export { askRefundFirst, askRefundNow, readRefundState, reopenRefund } from '../refund-resolution/stored-state.js';
export { takeRefundStep } from '../refund-resolution/take-step.js';
