import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type {
  DurableOrder,
  DurableOrders,
  DurableRefund,
  DurableRow,
  OrderStore,
  RefundEffect,
} from 'wechatpay-durable';
import type { OrderName } from '../commands/find-order.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { LookOptions, StoreOptions } from '../options.js';
import type { Session } from '../session.js';
import { connectAll } from '../settings/connect.js';
import { readVariables } from '../settings/variables.js';

/** Opens the store for looking and for orders to others: this process works on none. */
export async function withOrders<Result>(
  session: Session,
  options: StoreOptions,
  work: (orders: DurableOrders) => Promise<Result>,
): Promise<Result> {
  const { DurableOrders: Orders } = await load(session, () => import('wechatpay-durable'));
  const store = await openStore(session, options);
  const clients = connectAll(session);
  try {
    const orders = new Orders({ store, clients });
    await open(orders);
    try {
      return await work(orders);
    } finally {
      await orders.stop();
    }
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

/** Of a store that does not open, nothing was asked: whatever its error says, nothing was changed. */
async function open(orders: DurableOrders): Promise<void> {
  try {
    await orders.start({ work: false });
  } catch (error) {
    const { code, message } = Object(error) as { code?: unknown; message?: unknown };
    throw new CliError(EXIT_CODES.refused, String(code), String(message), { cause: error });
  }
}

/** Whether there is a store to look into: `DATABASE_URL` may be of something else, as MySQL. */
export function namesStore(session: Session, { folder }: StoreOptions): boolean {
  return session.io.store !== undefined || folder !== undefined || STORE_URL.test(urlIn(session));
}

/** What a durable refund does to the money of its order. */
export async function effectOf(session: Session, refund: DurableRefund): Promise<RefundEffect> {
  const { refundEffectOf } = await load(session, () => import('wechatpay-durable'));
  return refundEffectOf(refund);
}

const STORE_URL = /^(?:rediss?|postgres(?:ql)?):/;

function urlIn(session: Session): string {
  return readVariables(session).DATABASE_URL ?? '';
}

async function openStore(session: Session, { folder, schema }: StoreOptions): Promise<OrderStore> {
  const { io, words } = session;
  if (io.store) return io.store as OrderStore;
  const named = schema === undefined ? {} : { schema };
  if (folder !== undefined) {
    const path = resolve(io.cwd, folder);
    // A store would make it: of a path that is mistyped, an empty one.
    if (!existsSync(path)) throw new CliError(EXIT_CODES.usage, 'FOLDER', words.noFolder(path));
    const { EmbeddedStore } = await load(session, () => import('wechatpay-durable/embedded'));
    return new EmbeddedStore({ folder: path, ...named, onNote: () => undefined });
  }
  const url = urlIn(session);
  if (!STORE_URL.test(url)) throw new CliError(EXIT_CODES.usage, 'WHICH_STORE', words.whichStore);
  if (url.startsWith('redis')) {
    const { RedisStore } = await load(session, () => import('wechatpay-durable/redis'));
    return new RedisStore({ connection: url });
  }
  const { PostgresStore } = await load(session, () => import('wechatpay-durable/postgres'));
  return new PostgresStore({ connectionString: url, poolSize: 2, ...named });
}

/** An optional peer; the error of one that is missing says which. */
async function load<Module>({ words }: Session, from: () => Promise<Module>): Promise<Module> {
  try {
    return await from();
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' || !message.includes("'wechatpay-durable")) throw cause;
    throw new CliError(EXIT_CODES.usage, 'PACKAGE_MISSING', words.missingPackage('wechatpay-durable'), { cause });
  }
}

/**
 * Which one is meant: one of its numbers.
 *
 * @throws {CliError} no number, or several.
 */
export function oneNumber(
  { words }: Session,
  order: string | undefined,
  { transactionId, refundNo }: LookOptions,
): OrderName | { readonly outRefundNo: string } {
  const given = [
    order !== undefined && { outTradeNo: order },
    transactionId !== undefined && { transactionId },
    refundNo !== undefined && { outRefundNo: refundNo },
  ].filter((name) => name !== false);
  const [name, ...others] = given;
  if (!name) throw new CliError(EXIT_CODES.usage, 'ORDER_NEEDED', words.orderNeeded);
  if (others.length > 0) throw new CliError(EXIT_CODES.usage, 'ONE_NUMBER', words.oneNumber);
  return name;
}

/**
 * The one durable order of a number.
 *
 * @throws {CliError} none, or those of several merchants.
 */
export async function findOrder(session: Session, orders: DurableOrders, name: OrderName): Promise<DurableOrder> {
  const { words } = session;
  const number = 'outTradeNo' in name ? name.outTradeNo : name.transactionId;
  const found = onlyOne(session, orders, number, await orders.find(name));
  if (found) return found;
  const refunds = ofOurs(orders, await orders.find({ ...name, kind: 'refund' }));
  const numbers = refunds.map(({ state }) => state.request.outRefundNo);
  const message = numbers.length > 0 ? words.onlyRefunds(number, numbers) : words.noDurableOrder(number);
  throw new CliError(EXIT_CODES.refused, 'NO_SUCH_ORDER', message);
}

/** The one durable refund of a number. @throws {CliError} as {@link findOrder} */
export async function findRefund(session: Session, orders: DurableOrders, outRefundNo: string): Promise<DurableRefund> {
  const found = onlyOne(session, orders, outRefundNo, await orders.find({ outRefundNo }));
  if (found) return found;
  throw new CliError(EXIT_CODES.refused, 'NO_SUCH_ORDER', session.words.noDurableOrder(outRefundNo));
}

function onlyOne<Row extends DurableRow>(
  { words }: Session,
  orders: DurableOrders,
  number: string,
  found: readonly Row[],
): Row | undefined {
  const ours = ofOurs(orders, found);
  if (ours.length < 2) return ours[0];
  const merchants = ours.map((row) => partyOf(row).subMerchantId ?? row.merchantId);
  throw new CliError(EXIT_CODES.usage, 'WHICH_MERCHANT', words.severalOrders(number, merchants));
}

/** Those of merchants that this run has the settings of, or was told to keep to. */
function ofOurs<Row extends DurableRow>(orders: DurableOrders, rows: readonly Row[]): Row[] {
  return rows.filter(({ merchantId }) => {
    try {
      return orders.clientOf(merchantId).merchantId === merchantId;
    } catch {
      return false;
    }
  });
}

/** Where a merchant was named, what is its own alone. */
export function chosenMerchant({ options }: Session, store: DurableOrders): { readonly merchantId?: string } {
  return options.merchant === undefined ? {} : { merchantId: store.clientOf().merchantId };
}

interface Party {
  readonly merchantId: string;
  readonly subMerchantId?: string;
}

function partyOf(row: DurableRow): Party {
  const { subMerchantId } = row.kind === 'refund' ? row.state.request : row.state.order;
  return { merchantId: row.merchantId, ...(subMerchantId !== undefined && { subMerchantId }) };
}

/** As the other calls name an order. */
export function orderOf(row: DurableOrder): Party & { readonly outTradeNo: string } {
  return { outTradeNo: row.state.order.outTradeNo, ...partyOf(row) };
}

/** As the other calls name a refund. */
export function refundOf(row: DurableRefund): Party & { readonly outRefundNo: string } {
  return { outRefundNo: row.state.request.outRefundNo, ...partyOf(row) };
}
