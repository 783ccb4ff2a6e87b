import { isWechatPayError } from 'wechatpay-core';
import type {
  DurableOrder,
  DurableOrders,
  DurableRefund,
  DurableRow,
  RedriveFilter,
  RedriveOptions as DurableRedriveOptions,
} from 'wechatpay-durable';
import { confirm } from '../ask/confirm.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { RedriveOptions } from '../options.js';
import type { Report, Session } from '../session.js';
import type { Words } from '../words/words.js';
import { actor } from './actor.js';
import { ORDERS, policyFact } from './order-view.js';
import { REFUNDS } from './refund-view.js';
import { sumOf, type View } from './view.js';
import { chosenMerchant, findOrder, findRefund, orderOf, refundOf, withOrders } from './with-orders.js';

/** `wechatpay orders redrive`: one, or all that were looked at and no more. */
export async function redrive(session: Session, order: string | undefined, options: RedriveOptions): Promise<Report> {
  const { words } = session;
  const { refundNo, all, refunds, ifPaid, acceptAmount, refundExpired } = options;
  if ([order !== undefined, refundNo !== undefined, all === true].filter(Boolean).length !== 1) {
    throw new CliError(EXIT_CODES.usage, 'ORDER_OR_ALL', words.orderOrAll);
  }
  const isOfRefunds = refunds === true || refundNo !== undefined;
  if (isOfRefunds && (order !== undefined || ifPaid !== undefined || acceptAmount || refundExpired)) {
    throw new CliError(EXIT_CODES.usage, 'NOT_OF_REFUNDS', words.notOfRefunds);
  }
  return withOrders(session, options, async (store) => {
    if (isOfRefunds) {
      const rows = refundRows(session, store, options);
      if (refundNo === undefined) return redriveMany(session, rows, options);
      return redriveOne(session, rows, await findRefund(session, store, refundNo), [], options);
    }
    const rows = orderRows(session, store, options);
    if (order === undefined) return redriveMany(session, rows, options);
    const found = await findOrder(session, store, { outTradeNo: order });
    const extra = ifPaid === undefined ? [policyFact(found, words)] : [];
    return redriveOne(session, rows, found, extra, options);
  });
}

/** Orders, or refunds. */
interface Rows<Row extends DurableRow> {
  readonly view: View<Row>;
  /** The dead ones that were asked for, the oldest first. */
  readonly chosen: () => Promise<Row[]>;
  /** @returns false where it is not dead any more. */
  readonly redrive: (row: Row) => Promise<boolean>;
  /** Which way the money of each goes where it turns out paid: they differ, and one question is asked for all. */
  readonly ways: (rows: readonly Row[]) => Fact[];
}

function orderRows(session: Session, store: DurableOrders, options: RedriveOptions): Rows<DurableOrder> {
  return {
    view: ORDERS,
    chosen: async () => {
      const { redriven } = await store.redriveAll(filterOf(session, store, options), { dryRun: true });
      return those(redriven, (after) => store.list({ status: 'dead', limit: PAGE, ...(after && { after }) }));
    },
    redrive: (row) => store.redrive(orderOf(row), redriveOptions(options)),
    ways: (rows) => (options.ifPaid === undefined ? waysOf(rows, session.words) : []),
  };
}

function refundRows(session: Session, store: DurableOrders, options: RedriveOptions): Rows<DurableRefund> {
  const kind = 'refund';
  return {
    view: REFUNDS,
    chosen: async () => {
      const { redriven } = await store.redriveAll({ ...filterOf(session, store, options), kind }, { dryRun: true });
      return those(redriven, (after) => store.list({ kind, status: 'dead', limit: PAGE, ...(after && { after }) }));
    },
    redrive: (row) => store.redrive(refundOf(row), { actor: actor() }),
    ways: () => [],
  };
}

function filterOf(
  session: Session,
  store: DurableOrders,
  { outcome, code }: RedriveOptions,
): Omit<RedriveFilter, 'kind'> {
  return { ...(outcome && { outcome }), ...(code !== undefined && { code }), ...chosenMerchant(session, store) };
}

const PAGE = 1000;

/** As they are stored: a dry run gives their numbers alone. */
async function those<Row extends DurableRow>(
  chosen: readonly { readonly id: string }[],
  list: (after: Row | undefined) => Promise<Row[]>,
): Promise<Row[]> {
  const ids = new Set(chosen.map(({ id }) => id));
  const rows: Row[] = [];
  let last: Row | undefined;
  for (;;) {
    const page = await list(last);
    rows.push(...page.filter(({ id }) => ids.has(id)));
    last = page.at(-1);
    if (page.length < PAGE) return rows;
  }
}

async function redriveOne<Row extends DurableRow>(
  session: Session,
  { view, redrive: setGoing }: Rows<Row>,
  found: Row,
  extra: readonly Fact[],
  options: RedriveOptions,
): Promise<Report> {
  const { words } = session;
  if (found.status !== 'dead') throw new CliError(EXIT_CODES.refused, 'NOT_DEAD', words.notRedriven);
  const facts = [...view.facts(found, words), ...extra, ...changesIn(session, options)];
  if ((await confirm(session, { action: words.redrivePlan, facts })) === 'dry-run') {
    return { exitCode: EXIT_CODES.done, result: { dryRun: true, redriven: 0 }, lines: [words.dryRun] };
  }
  if (!(await setGoing(found))) throw new CliError(EXIT_CODES.refused, 'NOT_DEAD', words.notRedriven);
  return { exitCode: EXIT_CODES.done, result: { redriven: 1 }, lines: [words.redriven(1)] };
}

async function redriveMany<Row extends DurableRow>(
  session: Session,
  { view, chosen, redrive: setGoing, ways }: Rows<Row>,
  options: RedriveOptions,
): Promise<Report> {
  const { words, io } = session;
  const rows = await chosen();
  if (rows.length === 0) return { exitCode: EXIT_CODES.done, result: { redriven: 0 }, lines: view.table([], words) };
  const { labels } = words;
  const facts: Fact[] = [
    [options.refunds === true ? labels.refundCount : labels.count, String(rows.length)],
    [labels.sum, sumOf(view, rows)],
    [labels.merchant, [...new Set(rows.map(({ merchantId }) => merchantId))].join(', ')],
    ...ways(rows),
    ...changesIn(session, options),
  ];
  const many = { count: rows.length, expected: options.expect };
  if ((await confirm(session, { action: words.redriveAllPlan, facts, many })) === 'dry-run') {
    const shown = { [options.refunds === true ? 'refunds' : 'orders']: rows.map(view.json) };
    const lines = [words.dryRun, ...view.table(rows, words)];
    return { exitCode: EXIT_CODES.done, result: { dryRun: true, ...shown }, lines };
  }
  // One by one, those that were shown: what died in between was not agreed to.
  let redriven = 0;
  let isStoreDown = false;
  const failed: { readonly id: string; readonly message: string }[] = [];
  for (const row of rows) {
    if (io.signal?.aborted) break;
    try {
      if (await setGoing(row)) redriven += 1;
    } catch (error) {
      // Of a refund whose amount others have taken, or an order beside a refund under way: the rest go on.
      isStoreDown = !isOfRow(error);
      if (isStoreDown && redriven === 0) throw error;
      failed.push({ id: row.id, message: (error as Error).message });
      if (isStoreDown) break;
    }
  }
  const isWhole = failed.length === 0 && io.signal?.aborted !== true;
  return {
    // Where the store failed, the last one may be set going as well.
    exitCode: isWhole ? EXIT_CODES.done : isStoreDown ? EXIT_CODES.unknown : EXIT_CODES.refused,
    result: { redriven, found: rows.length, ...(failed.length > 0 && { failed }) },
    lines: [words.redriven(redriven), ...failed.map(({ message }) => message)],
  };
}

/** What says nothing of the next row. wechatpay-durable's errors have their code alone in common: it may not be installed. */
function isOfRow(error: unknown): boolean {
  if (isWechatPayError(error)) return true;
  const { code } = Object(error) as { code?: unknown };
  return code === 'WECHATPAY_ORDER_BUSY' || code === 'WECHATPAY_CLOCK_FAILED';
}

type Fact = readonly [name: string, value: string | undefined];

/** As in `If paid: reverse (3, HKD 24.00)`, a line for each rule that one of them was stored with. */
function waysOf(rows: readonly DurableOrder[], words: Words): Fact[] {
  const wayOf = (row: DurableOrder): string => policyFact(row, words)[1];
  return [...new Set(rows.map(wayOf))].map((way) => {
    const those = rows.filter((row) => wayOf(row) === way);
    return [words.labels.policy, `${way} (${those.length}, ${sumOf(ORDERS, those)})`];
  });
}

/** What changes from now on, beside who asked for it. */
function redriveOptions({ ifPaid, acceptAmount, refundExpired }: RedriveOptions): DurableRedriveOptions {
  const policy = {
    ...(ifPaid && { ifPaid }),
    ...(acceptAmount && { ifAmountDiffers: 'accept' as const }),
    ...(refundExpired && { refundWhenExpired: true }),
  };
  return { actor: actor(), ...(Object.keys(policy).length > 0 && { policy }) };
}

function changesIn({ words }: Session, { ifPaid, acceptAmount, refundExpired }: RedriveOptions): Fact[] {
  const { labels } = words;
  return [
    ...(ifPaid ? [[labels.policy, ifPaid] as const] : []),
    ...(acceptAmount ? [[labels.anotherAmount, words.accepted] as const] : []),
    ...(refundExpired ? [[labels.expired, words.refundedWhenExpired] as const] : []),
  ];
}
