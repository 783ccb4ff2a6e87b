// Over 250 lines, as one idea: the laws, each a few lines, to be read in one piece.
import { isWechatPayError, type ResolutionOutcome } from 'wechatpay-core';
import type { Heard } from '../../../wechatpay-core/test/truth/keeper.js';
import {
  QUERY_ORDER_PAGE,
  QUICK_PAY_PAGE,
  REFUND_PAGE,
  REVERSE_PAGE,
} from '../../../wechatpay-core/test/truth/pages.js';
import type { Chronicle, Deed, Left, Life } from './chronicle.js';
import { isDurableOrdersError, type DurableOrder, type DurableOrdersErrorCode } from '../../src/index.js';
import { LAWS_OF_THE_JOURNAL } from './laws-of-the-journal.js';
import type { Case, Law } from './case.js';
import type { Row } from './store.js';

const ofEachOrder =
  (law: Law) =>
  (chronicle: Chronicle, broken: (detail: string) => void): void => {
    for (const life of chronicle.lives) {
      const isIts = ({ outTradeNo }: { outTradeNo: string }): boolean => outTradeNo === life.outTradeNo;
      const about: Case = {
        life,
        chronicle,
        deeds: chronicle.deeds.filter(isIts),
        left: chronicle.left.filter(isIts),
        tellings: chronicle.tellings.filter(isIts),
        rows: chronicle.store.history.get(life.id) ?? [],
      };
      law(about, (detail) => {
        broken(`${life.outTradeNo}: ${detail}`);
      });
    }
  };

const NO_MONEY: readonly string[] = ['reversed', 'closed', 'refunded'];

const EACH: Readonly<Record<string, Law>> = {
  'a number is charged once'({ left }, broken) {
    const charges = left.filter(isCharge);
    if (charges.length > 1) broken(`${charges.length} charges have left`);
  },

  'a durable order is stored before each charge'({ left, deeds }, broken) {
    for (const charge of left.filter(isCharge)) {
      if (!charge.row) broken('nothing was stored');
      else if (!isOpen(charge.row) && !deeds.some((deed) => isByHand(deed) && deed.startedAt <= charge.at))
        broken(`its durable order was ${textOf(charge.row)}`);
    }
  },

  'nothing is called not sent after a byte'({ deeds, left }, broken) {
    for (const { act, index, ended } of deeds) {
      if (act.does !== 'pay' || !left.some((one) => isCharge(one) && isBy(one, index))) continue;
      if (ended?.how === 'error') broken(`pay throws ${String(ended.error)}`);
      const outcome = outcomeOf(ended);
      if (outcome?.error?.outcome === 'not-sent') broken(`${outcome.kind}: ${outcome.error.message}`);
    }
  },

  'what is called paid is paid, in that amount, and kept'({ life, deeds, tellings, left, rows, chronicle }, broken) {
    const claims = [
      ...deeds.flatMap(({ act, ended }) =>
        act.does === 'pay' && ended?.how === 'result' && outcomeOf(ended)?.kind === 'paid' ? [ended] : [],
      ),
      ...tellings.filter(({ resolved }) => resolved.outcome.kind === 'paid'),
      ...rows.filter(({ data }) => data.outcome?.kind === 'paid').map(({ at }) => ({ at, truth: undefined })),
    ];
    const accepts = rows.some(({ data }) => data.state.policy.ifAmountDiffers === 'accept');
    for (const { at, truth } of claims) {
      const wasReturned = deeds.find((deed) => mayReturn(deed));
      if (truth && !wasReturned) {
        if (truth.standing !== 'paid' || truth.here !== truth.amount) broken(`it is ${truth.text}`);
        if (truth.isReturnUnderWay) broken('a reversal or a refund is under way');
      }
      const { totalFee, currency } = life.story;
      const order = chronicle.keeper.order(life.outTradeNo);
      if (truth && !accepts && totalFee !== undefined && truth.amount !== totalFee)
        broken(`${truth.amount} was paid, ${totalFee} was asked`);
      if (truth && !accepts && currency !== undefined && order.currency !== currency)
        broken(`it was paid in ${order.currency}`);
      const reversing = left.find((one) => isReversing(one) && one.at >= at);
      if (reversing && !wasReturned) broken(`it was called paid, and ${reversing.path} left after that`);
    }
  },

  'what pay calls paid is stored as paid'({ deeds }, broken) {
    for (const { act, ended } of deeds) {
      if (act.does !== 'pay' || ended?.how !== 'result' || outcomeOf(ended)?.kind !== 'paid') continue;
      if (ended.row?.data.outcome?.kind !== 'paid') broken(`it is ${ended.row ? textOf(ended.row) : 'not there'}`);
    }
  },

  'a reversal, or a refund, is stored before it leaves'({ left, rows }, broken) {
    for (const { path, at, by } of left) {
      if (by?.kind !== 'lease') continue;
      const kind = path === REVERSE_PAGE.path ? 'reversing' : path === REFUND_PAGE.path ? 'refunding' : undefined;
      if (!kind) continue;
      const isStored = rows.some(
        ({ at: storedAt, attempt, data }) => storedAt <= at && attempt === by.attempt && data.state.kind === kind,
      );
      if (!isStored) broken(`${path} left at ${new Date(at).toISOString()}, and no such state was stored`);
    }
  },

  'what is called reversed, closed or refunded leaves no money here, and none can come'({ tellings }, broken) {
    for (const { resolved, truth } of tellings) {
      const { kind } = resolved.outcome;
      if (!NO_MONEY.includes(kind)) continue;
      if (truth.here > 0) broken(`called ${kind}, it is ${truth.text}`);
      if (truth.standing === 'open') broken(`called ${kind}, it can still be paid`);
      if (truth.isChargeUnderWay && truth.standing === 'absent') broken(`called ${kind}, its charge is under way`);
    }
  },

  'a declined order has no money here'({ life, deeds, chronicle }, broken) {
    for (const { act, ended } of deeds) {
      if (act.does !== 'pay' || ended?.how !== 'result' || outcomeOf(ended)?.kind !== 'declined') continue;
      // What was declined is this charge; the number may have been used before.
      if (life.story.past !== 'new') continue;
      const { truth, at } = ended;
      if (truth.here > 0) broken(`it is ${truth.text}`);
      // What can still be paid is reversed by a worker.
      const isGuarded = ended.row !== undefined && isOpen(ended.row);
      if (truth.standing === 'open' && !isGuarded) broken('it can still be paid');
      if (truth.isChargeUnderWay && truth.standing === 'absent' && !isGuarded) broken('its charge is under way');
      const order = chronicle.keeper.order(life.outTradeNo);
      if (order.here > 0 && !wasReopened(chronicle, life, at)) broken(`at the end it is ${String(order)}`);
    }
  },

  'a charge that may have been made is never lost'({ life, deeds, left, rows, chronicle }, broken) {
    const row = rows.at(-1);
    if (left.some(isCharge) && !row) broken('nothing is stored');
    if (row && (row.status === 'waiting' || row.status === 'active')) broken(`it is still ${textOf(row)}`);
    if (row?.status === 'cancelled' && !deeds.some(isByHand)) {
      const order = chronicle.keeper.order(life.outTradeNo);
      if (order.here > 0 && life.story.past === 'new' && !wasReopened(chronicle, life, row.at))
        broken(`it is cancelled, and ${String(order)}`);
    }
  },

  'at its end, what is stored is so'({ life, rows, chronicle }, broken) {
    const row = rows.at(-1);
    const outcome = row?.data.outcome;
    if (row?.status !== 'done' || !outcome) return;
    const order = chronicle.keeper.order(life.outTradeNo);
    if (outcome.kind === 'paid' && order.here !== order.amount) broken(`stored as paid, it is ${String(order)}`);
    const endedAt = rows.find(({ data }) => data.end === row.data.end)!.at;
    if (NO_MONEY.includes(outcome.kind) && order.here > 0 && !wasReopened(chronicle, life, endedAt))
      broken(`stored as ${outcome.kind}, it is ${String(order)}`);
  },

  'each end is told at least once, and the last one told is the one stored'({ tellings, rows }, broken) {
    const taken = tellings.filter(({ isTaken }) => isTaken);
    for (const row of rows) {
      if (row.status !== 'done' && row.status !== 'dead') continue;
      const { end, outcome } = row.data;
      if (!taken.some(({ resolved, at }) => resolved.end === end && at <= row.at && isSame(resolved.outcome, outcome)))
        broken(`${textOf(row)} was never told`);
    }
    const row = rows.at(-1);
    const last = Math.max(0, ...tellings.map(({ resolved }) => resolved.end));
    if (row && (row.status === 'done' || row.status === 'dead') && row.data.end !== last)
      broken(`end ${last} was told, end ${row.data.end} is stored`);
  },

  'what is told was stored'({ tellings, rows }, broken) {
    for (const { resolved, at } of tellings) {
      const isStored = rows.some(
        ({ data, at: storedAt }) =>
          storedAt <= at &&
          data.end === resolved.end &&
          isSame(data.outcome, resolved.outcome) &&
          Math.trunc(data.endAt ?? 0) === resolved.endedAt.getTime(),
      );
      if (!isStored) broken(`end ${resolved.end}, ${resolved.outcome.kind}, was not`);
    }
  },

  'the number of an end grows, and stays its own'({ rows }, broken) {
    const ends = new Map<number, string>();
    let last = 0;
    for (const [index, { data }] of rows.entries()) {
      if (data.outcome && rows[index - 1]?.data.outcome && data.end !== last)
        broken(`end ${last} is told as ${data.end}`);
      if ((data.end ?? 0) < last) broken(`end ${data.end} came after ${last}`);
      last = data.end ?? last;
      if (data.outcome === undefined) continue;
      const text = JSON.stringify([data.outcome.kind, data.endAt]);
      if ((ends.get(last) ?? text) !== text) broken(`end ${last} was ${ends.get(last)} and ${text}`);
      ends.set(last, text);
    }
  },

  'under keep, an order that was said to be paid is not undone'({ left, deeds, chronicle, rows }, broken) {
    const first = left.find(isReversing);
    if (!first || deeds.some((deed) => mayReturn(deed) && deed.startedAt <= first.at)) return;
    if (rows.some(({ data }) => data.state.policy.ifPaid === 'reverse')) return;
    // Whoever had it before may have sent a reversal, and died before a word of that was stored.
    if (rows.some((row) => row.attempt < (first.row?.attempt ?? 0) && row.data.state.kind === 'reversing')) return;
    const isSaidPaid = ({ word, path, outTradeNo, isPlain }: Heard): boolean =>
      outTradeNo === first.outTradeNo &&
      path === QUERY_ORDER_PAGE.path &&
      isPlain &&
      word.kind === 'state' &&
      word.state === 'SUCCESS' &&
      word.amount === 'as-asked';
    if (chronicle.keeper.heard.slice(first.heardFrom, first.heardTo).some(isSaidPaid))
      broken(`it was said to be paid, and then came ${first.path}`);
  },

  'no reversal and no refund leaves for an order that is cancelled, or has an end'({ left }, broken) {
    for (const { path, row, by } of left.filter(isReversing)) {
      // One that has lost its lease may have been about to send it.
      const isLost = by?.kind === 'lease' && row !== undefined && row.attempt !== by.attempt;
      if (row && !isLost && !isOpen(row)) broken(`${path} left, and it was ${textOf(row)}`);
    }
  },

  "what is to be reversed is returned, or is a person's"({ life, deeds, rows, chronicle }, broken) {
    const row = rows.at(-1);
    for (const { act, ended } of deeds) {
      if (act.does !== 'reverse' || ended?.how !== 'result' || deeds.some(isCancel) || deeds.some(keeps)) continue;
      const order = chronicle.keeper.order(life.outTradeNo);
      if (row?.status === 'dead' || order.here === 0 || wasReopened(chronicle, life, 0)) continue;
      broken(`${String(ended.result)}: at the end it is ${textOf(row!)}, and ${String(order)}`);
    }
  },

  'what is said of a durable order was so'({ deeds, rows }, broken) {
    for (const { act, startedAt, ended } of deeds) {
      if (ended?.how !== 'result') continue;
      const { result, at } = ended;
      const inTheMeantime = rows.filter((row, index) => row.at <= at && (rows[index + 1]?.at ?? at) >= startedAt);
      const isSo = (test: (row: Row) => boolean): boolean => inTheMeantime.some(test);
      const { status, outcome } = Object(result) as Partial<DurableOrder>;
      if (
        act.does === 'get' &&
        result !== undefined &&
        !isSo((row) => row.status === status && isSame(row.data.outcome, outcome))
      )
        broken(`get says ${status}`);
      if (act.does === 'cancel' && result === true && !isSo((row) => row.status === 'cancelled'))
        broken('it is not cancelled');
      if (act.does === 'redrive' && result === true && !isSo(isOpen)) broken('it does not go on');
    }
  },

  'only what is documented leaves the functions'({ deeds }, broken) {
    for (const { act, ended } of deeds) {
      if (ended?.how !== 'error') continue;
      const { error } = ended;
      const isDocumented = isDurableOrdersError(error)
        ? THROWN.has(error.code) && (act.does !== 'pay' || error.outcome === 'not-sent')
        : isWechatPayError(error) && error.code === 'WECHATPAY_INVALID_REQUEST';
      if (!isDocumented) broken(`${act.does} throws ${String(error)}`);
    }
  },

  'a cashier has an answer in a minute and a half'({ deeds, chronicle }, broken) {
    for (const { act, startedAt, ended } of deeds) {
      if (act.does !== 'pay' || !ended || !('at' in ended)) continue;
      if (ended.at - startedAt > 90_000 + chronicle.hinderedMs) broken(`it took ${ended.at - startedAt} ms`);
    }
  },
};

export const LAWS = Object.fromEntries(
  Object.entries({ ...EACH, ...LAWS_OF_THE_JOURNAL }).map(([name, law]) => [name, ofEachOrder(law)]),
);

const THROWN = new Set<DurableOrdersErrorCode>([
  'WECHATPAY_STORE_FAILED',
  'WECHATPAY_STORE_NOT_OPEN',
  'WECHATPAY_STORE_IN_USE',
  'WECHATPAY_STOPPING',
  'WECHATPAY_ORDER_BUSY',
]);

function isCharge({ path }: Left): boolean {
  return path === QUICK_PAY_PAGE.path;
}

function isReversing({ path }: Left): boolean {
  return path === REVERSE_PAGE.path || path === REFUND_PAGE.path;
}

function isBy({ by }: Left, index: number): boolean {
  return by?.kind === 'act' && by.index === index;
}

/** Whether it waits or is worked on, and has no outcome. */
function isOpen({ status, data }: Row): boolean {
  return (status === 'waiting' || status === 'active') && data.outcome === undefined;
}

/** A person took over: called it off, or had it returned. */
function isByHand(deed: Deed): boolean {
  return isCancel(deed) || mayReturn(deed);
}

function isCancel({ act }: Deed): boolean {
  return act.does === 'cancel';
}

/** Asks for the money to be returned, whatever came of it. */
function mayReturn({ act }: Deed): boolean {
  return (
    act.does === 'reverse' || ((act.does === 'redrive' || act.does === 'enqueue') && act.policy.ifPaid === 'reverse')
  );
}

/** Decides that what was paid stays. */
function keeps({ act }: Deed): boolean {
  return act.does === 'redrive' && act.policy.ifPaid === 'keep';
}

function wasReopened({ reopened }: Chronicle, { outTradeNo }: Life, since: number): boolean {
  return reopened.some((one) => one.outTradeNo === outTradeNo && one.at >= since);
}

function outcomeOf(ended: Deed['ended']): { kind: string; error?: { outcome?: string; message: string } } | undefined {
  if (ended?.how !== 'result') return undefined;
  return (Object(ended.result) as { outcome?: { kind: string; error?: { outcome?: string; message: string } } })
    .outcome;
}

function isSame(one: ResolutionOutcome | undefined, other: ResolutionOutcome | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function textOf({ status, data }: Row): string {
  return `${status}, ${data.state.kind}, ${data.outcome?.kind ?? 'no outcome'}, end ${data.end ?? 0}`;
}
