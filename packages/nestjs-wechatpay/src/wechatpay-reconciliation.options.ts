import type { DailyReconciliation, DurableOrderEvent, ReconciliationSummary } from 'wechatpay-durable';
import { isBooleanOrAbsent, isFunctionOrAbsent, isMerchantListOrAbsent, type Check } from './registration.js';

/** What `forRoot` takes, and a factory gives. */
export interface WechatPayReconciliationOptions {
  /**
   * Has one of the workers reconcile each day of every merchant of `WechatPayDurableModule`, from 10:15 of the next day in Beijing; with `since`,
   * from that day on. `false`: call `reconcile` yourself, or `reconcileDue` of `DurableOrders` from a schedule of your own.
   *
   * @default true
   */
  readonly daily?: boolean | DailyReconciliation | undefined;
  /** Called in the process that has reconciled a day, each time that it is gone through; what it throws is logged. */
  readonly onReconciled?: ((day: ReconciliationSummary) => Promise<void> | void) | undefined;
  /**
   * Called in one of the processes where a day is not reconciled by 14:00 of the next in Beijing (`WECHATPAY_NOT_RECONCILED`), or where differences
   * stay open (`WECHATPAY_DIFFERENCES_OPEN`); what it throws is logged. Both are logged anyway.
   */
  readonly onProblem?: ((error: ReconciliationProblem) => Promise<void> | void) | undefined;
}

/** What the schedule tells of a day. */
export type ReconciliationProblem = Extract<DurableOrderEvent, { readonly kind: 'problem' }>['error'];

/** What `useClass` and `useExisting` of `forRootAsync` implement. */
export interface WechatPayReconciliationOptionsFactory {
  createWechatPayReconciliationOptions(): Promise<WechatPayReconciliationOptions> | WechatPayReconciliationOptions;
}

/** What stands beside the options, or beside the factory that brings them. */
export interface WechatPayReconciliationModuleExtras {
  /** Makes the services injectable everywhere without importing the module again. @default false */
  isGlobal?: boolean | undefined;
  /**
   * Whose services: the names with which merchants were registered at `WechatPayModule`; undefined is the one without a name.
   *
   * @default [undefined]
   */
  merchants?: readonly (string | undefined)[] | undefined;
}

export const EXTRAS: Readonly<Record<keyof WechatPayReconciliationModuleExtras, Check>> = {
  isGlobal: isBooleanOrAbsent,
  merchants: isMerchantListOrAbsent,
};

export const OPTIONS: Readonly<Record<keyof WechatPayReconciliationOptions, Check>> = {
  // What is in it is found by DurableOrders.
  daily: (value) =>
    value === undefined || typeof value === 'boolean' || (typeof value === 'object' && value !== null)
      ? undefined
      : "must be true, false or { since: '20260301' }.",
  onReconciled: isFunctionOrAbsent,
  onProblem: isFunctionOrAbsent,
};

export const EXAMPLE = '{ daily: true }';
