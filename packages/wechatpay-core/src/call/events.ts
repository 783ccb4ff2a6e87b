import { channel } from 'node:diagnostics_channel';
import type { Outcome } from '../advice.js';
import type { OrderReference } from '../errors.js';
import type { QueueChange } from '../transport/queue/queue-state.js';

/** What a subscriber of the diagnostics channel {@link CALL_CHANNEL} is given, once for each call, when it ends. */
export interface CallEvent {
  /** As in `Revoke Order`. */
  readonly operation: string;
  readonly path: string;
  readonly merchantId: string;
  readonly order: OrderReference;
  readonly durationMs: number;
  /** How long it waited in the client's queue; absent where it left at once. */
  readonly waitedMs?: number;
  readonly outcome: 'succeeded' | Outcome;
  /** The error's `code`, where the call failed. */
  readonly code?: string;
  /** WeChat Pay's `err_code`, where it gave one. */
  readonly errorCode?: string;
  /** `recall`, where a verified reply said it: true where the reversal must be called again, whatever `outcome` says. */
  readonly recall?: boolean;
}

/** The name of the `node:diagnostics_channel` on which every call is told, as a {@link CallEvent}; it holds no secret. */
export const CALL_CHANNEL = 'wechatpay:call';

const calls = channel(CALL_CHANNEL);

/** Tells that a call has ended. What it is told by is made only where somebody listens. */
export function publishCall(event: () => CallEvent): void {
  if (calls.hasSubscribers) calls.publish(event());
}

/** What a subscriber of the diagnostics channel {@link LOAD_CHANNEL} is given, when the client's view of the gateway changes. */
export type LoadEvent = QueueChange & {
  /** Of the client, or in institutional mode the sub-merchant of an operation that was slowed down. */
  readonly merchantId: string;
};

/**
 * The name of the `node:diagnostics_channel` on which a client tells that its circuit opened or closed, that an operation was slowed
 * down, or that its `limiter` failed, as a {@link LoadEvent}.
 */
export const LOAD_CHANNEL = 'wechatpay:load';

const loads = channel(LOAD_CHANNEL);

/** Tells that the client's view of the gateway has changed. */
export function publishLoad(event: () => LoadEvent): void {
  if (loads.hasSubscribers) loads.publish(event());
}
