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

export interface ResolveOptions extends OrderOptions {
  readonly ifPaid?: 'keep' | 'reverse';
  readonly amount?: string;
  /** ISO 4217. */
  readonly currency?: string;
  /** ISO 8601. */
  readonly created?: string;
  readonly timeout?: number;
  readonly watch?: boolean;
}

export interface RefundOptions extends OrderOptions {
  readonly amount?: string;
  readonly all?: boolean;
  readonly refundNo?: string;
  readonly description?: string;
  readonly timeout?: number;
  readonly watch?: boolean;
}

export interface StoreOptions extends GlobalOptions {
  readonly folder?: string;
  readonly schema?: string;
}

export interface ListOptions {
  readonly status?: 'waiting' | 'active' | 'done' | 'dead' | 'cancelled';
  readonly limit?: number;
}

export interface RedriveOptions extends StoreOptions {
  readonly all?: boolean;
  readonly outcome?: 'needs-attention' | 'unresolved' | 'refund-required';
  readonly code?: string;
  readonly expect?: number;
  readonly ifPaid?: 'keep' | 'reverse';
  readonly acceptAmount?: boolean;
  readonly refundExpired?: boolean;
}
