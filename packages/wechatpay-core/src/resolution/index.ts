// What a custom driver needs, as `wechatpay-core/resolution`: the pure machine, its stored state, and one step of it. Everybody else
// takes `resolveOrder` and `payAndResolve` of the main entry.
export { advanceResolution } from './advance.js';
export { confirmDecline, type DeclineCheck } from './confirm-decline.js';
export { nextResolutionStep, refundNumberOf } from './next-step.js';
export { readResolveOptions } from './resolve-order.js';
export { startResolution } from './start.js';
export type { Moment, ResolutionFacts } from './state.js';
export { askFirst, readResolutionState, reopenResolution, setAside } from './stored-state.js';
export { takeResolutionStep, toResolutionError } from './take-step.js';
