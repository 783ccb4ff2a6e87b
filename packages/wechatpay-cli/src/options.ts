import type { MovementKind } from 'wechatpay-core';
import type { ReconciliationDifference } from 'wechatpay-durable';

/** The options that every command has. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly merchant?: string;
  readonly envFile?: string;
}

export interface OrderOptions extends GlobalOptions {
  readonly transactionId?: string;
}

export interface RefundNumbers {
  readonly refundNo?: string;
  readonly refundId?: string;
}

/** Of what returns money of an order: durable refunds may return the same. */
export interface BesideOptions extends StoreOptions {
  readonly besideOpenRefunds?: boolean;
  readonly withoutStore?: boolean;
}

export interface ResolveOptions extends OrderOptions, BesideOptions {
  readonly ifPaid?: 'keep' | 'reverse';
  readonly amount?: string;
  /** ISO 4217. */
  readonly currency?: string;
  /** ISO 8601. */
  readonly created?: string;
  readonly timeout?: number;
  readonly watch?: boolean;
}

export interface RefundOptions extends OrderOptions, BesideOptions {
  readonly amount?: string;
  readonly all?: boolean;
  readonly refundNo?: string;
  readonly description?: string;
  readonly timeout?: number;
  readonly watch?: boolean;
}

/** Of `wechatpay pay`. */
export interface PayOptions extends GlobalOptions {
  readonly amount: string;
  /** ISO 4217. */
  readonly currency: string;
  readonly body: string;
  /** Left out, it is asked for. */
  readonly authCode?: string;
  /** @default this machine's */
  readonly ip?: string;
  readonly attach?: string;
  readonly timeout?: number;
  readonly watch?: boolean;
}

export interface StatementOptions extends GlobalOptions {
  readonly type?: 'ALL' | 'SUCCESS' | 'REFUND' | 'REVOKED';
  /** `all`: of all of them. */
  readonly subMerchant?: string;
  readonly csv?: boolean;
  /** Where to keep what WeChat Pay sent. */
  readonly keep?: string;
}

export interface StoreOptions extends GlobalOptions {
  readonly folder?: string;
  readonly schema?: string;
}

/** An order, or by `refundNo` a refund. */
export interface LookOptions extends StoreOptions, OrderOptions {
  readonly refundNo?: string;
}

export interface ReconcileOptions extends StoreOptions {
  /** `all`: of all of them. */
  readonly subMerchant?: string;
}

export interface AcknowledgeOptions extends ReconcileOptions, RefundNumbers {
  readonly kind?: MovementKind;
  /** Where an order has several differences: which of them. */
  readonly class?: ReconciliationDifference['class'];
  readonly line?: number;
  readonly ofSubMerchant?: string;
  readonly note?: string;
}

export interface ListOptions {
  readonly refunds?: boolean;
  readonly status?: 'waiting' | 'active' | 'done' | 'dead' | 'cancelled';
  readonly limit?: number;
}

export interface RedriveOptions extends StoreOptions {
  readonly refundNo?: string;
  readonly all?: boolean;
  /** With `all`: refunds in the place of orders. */
  readonly refunds?: boolean;
  readonly outcome?: 'needs-attention' | 'unresolved' | 'refund-required' | 'refund-rejected';
  readonly code?: string;
  readonly expect?: number;
  readonly ifPaid?: 'keep' | 'reverse';
  readonly acceptAmount?: boolean;
  readonly refundExpired?: boolean;
}
