// Over 250 lines, as one idea: what a shop tells of a day, and what the ledger says it should have told.
import { isWechatPayError, statementDay } from 'wechatpay-core';
import type { StatementFault } from 'wechatpay-sandbox';
import { World } from '../../../../wechatpay-core/test/truth/time.js';
import { Breach } from '../../../../wechatpay-core/test/truth/breach.js';
import {
  isDurableOrdersError,
  type DurableOrder,
  type Reconciliation,
  type ReconciliationDifference,
} from '../../../src/index.js';
import { DAY_BEGINS, DAY_MS, DayShop, type Order } from './shop.js';
import type { Story } from './story.js';

export const LAWS = {
  agree: 'ledger and durable order agree, or a person is asked for',
  exact: 'what agrees is no difference, and nobody is asked for it',
  claimed: 'a payment whose order was stored and ended after its own day was compared is claimed for the day of that',
  moves:
    'money moves by a verified answer and a policy alone, never by the statement, nor where a person was asked to decide',
  ends: 'no question, and nothing carried over, stays open',
  download: 'a statement that cannot be had counts as nothing',
  reconciled: 'a statement that is there is reconciled',
  agreed: 'each row ends in one of the counts',
} as const;

/** How a day went. */
export interface Told {
  readonly story: Story;
  readonly orders: readonly { readonly order: Order; readonly row: DurableOrder | undefined }[];
  /** Of each time that a day was reconciled. */
  readonly differences: readonly ReconciliationDifference[];
  readonly movements: number;
}

/** Where nobody has answered, the client spares the gateway for a while. */
const SPARED_MS = 60_000;
const MORNING_MS = 10.25 * 60 * 60 * 1_000;
/** Of a day: that before was compared in the morning. */
const STORED_LATE_MS = 11 * 60 * 60 * 1_000;

/** Plays a day, and reconciles it and those after. */
export async function tell(story: Story): Promise<Told> {
  const shop = await DayShop.open(new World(DAY_BEGINS));
  try {
    const orders = await shop.play(story);
    const before = shop.sandbox.ledger.list().length;
    const rows = statementOf(shop);
    const hit = story.lie && rows.length > 0 ? rows[Math.min(story.lie.row, rows.length - 1)] : undefined;
    const isAgreedAtFirst = new Map<Order, boolean>();
    const differences: ReconciliationDifference[] = [];
    /** The days after, as they were reconciled for the first time. */
    const firstly = new Map<string, Reconciliation>();
    await shop.start();
    for (const order of orders) isAgreedAtFirst.set(order, agrees(shop, order, await shop.get(order.outTradeNo)));

    const reconcile = async (days: number, signal?: AbortSignal): Promise<Reconciliation> => {
      if (days === 0) arrange(shop, story);
      const date = new Date(DAY_BEGINS + days * DAY_MS);
      const day = await shop.wait(shop.durableOrders.reconcile({ date }, { signal }));
      differences.push(...day.differences);
      return day;
    };
    /** As the schedule does, until no question is open. */
    const again = async (days: number): Promise<Reconciliation> => {
      for (let time = 1; ; time += 1) {
        const day = await reconcile(days);
        if (time === 1 && days > 0) firstly.set(day.date, day);
        await shop.act();
        if (time === 4 || !day.differences.some(({ status }) => status === 'asking')) return day;
      }
    };
    shop.setClock(DAY_BEGINS + DAY_MS + MORNING_MS);
    await withoutStatement(shop, story, orders);
    shop.isSilent = story.isSilent;
    await firstMorning(shop, story, reconcile);
    shop.isSilent = false;
    if (story.isSilent) shop.setClock(shop.now() + SPARED_MS);
    await shop.act();
    await again(0);
    const later: Reconciliation[] = [];
    const storedOn = new Map<number, string>();
    for (let days = 1; days <= lastOf(story); days += 1) {
      shop.setClock(Math.max(shop.now(), DAY_BEGINS + days * DAY_MS + STORED_LATE_MS));
      storedOn.set(days, statementDay(new Date(shop.now())).date);
      await shop.storeLate(orders, days);
      shop.setClock(DAY_BEGINS + (days + 1) * DAY_MS + MORNING_MS);
      await again(days);
    }
    const day = await again(0);
    for (const date of firstly.keys()) later.push((await shop.durableOrders.reconciliation({ date }))!);

    const told = await Promise.all(orders.map(async (order) => ({ order, row: await shop.get(order.outTradeNo) })));
    judge({ shop, day, later, firstly, storedOn, told, isAgreedAtFirst, before, hit, story });
    return { story, orders: told, differences, movements: shop.sandbox.ledger.list().length - before };
  } catch (error) {
    if (isWechatPayError(error) || isDurableOrdersError(error)) throw new Breach(LAWS.reconciled, String(error));
    throw error;
  } finally {
    await shop.close();
  }
}

/** Until what a statement leaves out has been looked for in those of three days after, also of a day on which an order was stored late. */
function lastOf({ sales }: Story): number {
  return 3 + Math.max(...sales.map(({ storedAfterDays }) => storedAfterDays));
}

/** Where it fails, nothing is stored, and nobody is asked: no order counts as missing. */
async function withoutStatement(shop: DayShop, { failure }: Story, orders: readonly Order[]): Promise<void> {
  if (failure === null) return;
  const day = { date: new Date(DAY_BEGINS) };
  shop.failure = failure;
  const error = await shop.wait(shop.durableOrders.reconcile(day).then(() => undefined, (thrown: unknown) => thrown)); // prettier-ignore
  shop.failure = null;
  const asked = orders.filter(({ outTradeNo }) => queriesOf(shop, outTradeNo) > 0);
  if (!isWechatPayError(error) || (await shop.durableOrders.reconciliation(day)) || asked.length > 0) {
    throw new Breach(LAWS.download, `${failure}: ${String(error)}, asked for ${asked.length} orders`);
  }
  shop.setClock(shop.now() + SPARED_MS);
}

async function firstMorning(
  shop: DayShop,
  { diesAt }: Story,
  reconcile: (days: number, signal?: AbortSignal) => Promise<Reconciliation>,
): Promise<void> {
  const stopping = new AbortController();
  let questions = 0;
  shop.onQuery = () => {
    if (questions++ === diesAt) stopping.abort();
  };
  await reconcile(0, stopping.signal);
  shop.onQuery = () => undefined;
  if (!stopping.signal.aborted) return;
  await shop.stop();
  await shop.start();
}

/** The movements that the statement of the day is made from. */
function statementOf({ sandbox }: DayShop): readonly { readonly outTradeNo: string; readonly kind: string }[] {
  return sandbox.ledger.list();
}

/** Has the next statement written as the story says. */
function arrange({ sandbox }: DayShop, { lie, areColumnsMoved }: Story): void {
  const faults = [...(lie ? [faultOf(lie)] : []), ...(areColumnsMoved ? [{ kind: 'columns-moved' } as const] : [])];
  const [first, ...more] = faults;
  if (first) sandbox.statements.addFault(first, ...more);
}

function faultOf({ kind, row }: NonNullable<Story['lie']>): StatementFault {
  return kind === 'amount-altered' ? { kind, row, amount: 99_999_999 } : { kind, row, hidden: true };
}

/** Whether what the durable order says of the money is so. */
function agrees({ sandbox }: DayShop, { outTradeNo }: Order, row: DurableOrder | undefined): boolean {
  const { paid, net } = sandbox.ledger.of(outTradeNo);
  if (!row) return paid === 0;
  if (row.status === 'cancelled') return net === 0;
  switch (row.outcome?.kind) {
    case 'paid':
      return net === paid && paid > 0 && row.outcome.payment.totalFee === paid;
    case 'reversed':
    case 'closed':
      return net === 0;
    case 'refunded':
      return net === 0 && paid > 0;
    default:
      return false;
  }
}

interface Case {
  readonly shop: DayShop;
  readonly day: Reconciliation;
  readonly later: readonly Reconciliation[];
  readonly firstly: ReadonlyMap<string, Reconciliation>;
  /** The days on which the orders were stored that came so many days after the day that is played. */
  readonly storedOn: ReadonlyMap<number, string>;
  readonly told: Told['orders'];
  readonly isAgreedAtFirst: ReadonlyMap<Order, boolean>;
  /** How many movements there were before anything was reconciled. */
  readonly before: number;
  /** What the statement says wrongly. */
  readonly hit: { readonly outTradeNo: string; readonly kind: string } | undefined;
  readonly story: Story;
}

function judge({ shop, day, later, firstly, storedOn, told, isAgreedAtFirst, before, hit, story }: Case): void {
  const all = [day, ...later].flatMap(({ differences }) => differences);
  const of = (outTradeNo: string): ReconciliationDifference[] => all.filter((each) => each.outTradeNo === outTradeNo);
  const text = (differences: readonly ReconciliationDifference[]): string => JSON.stringify(differences);

  const open = all.find(({ status }) => status === 'asking' || status === 'carried');
  if (open) throw new Breach(LAWS.ends, text([open]));
  if (day.rows !== day.agreed + day.foreign + all.filter(isOfRow(day)).length) {
    throw new Breach(LAWS.agreed, `${day.rows} rows, ${day.agreed} agreed, ${text(day.differences)}`);
  }

  for (const { order, row } of told) {
    const { outTradeNo, truth, book } = order;
    const isHidden = hit?.outTradeNo === outTradeNo && story.lie?.kind === 'row-missing';
    const isForPerson = row?.status === 'dead' || of(outTradeNo).some(({ status }) => status === 'needs-person');
    // What neither the statement nor the durable order tells of, nobody can find.
    const isClaimed =
      hit?.kind === 'payment' && ['paid', 'paid-otherwise', 'refunded', 'refund-required'].includes(book);
    const isUntold = isHidden && !isClaimed;
    if (!isUntold && !isForPerson && !agrees(shop, order, row)) {
      const stands = `${truth}, booked as ${book}: now ${row?.status} ${row?.outcome?.kind}`;
      throw new Breach(LAWS.agree, `${outTradeNo} is ${stands}, ${text(of(outTradeNo))}`);
    }
    const ofStoring = firstly.get(storedOn.get(order.storedAfterDays) ?? '');
    if (ofStoring && ['paid', 'paid-otherwise', 'refund-required', 'refunded'].includes(book)) {
      const isClaim = (each: ReconciliationDifference): boolean =>
        each.outTradeNo === outTradeNo && each.kind === 'payment' && each.class === 'book-only';
      const claims = ofStoring.differences.filter(isClaim).length;
      if (claims !== 1) throw new Breach(LAWS.claimed, `${outTradeNo}, ${book}: ${claims} times on ${ofStoring.date}`);
    }
    if (ofStoring && isHonest(order) && hit?.outTradeNo !== outTradeNo) {
      const open = of(outTradeNo).filter(({ status }) => status !== 'matched');
      if (open.length > 0) throw new Breach(LAWS.exact, `${outTradeNo}, ${truth}, stored late: ${text(open)}`);
    }
    const isPlain = isAgreedAtFirst.get(order) && hit?.outTradeNo !== outTradeNo && isHonest(order);
    const asked = queriesOf(shop, outTradeNo);
    if (isPlain && (of(outTradeNo).length > 0 || asked > 0)) {
      throw new Breach(LAWS.exact, `${outTradeNo}, ${truth}: asked ${asked} times, ${text(of(outTradeNo))}`);
    }
  }

  for (const movement of shop.sandbox.ledger.list().slice(before)) {
    const moved = told.find(({ order }) => order.outTradeNo === movement.outTradeNo);
    const { truth, book, ifPaid } = moved!.order;
    const isStopped = ['unresolved', 'needs-attention', 'refund-required'].includes(book);
    const isKept = book.startsWith('paid') || book === 'cancelled';
    const isWanted = book === 'reversed' || (ifPaid === 'reverse' && !isKept && !isStopped);
    const isProven = truth === 'paid' && queriesOf(shop, movement.outTradeNo) > 0;
    if (!isWanted || !isProven || movement.kind === 'payment') {
      throw new Breach(LAWS.moves, `${movement.kind} of ${movement.outTradeNo}, ${truth}, booked as ${book}`);
    }
  }
}

function isOfRow({ differences }: Reconciliation): (difference: ReconciliationDifference) => boolean {
  return (each) => differences.includes(each) && each.class !== 'book-only' && each.class !== 'paid-twice';
}

/** The durable order says what happened, and not something that comes to the same. */
function isHonest({ truth, book }: Order): boolean {
  if (truth === 'absent') return ['none', 'closed', 'cancelled', 'reversed'].includes(book);
  return truth === book;
}

function queriesOf({ sandbox }: DayShop, outTradeNo: string): number {
  return sandbox.requests.filter(({ path, fields }) => path === '/pay/orderquery' && fields.out_trade_no === outTradeNo)
    .length;
}
