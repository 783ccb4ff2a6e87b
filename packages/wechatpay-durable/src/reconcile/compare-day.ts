import {
  compareStatement,
  downloadStatement,
  isWechatPayError,
  type MovementKind,
  type StatementComparison,
  type StatementDay,
  type StatementRow,
  type StatementSummary,
  type WechatPayClient,
} from 'wechatpay-core';
import type { OrderStore, ReconciliationKey, ReconciliationStore, StagedStatement } from '../stores/store.js';
import {
  differenceOf,
  movementOf,
  refundToCome,
  type BookedOrder,
  type ReconciliationDifference,
} from './differences.js';
import { DurableBook, type BookOwner } from './durable-book.js';
import { comparedBefore, paymentsOfEarlier, refundsOfEarlier } from './earlier-days.js';
import type { Unstated } from './empty-day.js';

/** What a day's comparison gives, before anything is done about it. */
export interface ComparedDay {
  /** Undefined where WeChat Pay has no statement, and no order of the day can have been paid. */
  readonly summary: StatementSummary | undefined;
  readonly rows: number;
  readonly agreed: number;
  readonly foreign: number;
  /** How many differences there are; `differences` has the first of them. */
  readonly differing: number;
  readonly differences: readonly ReconciliationDifference[];
  /** Of the movements that were looked for, those that a row has. */
  readonly seen: ReadonlySet<string>;
}

interface Asked {
  readonly client: WechatPayClient;
  readonly store: OrderStore;
  readonly reconciliations: ReconciliationStore;
  readonly key: ReconciliationKey;
  readonly day: StatementDay;
  /** Movements of earlier days that this statement may have. */
  readonly carried: ReadonlySet<string>;
  /** Whether WeChat Pay says that none of these was paid on this day. */
  readonly wereNotPaid: (unstated: Unstated) => Promise<boolean>;
  readonly signal: AbortSignal | undefined;
}

/** Downloads a statement, and compares it with the durable orders. It changes nothing but what is staged meanwhile. */
export async function compareDay(asked: Asked): Promise<ComparedDay> {
  const { client, key, day, signal } = asked;
  try {
    const request = { date: day.date, subMerchantId: key.subMerchantId === '' ? null : key.subMerchantId };
    const statement = await downloadStatement(client, request, { signal });
    return { ...(await compareRows(asked, statement)), summary: statement.summary };
  } catch (error) {
    if (!isNoStatement(error)) throw error;
    const empty = await compareRows(asked, []);
    // A day on which something was paid, or may have been, is not empty: the statement is missing.
    const { differing, differences: claimed } = empty;
    if (differing > claimed.length) throw error;
    const unproven: string[] = [];
    for await (const id of new DurableBook(asked.store, ownerOf(key), undefined).unproven(day)) unproven.push(id);
    if (claimed.length + unproven.length > 0 && !(await asked.wereNotPaid({ claimed, unproven }))) throw error;
    return { ...empty, summary: undefined };
  }
}

function isNoStatement(error: unknown): boolean {
  return isWechatPayError(error) && error.code === 'WECHATPAY_STATEMENT' && error.reason === 'no-statement';
}

/** Which of some movements the statement of a day has; undefined where it could not be had. */
export async function findInStatement(
  client: WechatPayClient,
  { date, subMerchantId }: ReconciliationKey,
  movements: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<string> | undefined> {
  const seen = new Set<string>();
  try {
    const request = { date, subMerchantId: subMerchantId === '' ? null : subMerchantId };
    for await (const row of await downloadStatement(client, request, { signal })) {
      const movement = movementOfRow(row);
      if (movements.has(movement)) seen.add(movement);
    }
    return seen;
  } catch (error) {
    if (isNoStatement(error)) return seen;
    if (!isWechatPayError(error)) throw error;
    return undefined;
  }
}

/** Compares the rows of a statement with the durable orders. */
export async function compareRows(
  { store, reconciliations, key, day, carried }: Pick<Asked, 'store' | 'reconciliations' | 'key' | 'day' | 'carried'>,
  given: AsyncIterable<StatementRow> | Iterable<StatementRow>,
): Promise<Omit<ComparedDay, 'summary'>> {
  const seen = new Set<string>();
  let rows = 0;
  /** Payments of earlier days' orders that no row has had yet. */
  let ofEarlier = new Map<string, ReconciliationDifference>();
  async function* noted(): AsyncGenerator<StatementRow, void> {
    for await (const row of given) {
      rows += 1;
      if (carried.size > 0 || ofEarlier.size > 0) {
        const movement = movementOfRow(row);
        if (carried.has(movement)) seen.add(movement);
        ofEarlier.delete(movement);
      }
      yield row;
    }
  }
  async function* withRefundsTold(these: AsyncIterable<StatementRow>, book: DurableBook): AsyncGenerator<StatementRow> {
    for await (const row of these) {
      if (kindOf(row) === 'refund') book.expectRefundOf(row.outTradeNo, row.outRefundNo);
      yield row;
    }
  }
  const staged = await reconciliations.stage?.(key);
  try {
    let agreed = 0;
    let foreign = 0;
    let differing = 0;
    const differences: ReconciliationDifference[] = [];
    const owner = ownerOf(key);
    const book = new DurableBook(store, owner, staged);
    const options = { date: day.date, ...(owner.subMerchantId && { subMerchantIds: [owner.subMerchantId] }) };
    const wasCompared = comparedBefore(reconciliations, key);
    ofEarlier = await paymentsOfEarlier(book, wasCompared, day);
    if (staged) {
      await stageAll(staged, noted());
      agreed = await staged.agreed();
    }
    const differ = (difference: ReconciliationDifference | undefined): void => {
      if (!difference) return;
      differing += 1;
      if (differences.length < MOST_DIFFERENCES) differences.push(difference);
    };
    /** Refunds of payments in this statement, and those that it has. */
    const refundsToCome = new Map<string, ReconciliationDifference>();
    const refundsHere = new Set<string>();
    const compared = withRefundsTold(staged ? staged.others() : noted(), book);
    for await (const found of compareStatement(compared, book, options)) {
      const each = asKnown(found, found.order && book.bookedAs(found.order));
      const booked = each.order && book.bookedAs(each.order);
      const difference = differenceOf(each, booked, day);
      if (each.class === 'foreign') foreign += 1;
      else if (each.row && (!difference || each.class === 'agreed' || difference.class === 'book-only')) agreed += 1;
      differ(difference);
      const refund = refundToCome(each, booked, day);
      if (refund) refundsToCome.set(movementOf(refund), refund);
      if (each.row && each.kind === 'refund') {
        const movement = movementOfRow(each.row, each.refund?.outRefundNo);
        refundsHere.add(movement);
        if (carried.has(movement)) seen.add(movement);
      }
    }
    for (const [movement, refund] of refundsToCome) if (!refundsHere.has(movement)) differ(refund);
    for (const payment of ofEarlier.values()) differ(payment);
    for await (const refund of refundsOfEarlier(book, wasCompared)) {
      if (!refundsHere.has(movementOf(refund))) differ(refund);
    }
    return { rows, agreed, foreign, differing, differences, seen };
  } finally {
    await staged?.drop();
  }
}

function ownerOf({ merchantId, subMerchantId }: ReconciliationKey): BookOwner {
  return { merchantId, subMerchantId: subMerchantId || undefined };
}

/** Of an order of which only refunds are known, the payment and the reversal are in the statement only. */
function asKnown(found: StatementComparison, booked: BookedOrder | undefined): StatementComparison {
  if (!booked?.isRefundAlone || found.class === 'book-only' || found.kind === 'refund') return found;
  const isOfRow = found.class === 'foreign' || found.class === 'repeated';
  const nothing = { order: undefined, refund: undefined, expected: undefined, found: undefined };
  return { ...found, ...nothing, class: isOfRow ? found.class : 'statement-only' };
}

/** A day that differs in more is wrong as a whole: a wrong merchant, or another system's orders. */
const MOST_DIFFERENCES = 10_000;
const STAGED_AT_ONCE = 2_000;

/** While the database takes some rows, the next are read. */
async function stageAll(staged: StagedStatement, rows: AsyncIterable<StatementRow>): Promise<void> {
  let batch: StatementRow[] = [];
  let adding = Promise.resolve();
  try {
    for await (const row of rows) {
      batch.push(row);
      if (batch.length < STAGED_AT_ONCE) continue;
      await adding;
      adding = staged.add(batch);
      adding.catch(() => undefined); // it is thrown where it is waited for
      batch = [];
    }
  } finally {
    await adding; // nothing comes in after it is dropped
  }
  if (batch.length > 0) await staged.add(batch);
}

/** @param outRefundNo of a refund: as the book has it, where it was found by WeChat Pay's number. */
function movementOfRow(row: StatementRow, outRefundNo = row.outRefundNo): string {
  const { outTradeNo, subMerchantId, refundId } = row;
  const kind = kindOf(row);
  return movementOf({ kind, outTradeNo, subMerchantId, ...(kind === 'refund' && { outRefundNo, refundId }) });
}

function kindOf({ tradeState, refundId }: StatementRow): MovementKind {
  if (tradeState === 'REVOKED') return 'reversal';
  return tradeState === 'REFUND' || refundId !== undefined ? 'refund' : 'payment';
}
