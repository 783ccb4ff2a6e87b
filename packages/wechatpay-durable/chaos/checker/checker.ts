// Over 250 lines, as one idea: what must hold of the history of each order, a rule a check.
import { CLOSE_ORDER, REVERSE_ORDER, REVERSE_NOT_BEFORE_MS, UNIFIED_ORDER, type ResolutionState } from 'wechatpay-core';
import type { Change } from '../history/audit.js';
import { outcomeIn, type History, type OrderHistory } from '../history/history.js';
import { refundChecks } from './refund-checks.js';

/** What must hold of each order. @returns what is wrong, or undefined. */
type Check = (order: OrderHistory, history: History) => string | undefined;

const QUICK_PAY_PATH = '/pay/micropay';
const REFUND_PATH = '/secapi/pay/refund';
/** The clocks of the database and of this process are one; they are read a moment apart. */
const SLACK_MS = 1;

export const checks: Readonly<Record<string, Check>> = {
  'a charge, or an order, that the gateway sees has a durable order, stored before': ({ requests, changes }) => {
    const charge = requests.find(({ path }) => path === QUICK_PAY_PATH || path === UNIFIED_ORDER.path);
    const stored = changes.find(({ change }) => change === 'INSERT');
    if (!charge || (stored && stored.at <= charge.at + SLACK_MS)) return undefined;
    return stored ? `its durable order came ${(stored.at - charge.at).toFixed(1)} ms later` : 'it has no durable order';
  },

  'a charge that comes after its durable order has ended opens it again': ({ requests, changes }) => {
    const charge = requests.find(({ path }) => path === QUICK_PAY_PATH);
    const end = changes.find(({ at, data }) => charge && at < charge.at && outcomeIn(data.state));
    if (!charge || !end) return undefined;
    const isOpenAgain = changes.some(({ at, data }) => at > end.at && !outcomeIn(data.state));
    return isOpenAgain
      ? undefined
      : `its durable order had ended ${((charge.at - end.at) / 1000).toFixed(3)} real seconds before`;
  },

  'nothing that was stored, or acknowledged, is lost': ({
    planned,
    changes,
    refundChanges,
    answers,
    stored,
    refunds,
  }) => {
    const lost = refundChanges.find(({ id }) => !refunds.some((row) => row.id === id));
    if (lost) return `refund ${lost.data.state.request.outRefundNo} is not in the store`;
    if (planned.job.kind === 'refund') {
      const isAnswered = answers.some(({ answer }) => answer === 'refunding');
      return isAnswered && refunds.length < 2 ? `only ${refunds.length} of its refunds are in the store` : undefined;
    }
    const isKnown = planned.isOld || changes.length > 0 || answers.some(({ answer }) => answer !== 'threw');
    return isKnown && !stored ? 'it is not in the store' : undefined;
  },

  'every order has an end': ({ stored }) =>
    stored && stored.status !== 'done' && stored.status !== 'cancelled' ? `it is ${stored.status}` : undefined,

  'the store and the ledger agree': ({ stored, balance, planned, gateway }) => {
    if (!stored)
      return balance.paid > 0 && (planned.job.kind === 'pay' || planned.job.kind === 'create')
        ? `net is ${balance.net}`
        : undefined;
    if (stored.status === 'done') {
      const due = stored.outcome?.kind === 'paid' ? planned.totalFee : 0;
      return balance.net === due ? undefined : `${stored.outcome?.kind ?? ''}, and net is ${balance.net}`;
    }
    if (stored.status !== 'cancelled') return undefined;
    // It is called off after a clear no only: nothing was paid, and nothing can be paid any more.
    const isOpen = planned.job.kind !== 'create' && (gateway?.state === 'user-paying' || gateway?.state === 'not-paid');
    if (isOpen) return `called off, and its order is ${gateway.state}`;
    return balance.paid === 0 ? undefined : `called off, and ${balance.paid} were paid`;
  },

  'what a cashier was answered holds: paid stays paid, declined is not paid': ({ answers, balance, planned }) => {
    const said = answers.map(({ answer }) => answer);
    if (said.includes('paid') && (balance.net !== planned.totalFee || balance.returned > 0)) {
      return `a cashier was answered paid; ${balance.paid} were paid, ${balance.returned} returned`;
    }
    return said.includes('declined') && balance.paid > 0
      ? 'a cashier was answered declined, and it was paid'
      : undefined;
  },

  'only who was shown a code can pay by it': ({ answers, balance, planned }) =>
    planned.job.kind === 'create' && balance.paid > 0 && !answers.some(({ answer }) => answer === 'created')
      ? 'nobody was answered created, and it was paid'
      : undefined,

  'a number is charged once': ({ requests, movements }) => {
    const charges = requests.filter(({ path }) => path === QUICK_PAY_PATH).length;
    const payments = movements.filter(({ kind }) => kind === 'payment').length;
    return charges > 1 || payments > 1 ? `${charges} charges reached the gateway, ${payments} were paid` : undefined;
  },

  'nobody is returned more than was paid': ({ balance: { paid, returned }, planned }) =>
    returned > paid || paid > planned.totalFee ? `${paid} were paid, ${returned} returned` : undefined,

  'no reversal comes before 15 s, but for what the charge was on its way': (order, { realTime, counts }) => {
    // Whose clock is ahead cannot know: the gateway refuses it.
    if ('clocks stepped' in counts) return undefined;
    const age = ageAtReverse(order, realTime);
    if (age === undefined) return undefined;
    // A cashier can only note when it begins; when the charge arrives, and makes the order, the gateway alone knows.
    const { gateway, stored } = order;
    const onItsWay = gateway && stored ? Math.max(0, gateway.createdAt.getTime() - stored.state.orderCreatedAt) : 0;
    return age + onItsWay < REVERSE_NOT_BEFORE_MS - 1 ? `the first came after ${(age / 1000).toFixed(3)} s` : undefined;
  },

  'a reversal, a close, or a refund, is stored before it is sent': ({ requests, changes, refundChanges }) => {
    const isStored = (at: number, holds: (change: Change) => boolean): boolean =>
      changes.some((change) => change.at <= at + SLACK_MS && holds(change));
    const isPartStored = (when: number, number: string | undefined): boolean =>
      refundChanges.some(
        ({ at, data: { state } }) =>
          at <= when + SLACK_MS && state.request.outRefundNo === number && state.submittedAt !== undefined,
      );
    const early = requests.find(
      ({ path, at, fields: { out_refund_no: number } }) =>
        (path === REVERSE_ORDER.path && !isStored(at, ({ data }) => data.state.kind !== 'asking')) ||
        (path === CLOSE_ORDER.path && !isStored(at, ({ data }) => data.state.kind === 'closing')) ||
        (path === REFUND_PATH &&
          !isStored(at, ({ data }) => data.state.kind === 'refunding') &&
          !isPartStored(at, number)),
    );
    return early && `the gateway was asked for ${early.path} before the store knew of it`;
  },

  'what a worker takes on, it asks for first': ({ changes, steps }) => {
    const lapsed = new Set<string>();
    let before: Change | undefined;
    for (const [index, change] of changes.entries()) {
      if (before?.status === 'active' && isTaken(change, before)) lapsed.add(before.by);
      before = change;
      if (!isTaken(change, changes[index - 1])) continue;
      const next = changes.slice(index + 1).find((later) => later.by === change.by && isTaken(later, undefined));
      const first = steps.find(({ by, at }) => by === change.by && at >= change.at - SLACK_MS);
      // One that had lost it may still be at its old step.
      if (!first || lapsed.has(change.by) || (next && first.at > next.at)) continue;
      // Also of an order that was refunded: its refunds are asked for.
      if (!['query', 'query-refunds'].includes(String(first.step)))
        return `${change.by} took it on with a ${String(first.step)}`;
    }
    return undefined;
  },

  'only the one who has it stores a step': ({ changes }) => {
    let leasedBy = '';
    for (const [index, change] of changes.entries()) {
      const before = changes[index - 1];
      if (isTaken(change, before)) leasedBy = change.by;
      else if (change.change === 'UPDATE' && before?.status === 'active' && change.by !== leasedBy) {
        return `${change.by} stored ${change.status} while ${leasedBy} had its lease`;
      }
    }
    return undefined;
  },

  'the state goes one way': ({ changes }) => {
    for (const [index, after] of changes.entries()) {
      const before = changes[index - 1];
      const { status, data, lease, change } = after;
      if (!before || change === 'DELETE') continue;
      const [old, now] = [before.data.state, data.state];
      const isReopened = isReopening(before, after);
      const isRedriven = (before.status === 'dead' || isReopened) && status === 'waiting';
      const wrong = {
        'ended, and goes on': ['done', 'cancelled'].includes(before.status) && !isReopened,
        'dead, and goes on unasked': before.status === 'dead' && !isRedriven,
        'a reversal that may have been sent was not any more': old.sent.reverse && !now.sent.reverse,
        'too late to reverse, and is not any more':
          old.kind === 'expired' && ['asking', 'reversing', 'checking'].includes(now.kind),
        'attempts are forgotten': (attemptsIn(now) ?? Infinity) < (attemptsIn(old) ?? 0) || lease < before.lease,
        'its end is another': old.kind === 'ended' && !isRedriven && outcomeIn(now)?.kind !== old.outcome.kind,
        'it is another order': now.orderCreatedAt !== old.orderCreatedAt || now.totalFee !== old.totalFee,
      };
      const found = Object.entries(wrong).find(([, isWrong]) => isWrong);
      if (found) return found[0];
    }
    return undefined;
  },

  'only what waits, and is not to be reversed, is called off': ({ changes, requests }) => {
    const index = changes.findIndex(({ status }) => status === 'cancelled');
    const before = changes[index - 1];
    if (!before) return undefined;
    if (before.status !== 'waiting') return `it was ${before.status}`;
    if (before.data.state.kind !== 'asking') return 'something was decided';
    return requests.some(({ path }) => path === REVERSE_ORDER.path) ? 'it was reversed' : undefined;
  },

  'the shop is told every end, as it is stored': ({ stored, told, changes }) => {
    if (stored?.status !== 'done') return undefined;
    const ends = told
      .toSorted((one, other) => one.at - other.at)
      .map(({ outcome }) => String(outcome))
      .filter((outcome) => !NO_ENDS.has(outcome));
    const right = (outcome: string | undefined): boolean => outcome === stored.outcome?.kind;
    const hasOneEnd = !changes.some((change, index) => isReopening(changes[index - 1], change));
    const isTold = right(ends.at(-1)) && (!hasOneEnd || ends.every(right));
    return isTold ? undefined : `it is ${stored.outcome?.kind ?? ''}, and the shop was told: ${ends.join(', ')}`;
  },

  ...refundChecks,
};

/** Of one that neither asks nor has ended. */
function attemptsIn(state: ResolutionState): number | undefined {
  return 'attempts' in state ? state.attempts : undefined;
}

/**
 * It had ended as one that nobody can pay, and is asked for again: a notification said that it is paid, or a cashier never saw the answer
 * of its charge, and reached the store only now.
 */
function isReopening(before: Change | undefined, { data: { state } }: Change): boolean {
  const old = before?.data.state;
  return (
    old?.kind === 'ended' && state.kind !== 'ended' && (state.product !== undefined || old.outcome.kind === 'closed')
  );
}

const NO_ENDS = new Set(['needs-attention', 'unresolved', 'refund-required']);

function isTaken(change: Change, before: Change | undefined): boolean {
  if (change.change !== 'UPDATE' || change.status !== 'active') return false;
  return before?.status !== 'active' || change.lease > before.lease;
}

/** Orders of which nobody has heard: their cashier died before it was stored, or the customer gave up. */
export function hasBegun({ changes, refundChanges, requests }: OrderHistory): boolean {
  return changes.length > 0 || refundChanges.length > 0 || requests.length > 0;
}

/** How old the order was when its first reversal came, in milliseconds of the gateway's clock. */
export function ageAtReverse(
  { requests, gateway, stored }: OrderHistory,
  realTime: History['realTime'],
): number | undefined {
  const first = requests.find(({ path }) => path === REVERSE_ORDER.path);
  const created = gateway?.createdAt.getTime() ?? stored?.state.orderCreatedAt;
  if (!first || created === undefined) return undefined;
  return ((first.at - realTime(created)) / (realTime(1000) - realTime(0))) * 1000;
}

/** Runs every check on every order. @returns what is wrong, by check and order. */
export function checkHistory(history: History): Map<string, Map<OrderHistory, string>> {
  const results = new Map<string, Map<OrderHistory, string>>();
  for (const [name, check] of Object.entries(checks)) {
    const found = new Map<OrderHistory, string>();
    for (const order of history.orders) {
      const problem = check(order, history);
      if (problem !== undefined) found.set(order, problem);
    }
    results.set(name, found);
  }
  return results;
}
