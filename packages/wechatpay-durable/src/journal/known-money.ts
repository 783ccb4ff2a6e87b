import type { TradeState } from 'wechatpay-core';
import type { JournalOperation, OrderJournalEntry, VerifiedAnswer } from './entries.js';

/**
 * What verified answers have said about an order's money.
 *
 * - `unknown`: no verified answer has named the order.
 * - `absent`: WeChat Pay said that there is no such order; that answer names none.
 * - `not-paid`: it was not paid, and could still be.
 * - `paid`: the customer paid.
 * - `closed`: nothing was paid, and nobody can begin to pay. Who had begun before may still have paid one of Unified Order.
 * - `reversed`: whatever was paid went back, and nothing can be paid any more.
 * - `refunding`: refunds of it were seen; they have not returned all of it.
 * - `refunded`: all of it was refunded, and has arrived.
 */
export type KnownMoneyKind =
  'unknown' | 'absent' | 'not-paid' | 'paid' | 'closed' | 'reversed' | 'refunding' | 'refunded';

/** What is known about an order's money. Amounts are in the minor unit of `currency`. */
export interface KnownMoney {
  readonly kind: KnownMoneyKind;
  /** What was paid, as far as an answer told it. */
  readonly totalFee?: number;
  /** ISO 4217. */
  readonly currency?: string;
  readonly transactionId?: string;
  /** What refunds have returned, and what is on its way. */
  readonly refunded?: number;
  readonly pending?: number;
  /** Since when: the first answer in a row that said so. Absent where nothing is known. */
  readonly since?: Date;
  /** The last answer that said so. */
  readonly by?: { readonly operation: JournalOperation; readonly at: Date; readonly seq: number };
  /** What may have been done since, or may still take effect, and no answer has told yet. */
  readonly mayHaveChanged?: 'by a reversal' | 'by a refund';
}

const NOTHING: KnownMoney = { kind: 'unknown' };

/** What the entries of a journal, in their order, prove about the money: only verified answers count. */
export function knownMoney(entries: readonly OrderJournalEntry[]): KnownMoney {
  return entries.reduce(afterEntry, NOTHING);
}

function afterEntry(known: KnownMoney, noted: OrderJournalEntry): KnownMoney {
  switch (noted.kind) {
    case 'answered': {
      const { operation, answer } = noted.fields;
      if (answer.kind === 'refund-queried') return known; // of a durable refund, whose journal is its own
      const said = whatItSays(answer, known);
      if (!said) return afterUnnamed(known, answer);
      const { kind } = said;
      const since = known.kind === kind && known.since ? known.since : noted.at;
      const by = { operation, at: noted.at, seq: noted.seq };
      // What may still be under way stays so, until an answer says that nothing is left to be changed.
      const { mayHaveChanged } = known;
      return { ...said, since, by, ...(mayHaveChanged && !IS_OVER.has(kind) && { mayHaveChanged }) };
    }
    case 'failed': {
      const { operation, errorCode, isVerified, outcome } = noted.fields;
      if (isVerified && operation === 'Query Order' && errorCode === 'ORDERNOTEXIST') return absent(known, noted);
      if (outcome !== 'unknown') return known;
      if (operation === 'Revoke Order') return maybe(known, 'by a reversal');
      return operation === 'Submit Refund' ? maybe(known, 'by a refund') : known;
    }
    case 'decided':
      // It is noted before it is sent: whoever sent it may not have come back.
      if (noted.fields.decision === 'reverse') return maybe(known, 'by a reversal');
      return noted.fields.decision === 'refund' ? maybe(known, 'by a refund') : known;
    default:
      return known;
  }
}

/** An answer that names no order, and tells of something that was done, or begun. */
function afterUnnamed(known: KnownMoney, { kind }: VerifiedAnswer): KnownMoney {
  if (kind === 'refund-accepted') return maybe(known, 'by a refund');
  return kind === 'reversed' ? maybe(known, 'by a reversal') : known; // a close moves no money
}

/** Nothing is left that a reversal or a refund could change. */
const IS_OVER: ReadonlySet<KnownMoneyKind> = new Set(['closed', 'reversed', 'refunded']);

function maybe(known: KnownMoney, mayHaveChanged: NonNullable<KnownMoney['mayHaveChanged']>): KnownMoney {
  return IS_OVER.has(known.kind) ? known : { ...known, mayHaveChanged };
}

/** An answer that names no order decides nothing where another has named it. */
function absent(known: KnownMoney, { at, seq }: OrderJournalEntry): KnownMoney {
  if (known.kind !== 'unknown' && known.kind !== 'absent') return known;
  return { ...known, kind: 'absent', since: known.since ?? at, by: { operation: 'Query Order', at, seq } };
}

type Said = Omit<KnownMoney, 'since' | 'by' | 'mayHaveChanged'>;

/** What an answer says about the money; undefined where it names no order, or proves nothing. */
function whatItSays(answer: Exclude<VerifiedAnswer, { kind: 'refund-queried' }>, known: KnownMoney): Said | undefined {
  switch (answer.kind) {
    case 'charged':
      return { kind: 'paid', ...paymentIn(answer.payment) };
    case 'queried':
      return { kind: OF_STATE[answer.tradeState], ...paymentIn(known), ...paymentIn(answer.payment ?? {}) };
    case 'refunds-queried': {
      const { refunded, pending } = answer;
      if (refunded + pending === 0) return undefined;
      // Where answers differ, the most: a rest is told, and not lost.
      const told = [known.totalFee, answer.totalFee].filter((amount) => amount !== undefined);
      const totalFee = told.length > 0 ? Math.max(...told) : undefined;
      const isAll = answer.totalFee !== undefined && totalFee !== undefined && refunded >= totalFee;
      const currency = known.currency ?? answer.currency;
      const payment = { ...paymentIn(known), ...paymentIn({ totalFee, currency }) };
      return { kind: isAll ? 'refunded' : 'refunding', ...payment, refunded, pending };
    }
    case 'created':
      return { kind: 'not-paid', ...paymentIn(known) };
    case 'reversed': // its answer names no order
    case 'closed':
    case 'refund-accepted':
      return undefined;
  }
}

const OF_STATE: Readonly<Record<TradeState, KnownMoneyKind>> = {
  SUCCESS: 'paid',
  REFUND: 'refunding',
  NOTPAY: 'not-paid',
  USERPAYING: 'not-paid',
  ACCEPT: 'not-paid',
  PAYERROR: 'not-paid',
  CLOSED: 'closed',
  REVOKED: 'reversed',
};

interface Payment {
  readonly totalFee?: number | undefined;
  readonly currency?: string | undefined;
  readonly transactionId?: string | undefined;
}

function paymentIn({ totalFee, currency, transactionId }: Payment): Pick<KnownMoney, keyof Payment> {
  return {
    ...(totalFee !== undefined && { totalFee }),
    ...(currency !== undefined && { currency }),
    ...(transactionId !== undefined && { transactionId }),
  };
}
