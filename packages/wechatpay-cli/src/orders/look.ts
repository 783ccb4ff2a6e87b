import type { DurableOrders, OrderExplanation, RefundExplanation } from 'wechatpay-durable';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { OrderName } from '../commands/find-order.js';
import type { ListOptions, LookOptions, StoreOptions } from '../options.js';
import { pairs, printable } from '../output/table.js';
import type { Report, Session } from '../session.js';
import { ORDERS } from './order-view.js';
import { explainedLines, REFUNDS } from './refund-view.js';
import { chosenMerchant, findOrder, findRefund, oneNumber, orderOf, refundOf, withOrders } from './with-orders.js';

/** `wechatpay orders list`. */
export async function list(session: Session, options: StoreOptions & ListOptions): Promise<Report> {
  const { status, limit, refunds } = options;
  return withOrders(session, options, async (store) => {
    const filter = {
      ...(status && { status }),
      ...(limit !== undefined && { limit }),
      ...chosenMerchant(session, store),
    };
    if (refunds) {
      const found = await store.list({ ...filter, kind: 'refund' });
      return done({ refunds: found.map(REFUNDS.json) }, REFUNDS.table(found, session.words));
    }
    const found = await store.list(filter);
    return done({ orders: found.map(ORDERS.json) }, ORDERS.table(found, session.words));
  });
}

/** `wechatpay orders get`: with the refunds of an order. */
export async function get(session: Session, order: string | undefined, options: LookOptions): Promise<Report> {
  const { words } = session;
  const name = oneNumber(session, order, options);
  return withOrders(session, options, async (store) => {
    if ('outRefundNo' in name) {
      const refund = await findRefund(session, store, name.outRefundNo);
      return done(REFUNDS.json(refund), REFUNDS.lines(refund, words));
    }
    const found = await findOrder(session, store, name);
    const { outTradeNo } = found.state.order;
    const { merchantId } = found;
    const ofNumber = await store.find({ outTradeNo, kind: 'refund', merchantId });
    const refunds = ofNumber.filter(({ parentId }) => parentId === found.id);
    const lines = ORDERS.lines(found, words);
    if (refunds.length > 0) lines.push('', ...REFUNDS.table(refunds, words));
    return done({ ...ORDERS.json(found), refunds: refunds.map(REFUNDS.json) }, lines);
  });
}

/** `wechatpay orders explain`: did the money move, and how do we know? */
export async function explain(session: Session, order: string | undefined, options: LookOptions): Promise<Report> {
  const { words } = session;
  const name = oneNumber(session, order, options);
  return withOrders(session, options, async (store) => {
    if ('outRefundNo' in name) return told(await explainRefund(session, store, name.outRefundNo), []);
    const explanation = await explainOrder(session, store, name);
    return told(explanation, explainedLines(explanation.refunds, explanation.money.currency, words));
  });
}

async function explainOrder(session: Session, store: DurableOrders, name: OrderName): Promise<OrderExplanation> {
  if ('outTradeNo' in name && (await store.find(name)).length === 0) {
    // Of one that is kept no longer, its journal may be.
    const kept = await store.explain({ ...name, ...chosenMerchant(session, store) });
    if (kept) return kept;
  }
  const found = await findOrder(session, store, name);
  return present(session, found.state.order.outTradeNo, await store.explain(orderOf(found)));
}

async function explainRefund(session: Session, store: DurableOrders, outRefundNo: string): Promise<RefundExplanation> {
  const isStored = (await store.find({ outRefundNo })).length > 0;
  const refund = isStored
    ? refundOf(await findRefund(session, store, outRefundNo))
    : { outRefundNo, ...chosenMerchant(session, store) };
  return present(session, outRefundNo, await store.explain(refund));
}

function present<Explanation>({ words }: Session, number: string, found: Explanation | undefined): Explanation {
  if (found) return found;
  throw new CliError(EXIT_CODES.refused, 'NO_SUCH_ORDER', words.noDurableOrder(number));
}

function told(explanation: OrderExplanation | RefundExplanation, refunds: readonly string[]): Report {
  const { summary, timeline } = explanation;
  const events = timeline.map(({ at, text }) => printable(`${at.toISOString()}  ${text}`));
  return done({ ...explanation }, [printable(summary), '', ...events, ...refunds]);
}

/** `wechatpay orders counts`. */
export async function counts(session: Session, options: StoreOptions): Promise<Report> {
  const { oldestOpenAt, ...numbers } = await withOrders(session, options, (store) => store.counts());
  const result = { ...numbers, oldestOpenAt: oldestOpenAt?.toISOString() };
  const lines = pairs(
    Object.entries(result).map(([name, value]) => [name, value === undefined ? undefined : String(value)]),
  );
  return done(result, lines);
}

function done(result: Report['result'], lines: readonly string[]): Report {
  return { exitCode: EXIT_CODES.done, result, lines };
}
