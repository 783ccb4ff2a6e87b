import { isWechatPayError, statementDay, type StatementDay } from 'wechatpay-core';
import { isDurableOrdersError } from '../errors.js';
import type { Orders } from '../orders.js';
import { askForOrder, type Asked } from './ask.js';
import { askForRefund } from './ask-refund.js';
import { movementOf, type ReconciliationDifference } from './differences.js';

const ASKED_AT_ONCE = 4;

/** What of a day is asked for: each order once, however many differences it has, and each refund; a few at a time. */
async function askAll(
  orders: Orders,
  merchantId: string,
  differences: readonly ReconciliationDifference[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, Asked>> {
  const subjects = new Map(differences.map((difference) => [subjectOf(difference), difference] as const));
  const left = [...subjects];
  const answers = new Map<string, Asked>();
  const askNext = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined && !signal?.aborted; next = left.shift()) {
      const [subject, difference] = next;
      try {
        const { kind, orderId = '' } = difference;
        const isOfRefund = kind === 'refund';
        answers.set(
          subject,
          await (isOfRefund
            ? askForRefund(orders, merchantId, difference, signal)
            : askForOrder(orders, orderId, signal)),
        );
      } catch (error) {
        if (isDurableOrdersError(error)) throw error; // what was asked stands; the day can be reconciled again
        if (isWechatPayError(error) && error.code === 'WECHATPAY_MERCHANT_LOOKUP') continue; // nobody was asked
        // A state that this version cannot read, or a number that no request may have.
        answers.set(subject, { status: 'needs-person', why: 'answer-decides-nothing' });
      }
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, askNext));
  return answers;
}

function subjectOf(difference: ReconciliationDifference): string {
  return difference.kind === 'refund' ? movementOf(difference) : (difference.orderId ?? '');
}

/** Looks for movements in the statement of a day. @returns those that it has; undefined where it could not be had. */
export type LookIn = (date: string, movements: ReadonlySet<string>) => Promise<ReadonlySet<string> | undefined>;

/** Asks for what is to be asked for, and says what came of it. */
export async function askForEach(
  orders: Orders,
  merchantId: string,
  { from }: StatementDay,
  differences: readonly ReconciliationDifference[],
  { lookIn, signal }: { readonly lookIn: LookIn; readonly signal: AbortSignal | undefined },
): Promise<ReconciliationDifference[]> {
  const isToBeAsked = ({ status }: ReconciliationDifference): boolean => status === 'asking';
  const toBeAsked = differences.filter(isToBeAsked);
  const answers = await askAll(orders, merchantId, toBeAsked, signal);
  /** The day before this one on which it was paid, as a verified answer tells; or on which the refund was submitted. */
  const earlierDayOf = (difference: ReconciliationDifference): string | undefined => {
    const { why, movedAt } = answers.get(subjectOf(difference)) ?? {};
    const isOfBook = difference.class === 'book-only' && difference.kind !== 'reversal';
    const isEarlier = why === 'answer-agrees-with-order' && movedAt !== undefined && movedAt < from.getTime();
    return isOfBook && isEarlier ? statementDay(new Date(movedAt)).date : undefined;
  };
  const wanted = new Map<string, Set<string>>();
  for (const difference of toBeAsked) {
    const date = earlierDayOf(difference);
    if (date !== undefined) wanted.set(date, (wanted.get(date) ?? new Set<string>()).add(movementOf(difference)));
  }
  const seen = new Map<string, ReadonlySet<string> | undefined>();
  for (const [date, movements] of wanted) seen.set(date, await lookIn(date, movements));
  return differences.map((difference) => {
    const answer = answers.get(subjectOf(difference));
    if (!isToBeAsked(difference) || !answer) return difference;
    const { status, why } = answer;
    const matchedIn = earlierDayOf(difference);
    if (matchedIn !== undefined) {
      const found = seen.get(matchedIn);
      if (!found) return difference; // that statement could not be had: the day is gone through again
      return found.has(movementOf(difference))
        ? { ...difference, status: 'matched', matchedIn }
        : { ...difference, status, ...(why && { why }) };
    }
    // What no statement has had yet is looked for in the next ones, where WeChat Pay says that it is so.
    if (difference.class === 'book-only' && why === 'answer-agrees-with-order') {
      return { ...difference, status: 'carried' };
    }
    return { ...difference, status, ...(why && { why }) };
  });
}

/** Asks once more for what three statements have not had: a person looks where the answer changes nothing. */
export async function giveUpOn(
  orders: Orders,
  merchantId: string,
  differences: readonly ReconciliationDifference[],
  signal: AbortSignal | undefined,
): Promise<ReconciliationDifference[]> {
  const isCarried = ({ status }: ReconciliationDifference): boolean => status === 'carried';
  const answers = await askAll(orders, merchantId, differences.filter(isCarried), signal);
  return differences.map((difference) => {
    const answer = answers.get(subjectOf(difference));
    if (!isCarried(difference) || !answer) return difference; // where it was not asked for, it is not given up
    return answer.status === 'asking'
      ? { ...difference, status: 'asking' }
      : { ...difference, status: 'needs-person', why: 'not-in-three-days' };
  });
}
