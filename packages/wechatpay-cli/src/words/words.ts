import type { RefundAttention, ResolutionOutcome, StatementSummary, TradeState } from 'wechatpay-core';
import type { DifferenceStatus, DifferenceWhy, ReconciliationDifference } from 'wechatpay-durable';

import type { Cause, Check, DetailWords } from '../doctor/finding.js';
import type { SignCause } from '../sign/ways.js';
import type { helpEn } from './help.js';

/** What the program says, in one language. What WeChat Pay, the core and the durable store say stays as it is. */
export interface Words {
  readonly help: typeof helpEn;
  readonly envFileUnreadable: (path: string, code: string) => string;
  readonly whichMerchant: (names: readonly string[]) => string;
  readonly noSuchMerchant: (name: string, names: readonly string[]) => string;
  readonly needsYes: string;
  readonly needsExpect: (count: number) => string;
  readonly countDiffers: (count: number, expected: number) => string;
  readonly typeCount: (count: number) => string;
  readonly goOn: string;
  readonly interrupted: string;
  readonly answeredNo: string;
  readonly dryRun: string;
  readonly missingPackage: (name: string) => string;
  readonly proven: string;
  readonly notProven: string;
  readonly nothingChanged: string;
  readonly live: string;
  readonly notLive: string;
  readonly labels: Readonly<
    Record<
      | 'order'
      | 'transaction'
      | 'state'
      | 'amount'
      | 'paidAt'
      | 'merchant'
      | 'host'
      | 'product'
      | 'cash'
      | 'refund'
      | 'refundId'
      | 'refunded'
      | 'left'
      | 'durableOrder'
      | 'durableRefunds'
      | 'succeededAt'
      | 'outcome'
      | 'reason'
      | 'advice'
      | 'status'
      | 'createdAt'
      | 'dueAt'
      | 'policy'
      | 'anotherAmount'
      | 'expected'
      | 'paid'
      | 'expired'
      | 'count'
      | 'sum'
      | 'time'
      | 'what'
      | 'check'
      | 'finding'
      | 'remedy'
      | 'goods'
      | 'rate'
      | 'rateDay'
      | 'fee'
      | 'refundedAmount'
      | 'refundCount',
      string
    >
  >;
  readonly tradeStates: Readonly<Record<TradeState, string>>;
  readonly asking: string;
  readonly resolving: string;
  readonly orderNeeded: string;
  readonly oneNumber: string;
  readonly reversePlan: string;
  readonly reverseUnknownPlan: string;
  readonly reversedByWorker: (standing: string) => string;
  readonly reversalStored: (number: string) => string;
  readonly nothingToReverse: (state: string) => string;
  readonly useRefund: string;
  readonly closePlan: string;
  readonly cannotClose: (state: string) => string;
  readonly closed: string;
  readonly alreadyClosed: string;
  readonly closeUnproven: (state: string) => string;
  readonly refundPlan: string;
  readonly refundStoredPlan: string;
  readonly refundStored: (number: string) => string;
  readonly refundCalledOff: (number: string) => string;
  readonly waitingForWorker: string;
  readonly noDurableRefunds: string;
  readonly noStoreLookedAt: string;
  readonly storeNotLookedAt: string;
  readonly refundsOpen: (refunds: readonly string[]) => string;
  readonly howMuch: string;
  readonly amountForm: (example: string, currency: string) => string;
  readonly currencyNeeded: string;
  readonly cannotRefund: (state: string) => string;
  readonly nothingLeft: string;
  readonly moreThanLeft: (left: string) => string;
  readonly sameRefund: (number: string) => string;
  readonly refundedText: (amount: string, number: string) => string;
  readonly refundRejected: (why: string) => string;
  readonly refundUnresolved: (number: string) => string;
  readonly refundAttention: Readonly<Record<RefundAttention, string>>;
  readonly resolvePlan: (ifPaid: 'keep' | 'reverse') => string;
  readonly outcomes: Readonly<Record<ResolutionOutcome['kind'], string>>;
  readonly unknownOutcome: string;
  readonly timeForm: (option: string) => string;
  readonly numberForm: (option: string) => string;
  readonly noRefunds: string;
  readonly noFolder: (path: string) => string;
  readonly whichStore: string;
  readonly noDurableOrder: (number: string) => string;
  readonly severalOrders: (number: string, merchants: readonly string[]) => string;
  readonly noOrders: string;
  readonly accepted: string;
  readonly refundedWhenExpired: string;
  readonly redrivePlan: string;
  readonly redriveAllPlan: string;
  readonly redriven: (count: number) => string;
  readonly notRedriven: string;
  readonly cancelPlan: string;
  readonly cancelled: string;
  readonly notCancelled: string;
  readonly orderOrAll: string;
  readonly onlyRefunds: (number: string, refunds: readonly string[]) => string;
  readonly notOfRefunds: string;
  readonly cancelRefundPlan: string;
  readonly refundNotCancelled: string;
  readonly unifiedNotCancelled: string;
  readonly rateInforms: string;
  readonly pay: PayWords;
  readonly statement: StatementWords;
  readonly reconcile: ReconcileWords;
  readonly sign: SignWords;
  readonly doctor: DoctorWords;
}

interface PayWords {
  readonly plan: string;
  readonly needsCode: string;
  readonly scan: string;
  readonly numberUsed: (state: string) => string;
  readonly userPaying: string;
  readonly unclear: string;
  readonly reversing: string;
  readonly declined: string;
  readonly stillOpen: string;
}

interface StatementWords {
  readonly fetching: string;
  readonly oneForm: string;
  readonly fileExists: (path: string) => string;
  readonly fileUnwritable: (path: string, code: string) => string;
  readonly rows: string;
  readonly sumNames: Readonly<Record<keyof StatementSummary['sums'], string>>;
  readonly emptyDay: (date: string) => string;
  readonly noRowCounts: (rows: number) => string;
  readonly later: string;
  readonly notRead: string;
}

interface ReconcileWords {
  readonly agreed: string;
  readonly differing: string;
  readonly expected: string;
  readonly found: string;
  readonly day: string;
  readonly note: string;
  readonly classes: Readonly<Record<ReconciliationDifference['class'], string>>;
  /** Of those that are open, or were looked at. */
  readonly statuses: Readonly<Partial<Record<DifferenceStatus, string>>>;
  readonly elsewhere: string;
  readonly movement: string;
  readonly line: string;
  readonly whys: Readonly<Record<DifferenceWhy, string>>;
  readonly forPerson: (count: number) => string;
  readonly asking: (count: number) => string;
  readonly carried: (count: number) => string;
  readonly nothingOpen: string;
  readonly setGoing: Readonly<Record<'reverse' | 'refund' | 'none', (numbers: readonly string[]) => string>>;
  readonly acknowledgePlan: string;
  readonly acknowledged: string;
  readonly noDifference: string;
  readonly acknowledgeDayPlan: string;
  readonly whichDifference: string;
  readonly notLate: string;
}

export interface DoctorWords {
  readonly checking: (what: 'network' | 'gateway') => string;
  readonly allWell: string;
  readonly firstOf: (count: number) => string;
  readonly remedy: string;
  readonly statuses: Readonly<Record<'ok' | 'warning' | 'failed' | 'skipped', string>>;
  readonly checks: Readonly<Record<Check, string>>;
  readonly details: DetailWords;
  readonly causes: Readonly<Record<Cause, readonly [finding: string, remedy: string]>>;
}

export interface SignWords {
  readonly noInput: string;
  readonly unreadable: (file: string, code: string) => string;
  readonly noFields: string;
  readonly noSign: string;
  readonly maskedSign: string;
  readonly holds: (signType: string) => string;
  readonly string: string;
  readonly keyProblem: string;
  readonly causes: Readonly<Record<SignCause, (detail: string) => readonly [finding: string, remedy: string]>>;
}
