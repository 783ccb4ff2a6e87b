import { userInfo } from 'node:os';
import type {
  DurableOrder,
  DurableOrders,
  RedriveFilter,
  RedriveOptions as DurableRedriveOptions,
} from 'wechatpay-durable';
import { confirm } from '../ask/confirm.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import { amountText } from '../output/money.js';
import { pairs, printable } from '../output/table.js';
import type { ListOptions, OrderOptions, RedriveOptions, StoreOptions } from '../options.js';
import type { Report, Session } from '../session.js';
import { durableJson, durableLines, durableTable, paidText, sumText } from './order-view.js';
import { findOne, orderOf, withOrders } from './with-orders.js';

/** `wechatpay orders list`. */
export async function list(session: Session, options: StoreOptions & ListOptions): Promise<Report> {
  const { status, limit } = options;
  const orders = await withOrders(session, options, (store) =>
    store.list({ ...(status && { status }), ...(limit !== undefined && { limit }), ...chosenMerchant(session, store) }),
  );
  return {
    exitCode: EXIT_CODES.done,
    result: { orders: orders.map(durableJson) },
    lines: durableTable(orders, session.words),
  };
}

/** `wechatpay orders get`. */
export async function get(
  session: Session,
  order: string | undefined,
  options: StoreOptions & OrderOptions,
): Promise<Report> {
  const found = await withOrders(session, options, (store) => findOne(session, store, order, options));
  return { exitCode: EXIT_CODES.done, result: durableJson(found), lines: durableLines(found, session.words) };
}

/** `wechatpay orders explain`: did the money move, and how do we know? */
export async function explain(
  session: Session,
  order: string | undefined,
  options: StoreOptions & OrderOptions,
): Promise<Report> {
  const explanation = await withOrders(session, options, async (store) => {
    const [stored] = order === undefined ? [undefined] : await store.find({ outTradeNo: order });
    // Of one that is kept no longer, its journal may be.
    if (order !== undefined && !stored) return store.explain({ outTradeNo: order });
    return store.explain(orderOf(await findOne(session, store, order, options)));
  });
  if (!explanation) {
    throw new CliError(EXIT_CODES.refused, 'NO_SUCH_ORDER', session.words.noDurableOrder(order ?? ''));
  }
  const { summary, timeline } = explanation;
  return {
    exitCode: EXIT_CODES.done,
    result: { ...explanation },
    lines: [printable(summary), '', ...timeline.map(({ at, text }) => printable(`${at.toISOString()}  ${text}`))],
  };
}

/** `wechatpay orders redrive`: one, or all that were looked at and no more. */
export async function redrive(session: Session, order: string | undefined, options: RedriveOptions): Promise<Report> {
  const { words } = session;
  if ((order === undefined) !== (options.all === true)) {
    throw new CliError(EXIT_CODES.usage, 'ORDER_OR_ALL', words.orderOrAll);
  }
  return withOrders(session, options, (store) =>
    order === undefined ? redriveMany(session, store, options) : redriveOne(session, store, order, options),
  );
}

async function redriveOne(
  session: Session,
  store: DurableOrders,
  order: string,
  options: RedriveOptions,
): Promise<Report> {
  const { words } = session;
  const found = await findOne(session, store, order, options);
  if (found.status !== 'dead') throw new CliError(EXIT_CODES.refused, 'NOT_DEAD', words.notRedriven);
  if (
    (await confirm(session, {
      action: words.redrivePlan,
      facts: [...factsOf(session, found, options.ifPaid === undefined), ...changesIn(session, options)],
    })) === 'dry-run'
  ) {
    return { exitCode: EXIT_CODES.done, result: { dryRun: true, redriven: 0 }, lines: [words.dryRun] };
  }
  if (!(await store.redrive(orderOf(found), redriveOptions(options)))) {
    throw new CliError(EXIT_CODES.refused, 'NOT_DEAD', words.notRedriven);
  }
  return { exitCode: EXIT_CODES.done, result: { redriven: 1 }, lines: [words.redriven(1)] };
}

async function redriveMany(session: Session, store: DurableOrders, options: RedriveOptions): Promise<Report> {
  const { words } = session;
  const { outcome, code } = options;
  const filter: Omit<RedriveFilter, 'kind'> = {
    ...(outcome && { outcome }),
    ...(code !== undefined && { code }),
    ...chosenMerchant(session, store),
  };
  const chosen = new Set((await store.redriveAll(filter, { dryRun: true })).redriven.map(({ id }) => id));
  const orders = (await allDead(store)).filter(({ id }) => chosen.has(id));
  if (orders.length === 0) return { exitCode: EXIT_CODES.done, result: { redriven: 0 }, lines: [words.noOrders] };
  const { labels } = words;
  const merchants = [...new Set(orders.map(({ merchantId }) => merchantId))].join(', ');
  const facts: [string, string][] = [
    [labels.count, String(orders.length)],
    [labels.sum, sumOf(orders)],
    [labels.merchant, merchants],
    ...changesIn(session, options),
  ];
  const many = { count: orders.length, expected: options.expect };
  if ((await confirm(session, { action: words.redriveAllPlan, facts, many })) === 'dry-run') {
    const lines = [words.dryRun, ...durableTable(orders, words)];
    return { exitCode: EXIT_CODES.done, result: { dryRun: true, orders: orders.map(durableJson) }, lines };
  }
  // One by one, those that were shown: what died in between was not agreed to.
  let redriven = 0;
  for (const order of orders) {
    if (session.io.signal?.aborted) break;
    if (await store.redrive(orderOf(order), redriveOptions(options))) redriven += 1;
  }
  const exitCode = session.io.signal?.aborted ? EXIT_CODES.refused : EXIT_CODES.done;
  return { exitCode, result: { redriven, found: orders.length }, lines: [words.redriven(redriven)] };
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

function changesIn({ words }: Session, { ifPaid, acceptAmount, refundExpired }: RedriveOptions): [string, string][] {
  const { labels } = words;
  return [
    ...(ifPaid ? [[labels.policy, ifPaid] as [string, string]] : []),
    ...(acceptAmount ? [[labels.anotherAmount, words.accepted] as [string, string]] : []),
    ...(refundExpired ? [[labels.expired, words.refundedWhenExpired] as [string, string]] : []),
  ];
}

/** `wechatpay orders cancel`. */
export async function cancel(session: Session, order: string, options: StoreOptions): Promise<Report> {
  const { words } = session;
  return withOrders(session, options, async (store) => {
    const found = await findOne(session, store, order, options);
    if ((await confirm(session, { action: words.cancelPlan, facts: factsOf(session, found, true) })) === 'dry-run') {
      return { exitCode: EXIT_CODES.done, result: { dryRun: true, cancelled: false }, lines: [words.dryRun] };
    }
    if (!(await store.cancel(orderOf(found), { actor: actor() }))) {
      throw new CliError(EXIT_CODES.refused, 'TOO_LATE', words.notCancelled);
    }
    return { exitCode: EXIT_CODES.done, result: { cancelled: true }, lines: [words.cancelled] };
  });
}

/** `wechatpay orders counts`. */
export async function counts(session: Session, options: StoreOptions): Promise<Report> {
  const { oldestOpenAt, ...numbers } = await withOrders(session, options, (store) => store.counts());
  const result = { ...numbers, oldestOpenAt: oldestOpenAt?.toISOString() };
  const lines = pairs(
    Object.entries(result).map(([name, value]) => [name, value === undefined ? undefined : String(value)]),
  );
  return { exitCode: EXIT_CODES.done, result, lines };
}

/** Where a merchant was named, its orders alone. */
function chosenMerchant({ options }: Session, store: DurableOrders): { readonly merchantId?: string } {
  return options.merchant === undefined ? {} : { merchantId: store.clientOf().merchantId };
}

const PAGE = 1000;

async function allDead(store: DurableOrders): Promise<DurableOrder[]> {
  const orders: DurableOrder[] = [];
  for (;;) {
    const after = orders.at(-1);
    const page = await store.list({ status: 'dead', limit: PAGE, ...(after && { after }) });
    orders.push(...page);
    if (page.length < PAGE) return orders;
  }
}

function sumOf(orders: readonly DurableOrder[]): string {
  const sums = new Map<string, number>();
  for (const { state } of orders) {
    if (state.totalFee === undefined) continue;
    const currency = state.currency ?? '?';
    sums.set(currency, (sums.get(currency) ?? 0) + state.totalFee);
  }
  return [...sums].map(([currency, sum]) => amountText(sum, currency)).join(', ') || '?';
}

function factsOf({ words }: Session, order: DurableOrder, keepsPolicy: boolean): [string, string | undefined][] {
  const { labels } = words;
  return [
    [labels.order, order.state.order.outTradeNo],
    [labels.merchant, order.merchantId],
    [labels.status, order.status],
    [labels.outcome, order.outcome?.kind],
    [labels.expected, sumText(order)],
    [labels.paid, paidText(order)],
    [labels.policy, keepsPolicy ? order.state.policy.ifPaid : undefined],
  ];
}

/** Who asked for it, as the journal has it. */
function actor(): string {
  try {
    return `cli:${userInfo().username}`.slice(0, 128);
  } catch {
    return 'cli'; // a container may have no name for its user
  }
}
