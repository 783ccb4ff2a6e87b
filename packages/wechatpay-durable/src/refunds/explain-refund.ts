import { entryText, amountText, standingText, timeText } from '../journal/sentences.js';
import { readEntry, type OrderJournalEntry } from '../journal/entries.js';
import { readJournal } from '../journal/explain.js';
import type { Orders } from '../orders.js';
import type { DurableRefund } from '../stores/store.js';
import { knownRefund, type KnownRefund } from './known-refund.js';
import { readRefundOf, type RefundOf } from './refund-intent.js';

/** What happened to a refund, and what is known about it. */
export interface RefundExplanation {
  readonly id: string;
  readonly outRefundNo: string;
  /** How it stands; absent where only its journal is kept. */
  readonly status?: DurableRefund['status'];
  readonly outcome?: DurableRefund['outcome'];
  /** What is known about the money, since when, by which verified answer; and how the durable refund stands. */
  readonly summary: string;
  readonly money: KnownRefund;
  /** The first that happened first. `text` says each in one line. */
  readonly timeline: readonly (OrderJournalEntry & { readonly text: string })[];
}

/** What `DurableOrders.explain` does of a refund. */
export async function explainRefund(orders: Orders, given: RefundOf): Promise<RefundExplanation | undefined> {
  const refund = readRefundOf(given);
  const { id } = await orders.locateRefund(refund);
  // The journal first: what the row says by then is in it, or came later.
  const entries = (await readJournal(orders, id)).map(readEntry);
  const row = await orders.readRefund(id);
  if (!row && entries.length === 0) return undefined;
  const money = knownRefund(entries);
  const { outRefundNo } = refund;
  return {
    id,
    outRefundNo,
    ...(row && { status: row.status }),
    ...(row?.outcome && { outcome: row.outcome }),
    summary: `${moneyText(outRefundNo, money)}${changeText(money)}; ${standingText(row, 'durable refund')}.`,
    money,
    timeline: entries.map((noted) => ({ ...noted, text: entryText(noted) })),
  };
}

function moneyText(outRefundNo: string, money: KnownRefund): string {
  const { kind, refundFee, currency, outTradeNo, since, by } = money;
  const order = outTradeNo === undefined ? '' : ` of order ${outTradeNo}`;
  const refund = `refund ${outRefundNo} (${amountText(refundFee, currency)}${order})`;
  if (!by || !since) return `Nothing is known about ${refund}: no verified answer has named it`;
  const known = `known since ${timeText(since)} by the verified answer to ${by.operation}`;
  switch (kind) {
    case 'absent':
      return `WeChat Pay knew no ${refund} when ${by.operation} last answered, at ${timeText(by.at)}`;
    case 'accepted':
      return `WeChat Pay has accepted ${refund}, which is not refunded yet, ${known}`;
    case 'processing':
      return `The money of ${refund} is on its way, ${known}`;
    case 'refunded':
      return `The customer has the money of ${refund}, ${known}`;
    case 'not-received':
      return `The money of ${refund} did not reach the customer, whose account or card is gone, ${known}`;
    case 'closed':
      return `WeChat Pay ended ${refund}, and nothing was returned, ${known}`;
    case 'differs':
      return `The number of ${refund} belongs to another refund, ${known}`;
    case 'unknown':
      return `Nothing is known about ${refund}`;
  }
}

function changeText({ mayHaveChanged, refusal }: KnownRefund): string {
  if (refusal) {
    const proof = mayHaveChanged
      ? 'no proof that nothing is returned'
      : 'confirmed by Query Refund: nothing is returned';
    return `, and Submit Refund was refused with ${refusal.errorCode} at ${timeText(refusal.at)}, which is ${proof}`;
  }
  return mayHaveChanged ? ', and it may have been submitted since, which no answer has told yet' : '';
}
