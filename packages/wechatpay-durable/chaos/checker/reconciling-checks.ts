import type { Movement } from 'wechatpay-sandbox';
import type { Reconciliation, ReconciliationDifference } from '../../src/index.js';
import type { Attempt } from '../cluster/reconcilers.js';
import { groupBy } from '../group-by.js';
import type { History, OrderHistory } from '../history/history.js';
import { dayOf, type MerchantDay } from '../workload/statement-days.js';

/** What must hold of the days that were reconciled. @returns what is wrong, or undefined. */
type ReconcilingCheck = (history: History) => string | undefined;

const MINUTE_MS = 60_000;

export const reconcilingChecks: Readonly<Record<string, ReconcilingCheck>> = {
  'each day that was reconciled counts each row once, also amid faults': ({
    reconciling: { attempts, movementsAfter },
  }) => {
    const rowsOf = countRows(movementsAfter);
    return first(attempts, (attempt) => {
      const { result } = attempt;
      if (!result) return undefined;
      const { rows, agreed, foreign, differing, differences, statement } = result;
      const ofRows = differences.filter(isOfRow).length;
      const isWhole = agreed + foreign + ofRows === rows && differing === differences.length && foreign === 0;
      const stated = rowsOf(attempt);
      if (isWhole && rows === stated && (statement?.count ?? 0) === rows) return undefined;
      return `${rows} rows, ${agreed} agreed, ${ofRows} of ${differing} differences are of a row; the ledger has ${stated}`;
    });
  },

  'in the end each row agrees, or the ledger explains why not': (history) =>
    first(history.reconciling.days, (day) =>
      day.again?.result ? explain(day, day.again.result, history) : 'it was not reconciled',
    ),

  'a day that is reconciled again comes to the same, and that is stored': ({ reconciling: { days } }) =>
    first(days, ({ first: one, again, stored }) => {
      const [before, after, kept] = [one?.result, again?.result, stored].map(withoutTime);
      if (before !== after) return `it came to ${before}, and again to ${after}`;
      return after === kept ? undefined : `it came to ${after}, and ${kept} is stored`;
    }),

  'reconciling moves no money, and changes no order, where all have ended': ({ reconciling, orders }) => {
    const { movements, movementsAfter, beganAt } = reconciling;
    const more = movementsAfter.slice(movements.length).map(({ kind, outTradeNo }) => `${kind} of ${outTradeNo}`);
    if (more.length > 0) return `the ledger has more than before: ${more.join(', ')}`;
    const late = orders.find(({ changes, refundChanges }) =>
      [...changes, ...refundChanges].some(({ at }) => at > beganAt),
    );
    return late && `${late.planned.outTradeNo} was changed`;
  },

  'nothing is staged, and no day is claimed, when all is over': ({ reconciling: { left } }) =>
    left.claims + left.stagedRows > 0 ? `${left.claims} claims and ${left.stagedRows} rows are left` : undefined,

  'who has lost a day to another stores nothing of it': ({ reconciling: { takenOver } }) =>
    first(
      takenOver.map(({ late, other }) => ({ ...late, other })),
      ({ end, code, by, other }) => {
        if (other.end !== 'reconciled')
          return `${other.by} could not take it over: ${code ?? ''} ${other.message ?? ''}`;
        return end === 'failed' && code === RECONCILING ? undefined : `${by} had lost it, and ${end} ${code ?? ''}`;
      },
    ),

  'who fails says why; where nothing goes wrong, only that another has the day': ({ reconciling }) =>
    first(
      [...reconciling.attempts.entries()].map(([index, attempt]) => ({ ...attempt, index })),
      (attempt) => {
        const { end, by, code = '', message = '', index } = attempt;
        if (end === undefined) return `${by} has not ended`;
        const isExpected = index < reconciling.amidFaults ? code.startsWith('WECHATPAY_') : code === RECONCILING;
        return end !== 'failed' || isExpected ? undefined : `${by} failed: ${code} ${message}`;
      },
    ),
};

const RECONCILING = 'WECHATPAY_RECONCILING';

/** Each movement of the day, as the store has to know it; and nothing that was claimed beside these. */
function explain(
  day: MerchantDay,
  { differences }: Reconciliation,
  { orders, reconciling }: History,
): string | undefined {
  const { movements } = reconciling;
  const known = new Map(orders.map((order) => [order.planned.outTradeNo, order]));
  const listed = movements.filter((movement) => isSameDay(dayOf(movement), day));
  const ofRows = groupBy(differences.filter(isOfRow), nameOf);
  for (const movement of listed) {
    const found = ofRows.get(nameOfMovement(movement)) ?? [];
    ofRows.delete(nameOfMovement(movement));
    const isKnown = isInStore(movement, known.get(movement.outTradeNo));
    const isRight = isKnown ? found.length === 0 : found.length === 1 && found.every(isUnknown);
    if (!isRight) return `${nameOfMovement(movement)}, ${isKnown ? '' : 'not '}in the store, is ${tell(found)}`;
  }
  const unlisted = [...ofRows.values()].flat();
  if (unlisted.length > 0) return `no row is about ${tell(unlisted)}`;
  const wrong = differences.filter((difference) => !isOfRow(difference) && !isElsewhere(difference, day, movements));
  return wrong.length > 0 ? `nothing explains ${tell(wrong)}` : undefined;
}

/** Whether a durable order, or refund, has to say what this row says. */
function isInStore({ kind, refundNumber }: Movement, order: OrderHistory | undefined): boolean {
  const { stored, refunds = [] } = order ?? {};
  const outcome = stored?.status === 'done' ? stored.outcome?.kind : undefined;
  switch (kind) {
    case 'payment':
      return ['paid', 'refund-required', 'refunded', 'reversed'].includes(outcome ?? '');
    case 'reversal':
      return outcome === 'reversed';
    case 'refund':
      return (
        outcome === 'refunded' ||
        refunds.some(({ status, state }) => status === 'done' && state.request.outRefundNo === refundNumber)
      );
  }
}

function isUnknown({ class: of, status, why }: ReconciliationDifference): boolean {
  return of === 'statement-only' && status === 'needs-person' && why === 'unknown-order';
}

/** What no row of the day is about: it stands in the statement of another day; or two customers paid the same at once. */
function isElsewhere(
  { class: of, status, matchedIn, twin, outTradeNo, ...difference }: ReconciliationDifference,
  { merchantId }: MerchantDay,
  movements: readonly Movement[],
): boolean {
  const own = movements.filter((movement) => movement.merchantId === merchantId);
  if (of === 'book-only') {
    const name = nameOf({ ...difference, outTradeNo });
    return status === 'matched' && own.some((each) => nameOfMovement(each) === name && dayOf(each).date === matchedIn);
  }
  const [one, other] = [outTradeNo, twin].map((number) =>
    own.find((each) => each.kind === 'payment' && each.outTradeNo === number),
  );
  if (!one || !other) return false;
  return one.amount === other.amount && Math.abs(one.at.getTime() - other.at.getTime()) <= MINUTE_MS;
}

function isOfRow({ class: of }: ReconciliationDifference): boolean {
  return of !== 'book-only' && of !== 'paid-twice';
}

function nameOf({
  kind,
  outTradeNo,
  outRefundNo = '',
}: Pick<ReconciliationDifference, 'kind' | 'outTradeNo' | 'outRefundNo'>): string {
  return `${kind} ${outTradeNo} ${outRefundNo}`.trim();
}

function nameOfMovement({ kind, outTradeNo, refundNumber = '' }: Movement): string {
  return nameOf({ kind, outTradeNo, outRefundNo: refundNumber });
}

function isSameDay(one: MerchantDay, other: MerchantDay): boolean {
  return one.merchantId === other.merchantId && one.date === other.date;
}

function countRows(movements: readonly Movement[]): (day: MerchantDay) => number {
  const counts = new Map<string, number>();
  const name = ({ merchantId, date }: MerchantDay): string => `${merchantId} ${date}`;
  for (const movement of movements) {
    const day = name(dayOf(movement));
    counts.set(day, (counts.get(day) ?? 0) + 1);
  }
  return (day) => counts.get(name(day)) ?? 0;
}

function withoutTime(day: Reconciliation | undefined): string | undefined {
  return day && JSON.stringify({ ...day, reconciledAt: undefined });
}

function first<Of extends MerchantDay>(
  list: readonly Of[],
  check: (one: Of) => string | undefined,
): string | undefined {
  for (const one of list) {
    const problem = check(one);
    if (problem !== undefined) return `${one.date} of ${one.merchantId}: ${problem}`;
  }
  return undefined;
}

function tell(differences: readonly ReconciliationDifference[]): string {
  return differences.length === 0 ? 'no difference' : JSON.stringify(differences);
}

/** Summary: what reconciling came to, in the end and on the way. */
export function summarizeReconciling({ reconciling }: History): [string, string][] {
  const { days, attempts, amidFaults, leftByKilled } = reconciling;
  const results = days.flatMap(({ again }) => again?.result ?? []);
  const sum = (of: (day: Reconciliation) => number): number => results.reduce((total, day) => total + of(day), 0);
  const count = (list: readonly Attempt[], is: (attempt: Attempt) => boolean): number => list.filter(is).length;
  const amid = attempts.slice(0, amidFaults);
  const refused = count(attempts, ({ code }) => code === RECONCILING);
  const left = leftByKilled
    ? `; left by the killed: ${leftByKilled.claims} claims, ${leftByKilled.stagedRows} rows`
    : '';
  return [
    [
      'statement rows',
      `${sum(({ rows }) => rows)} of ${days.length} days: ${sum(({ agreed }) => agreed)} agreed, ${sum(({ differing }) => differing)} differ as the ledger says`,
    ],
    ['reconciled amid faults', `${count(amid, ({ end }) => end === 'reconciled')} of ${amid.length}`],
    [
      'attempts to reconcile',
      `${attempts.length}; ${count(attempts, ({ end }) => end === 'died')} killed, ${refused} without the day${left}`,
    ],
  ];
}
