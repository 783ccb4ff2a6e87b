import type { ResolutionOutcome } from 'wechatpay-core';
import type { Heard } from '../../../wechatpay-core/test/truth/keeper.js';
import {
  CLOSE_PAGE,
  QUERY_ORDER_PAGE,
  QUERY_REFUND_PAGE,
  QUICK_PAY_PAGE,
  REFUND_PAGE,
  REVERSE_PAGE,
} from '../../../wechatpay-core/test/truth/pages.js';
import {
  readEntry,
  type JournalOperation,
  type OrderJournalEntry,
  type VerifiedAnswer,
} from '../../src/journal/entries.js';
import { knownMoney } from '../../src/journal/known-money.js';
import { brokenLink } from '../../src/stores/journal.js';
import type { Case, Law } from './case.js';

// What the journal of an order says, held against the one who keeps the truth, and against what was stored.

export const LAWS_OF_THE_JOURNAL: Readonly<Record<string, Law>> = {
  'the journal tells no answer that was not heard'({ life, chronicle }, broken) {
    const heard = new Set(chronicle.keeper.heardOf(life.outTradeNo));
    for (const noted of entriesOf({ life, chronicle })) {
      if (noted.kind !== 'answered') continue;
      const { operation, answer } = noted.fields;
      const found = [...heard].find((one) => one.path === PATHS[operation] && isSaidBy(one, answer));
      if (found) heard.delete(found);
      else broken(`entry ${noted.seq}: ${operation} never said ${JSON.stringify(answer)}`);
    }
  },

  'each end is in the journal, once, after an answer that says it'({ life, chronicle, rows }, broken) {
    const entries = entriesOf({ life, chronicle });
    const ends = entries.filter((noted) => noted.kind === 'ended');
    for (const [index, { fields }] of ends.entries())
      if (fields.end <= (ends[index - 1]?.fields.end ?? 0)) broken(`end ${fields.end} is noted again`);
    for (const { data } of rows) {
      if (data.outcome === undefined) continue;
      const end = ends.find(({ fields }) => fields.end === data.end);
      if (!end) broken(`end ${data.end}, ${data.outcome.kind}, is not noted`);
      else if (JSON.stringify(end.fields.outcome) !== JSON.stringify(data.outcome))
        broken(`end ${data.end} is noted as ${end.fields.outcome.kind}, and stored as ${data.outcome.kind}`);
      else if (!entries.some((noted) => noted.seq < end.seq && proves(noted, data.outcome!)))
        broken(`no answer says ${data.outcome.kind}, which is end ${data.end}`);
    }
  },

  'explain claims no more than verified answers have said'({ life, chronicle, left }, broken) {
    const { kind, since, mayHaveChanged, by } = knownMoney(entriesOf({ life, chronicle }));
    const said = CLAIMS[kind];
    if (said && !chronicle.keeper.heardOf(life.outTradeNo).some((one) => said.some((says) => says(one))))
      broken(`it claims ${kind}, and no answer said so`);
    if ((kind === 'unknown') !== (by === undefined || since === undefined))
      broken(`${kind} by ${String(by?.operation)}`);
    const isReturning = left.some(({ path }) => path === REVERSE_PAGE.path || path === REFUND_PAGE.path);
    if (kind === 'paid' && mayHaveChanged === undefined && isReturning)
      broken('it claims that the money is here, and a reversal or a refund has left');
  },

  'the journal is a chain without a gap'({ life, chronicle }, broken) {
    const journal = chronicle.store.journals.get(life.id) ?? [];
    const stored = journal.map(({ storedAt: _, ...entry }) => entry);
    if (brokenLink(life.id, stored) !== undefined) broken('it is broken');
    if (stored.some((entry) => readEntry(entry).kind === 'other')) broken('it has an entry of no kind');
  },

  'a reversal, or a refund, is in the journal before it leaves'({ life, chronicle, left }, broken) {
    const journal = chronicle.store.journals.get(life.id) ?? [];
    for (const { path, at, by } of left) {
      if (by?.kind !== 'lease') continue;
      const decision = path === REVERSE_PAGE.path ? 'reverse' : path === REFUND_PAGE.path ? 'refund' : undefined;
      const isNoted = journal.some((entry) => {
        const noted = readEntry(entry);
        return entry.storedAt <= at && noted.kind === 'decided' && noted.fields.decision === decision;
      });
      if (decision && !isNoted) broken(`${path} left, and nobody had noted why`);
    }
  },
};

function entriesOf({ life, chronicle }: Pick<Case, 'life' | 'chronicle'>): OrderJournalEntry[] {
  return (chronicle.store.journals.get(life.id) ?? []).map(readEntry);
}

const PATHS: Readonly<Record<JournalOperation, string>> = {
  'Submit Quick Pay': QUICK_PAY_PAGE.path,
  'Query Order': QUERY_ORDER_PAGE.path,
  'Unified Order': '/pay/unifiedorder', // of which no story tells
  'Revoke Order': REVERSE_PAGE.path,
  'Close Order': CLOSE_PAGE.path,
  'Submit Refund': REFUND_PAGE.path,
  'Query Refund': QUERY_REFUND_PAGE.path,
};

/** Where it is doubtful what a client may take from an answer, any word is as good. */
function isSaidBy({ word, isPlain }: Heard, answer: VerifiedAnswer): boolean {
  switch (answer.kind) {
    case 'charged':
      return word.kind === 'state' && word.state === 'SUCCESS';
    case 'queried':
      return word.kind === 'state' && word.state === answer.tradeState;
    case 'reversed':
      return word.kind === 'done' && (word.recall === answer.recall || !isPlain);
    case 'created':
      return false;
    case 'closed':
      return word.kind === 'done' || !isPlain;
    case 'refund-accepted':
    case 'refunds-queried':
    case 'refund-queried':
      return word.kind === 'refunds' || !isPlain;
  }
}

type Says = (heard: Heard) => boolean;

const state =
  (...states: string[]): Says =>
  ({ path, word }) =>
    (path === QUERY_ORDER_PAGE.path || path === QUICK_PAY_PAGE.path) &&
    word.kind === 'state' &&
    states.includes(word.state);

const refunds: Says = ({ path, word, isPlain }) =>
  path === QUERY_REFUND_PAGE.path && (word.kind === 'refunds' || !isPlain);

const CLAIMS: Readonly<Record<string, readonly Says[] | undefined>> = {
  paid: [state('SUCCESS')],
  'not-paid': [state('NOTPAY', 'USERPAYING', 'ACCEPT', 'PAYERROR')],
  closed: [state('CLOSED')],
  reversed: [state('REVOKED')],
  refunding: [state('REFUND'), refunds],
  refunded: [refunds],
};

/** Whether an entry is what an end rests on; what needs a person rests on more than one answer can say. */
function proves(noted: OrderJournalEntry, outcome: ResolutionOutcome): boolean {
  if (outcome.kind === 'needs-attention' || outcome.kind === 'unresolved') return true;
  if (noted.kind === 'failed')
    return outcome.kind === 'closed' && !outcome.found && noted.fields.errorCode === 'ORDERNOTEXIST';
  if (noted.kind !== 'answered') return false;
  const { answer } = noted.fields;
  switch (outcome.kind) {
    case 'paid':
      return answer.kind === 'charged' || (answer.kind === 'queried' && answer.tradeState === 'SUCCESS');
    case 'reversed':
      return answer.kind === 'queried' && answer.tradeState === 'REVOKED';
    case 'closed':
      return outcome.found && answer.kind === 'queried' && answer.tradeState === 'CLOSED';
    case 'refunded':
      return answer.kind === 'refunds-queried';
    case 'refund-required':
      return answer.kind === 'refunds-queried' || (answer.kind === 'queried' && answer.tradeState === 'SUCCESS');
  }
}
