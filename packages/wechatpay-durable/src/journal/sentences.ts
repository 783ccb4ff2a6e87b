import { outcomeOf } from '../ends.js';
import type { DurableData, DurableOrder, DurableRow } from '../stores/store.js';
import type { OrderJournalEntry, VerifiedAnswer } from './entries.js';
import type { KnownMoney } from './known-money.js';
import { RULES, type Decision } from './rules.js';

/** WeChat Pay takes these without a minor unit: JPY 888 is 888. */
const WITHOUT_MINOR_UNIT: readonly string[] = ['JPY', 'KRW'];

/** An amount for people to read, as in `HKD 8.88`. @param amount in the minor unit of the currency. */
export function amountText(amount: number | undefined, currency: string | undefined): string {
  if (amount === undefined) return 'an amount that no answer told';
  if (currency === undefined) return `${amount} (in the minor unit of a currency that no answer told)`;
  if (WITHOUT_MINOR_UNIT.includes(currency)) return `${currency} ${amount}`;
  const digits = String(amount).padStart(3, '0');
  return `${currency} ${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

export function timeText(at: Date): string {
  return at.toISOString();
}

/** What is known about the money, since when, by which verified answer, and how the durable order stands: one sentence. */
export function summaryOf(
  outTradeNo: string,
  money: KnownMoney,
  row: DurableOrder | undefined,
  refundsText: string,
): string {
  return `${moneyText(outTradeNo, money)}${changeText(money)}${refundsText}; ${standingText(row)}.`;
}

function moneyText(outTradeNo: string, money: KnownMoney): string {
  const { kind, totalFee, currency, transactionId, refunded = 0, pending = 0, since, by } = money;
  if (!by || !since) return `Nothing is known about the money of order ${outTradeNo}: no verified answer has named it`;
  const known = `known since ${timeText(since)} by the verified answer to ${by.operation}`;
  const paid = amountText(totalFee, currency);
  const transaction = transactionId === undefined ? '' : ` (transaction ${transactionId})`;
  switch (kind) {
    case 'paid':
      return `${paid} was paid for order ${outTradeNo}${transaction}, ${known}`;
    case 'not-paid':
      return `Order ${outTradeNo} was not paid when ${by.operation} last answered, at ${timeText(by.at)}, and could still be paid then`;
    case 'absent':
      return `WeChat Pay knew no order ${outTradeNo} when ${by.operation} last answered, at ${timeText(by.at)}`;
    case 'closed':
      return `Order ${outTradeNo} is closed, so that nothing is paid and nobody can begin to pay, ${known}`;
    case 'reversed':
      return `Order ${outTradeNo} is reversed, so that whatever was paid goes back and nothing can be paid any more, ${known}`;
    case 'refunding':
      return refunded + pending === 0
        ? `Of ${paid} paid for order ${outTradeNo}${transaction}, some or all is refunded or on its way, ${known}`
        : `Of ${paid} paid for order ${outTradeNo}${transaction}, ${amountText(refunded, currency)} is refunded and ` +
            `${amountText(pending, currency)} on its way, ${known}`;
    case 'refunded':
      return `All of ${paid} paid for order ${outTradeNo}${transaction} is refunded, ${known}`;
    case 'unknown':
      return `Nothing is known about the money of order ${outTradeNo}`;
  }
}

function changeText({ mayHaveChanged }: KnownMoney): string {
  return mayHaveChanged === undefined
    ? ''
    : `, which may have changed since, or may still change, ${mayHaveChanged} that no answer has proven`;
}

/** How its row stands. @param what as in `durable order`. */
export function standingText(row: DurableRow | undefined, what = 'durable order'): string {
  if (!row) return `its ${what} is no longer kept, only its journal`;
  const { status, dueAt, end } = row;
  const outcome = outcomeOf<DurableData>(row);
  switch (status) {
    case 'cancelled':
      return `its ${what} was called off`;
    case 'done':
    case 'dead':
      return `its ${what} ended ${endText(outcome, end)}`;
    default: {
      const listener = row.kind === 'refund' ? 'onRefundResolved' : 'onResolved';
      if (outcome) return `its ${what} has ended ${endText(outcome, end)}, which ${listener} has not taken yet`;
      return status === 'active' || !dueAt ? 'a worker works on it now' : `its next step is due at ${timeText(dueAt)}`;
    }
  }
}

function endText(outcome: DurableData['outcome'], end: number | undefined): string {
  const number = end === undefined ? '' : ` (end ${end})`;
  const why = outcome?.kind === 'needs-attention' ? `, because: ${withoutStop(outcome.error.message)}` : '';
  return `as ${outcome?.kind ?? 'unknown'}${number}${why}`;
}

function withoutStop(text: string): string {
  return text.replace(/[.\s]+$/u, '');
}

const DECISIONS: Readonly<Record<Decision, string>> = {
  reverse: 'To be reversed',
  prove: 'To be proven by a query',
  close: 'To be closed',
  'prove-closed': 'To be proven closed by a query',
  'ask-past-reversal': 'Not to be reversed any more',
  refund: 'To be refunded',
  'follow-refunds': 'Its refunds are to be followed',
  'submit-refund': 'To be submitted',
  postpone: 'Not submitted yet',
  wait: 'To be submitted again later',
  check: 'To be asked for',
  'confirm-refusal': 'Its refusal is to be confirmed',
  'follow-refund': 'To be followed',
};

/** What an entry tells, in one line. */
export function entryText(noted: OrderJournalEntry): string {
  switch (noted.kind) {
    case 'enqueued': {
      const { by, totalFee, currency, actor } = noted.fields;
      const amount = totalFee === undefined ? '' : `, ${amountText(totalFee, currency)}`;
      return `Stored by ${by}${byText(actor)}${amount}.`;
    }
    case 'refund-enqueued': {
      const { actor, outRefundNo, refundFee, currency, outTradeNo } = noted.fields;
      return `Refund ${outRefundNo} stored${byText(actor)}: ${amountText(refundFee, currency)} of order ${outTradeNo}.`;
    }
    case 'answered':
      return `${noted.fields.operation} answered: ${answerText(noted.fields.answer)}.`;
    case 'failed': {
      const { operation, errorCode, code, outcome, isVerified, message } = noted.fields;
      const who = isVerified ? 'WeChat Pay refused it, signed' : 'no answer that can be trusted';
      return `${operation} failed with ${errorCode ?? code} (${who}; outcome ${outcome}): ${withoutStop(message)}.`;
    }
    case 'decided':
      return `${DECISIONS[noted.fields.decision]}: ${RULES[noted.fields.rule]}.`;
    case 'ended':
      return `Ended as ${noted.fields.outcome.kind} (end ${noted.fields.end}): ${RULES[noted.fields.rule]}.`;
    case 'told':
      return `The application took end ${noted.fields.end}.`;
    case 'telling-failed':
      return `The application did not take end ${noted.fields.end} (it ${noted.fields.reason}), and is told again.`;
    case 'held': {
      const { code, operation, until } = noted.fields;
      return `Held until ${timeText(new Date(until))}: ${operation} fails with ${code}, as of the merchant and not of this order.`;
    }
    case 'left':
      return `Left to another worker: ${withoutStop(noted.fields.reason)}.`;
    case 'notified': {
      const { isPaid, payment } = noted.fields;
      const said = isPaid ? `paid, ${amountText(payment?.totalFee, payment?.currency)}` : 'not paid';
      return `A notification came: ${said}; the order is asked for.`;
    }
    case 'cancelled':
      return `Called off${byText(noted.fields.actor)}: ${RULES[noted.fields.rule]}.`;
    case 'reopened': {
      const { by, actor, ifPaid } = noted.fields;
      return `Set going again by ${by}${byText(actor)}: what is paid is to be ${ifPaid === 'keep' ? 'kept' : 'returned'}.`;
    }
    case 'refund-reopened':
      return `Set going again by redrive${byText(noted.fields.actor)}: it is asked for first.`;
    case 'hastened':
      return `Its next step is to be taken sooner${byText(noted.fields.actor)}.`;
    case 'noted':
      return `Noted${noted.fields.actor === undefined ? '' : ` by ${noted.fields.actor}`}: ${noted.fields.text}`;
    case 'other':
      return 'An entry of another version.';
  }
}

function byText(actor: string | undefined): string {
  return actor === undefined ? '' : ` for ${actor}`;
}

function answerText(answer: VerifiedAnswer): string {
  switch (answer.kind) {
    case 'charged':
      return `paid, ${amountText(answer.payment.totalFee, answer.payment.currency)}`;
    case 'queried': {
      const { tradeState, payment } = answer;
      const amount = payment?.totalFee === undefined ? '' : `, ${amountText(payment.totalFee, payment.currency)}`;
      return `${tradeState}${amount}`;
    }
    case 'reversed':
      return answer.recall ? 'to be called again' : 'done, which a query has to prove';
    case 'created':
      return 'the order is there, and can be paid';
    case 'closed':
      return 'done, which a query has to prove';
    case 'refund-accepted':
      return 'accepted, which is not refunded yet';
    case 'refunds-queried': {
      const { refunded, pending, currency } = answer;
      return `${amountText(refunded, currency)} refunded, ${amountText(pending, currency)} on its way`;
    }
    case 'refund-queried': {
      const [found] = answer.refunds;
      const amount = found?.refundFee === undefined ? '' : `, ${amountText(found.refundFee, found.currency)}`;
      return `${found?.refundStatus ?? 'no status'}${amount}`;
    }
  }
}
