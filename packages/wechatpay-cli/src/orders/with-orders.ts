import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DurableOrder, DurableOrders, OrderStore } from 'wechatpay-durable';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { OrderOptions, StoreOptions } from '../options.js';
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
    throw new CliError(EXIT_CODES.refused, String(code), String(message), error);
  }
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
  const url = readVariables(session).DATABASE_URL ?? '';
  if (/^rediss?:/.test(url)) {
    const { RedisStore } = await load(session, () => import('wechatpay-durable/redis'));
    return new RedisStore({ connection: url });
  }
  if (!/^postgres(?:ql)?:/.test(url)) throw new CliError(EXIT_CODES.usage, 'WHICH_STORE', words.whichStore);
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
    throw new CliError(EXIT_CODES.usage, 'PACKAGE_MISSING', words.missingPackage('wechatpay-durable'), cause);
  }
}

/**
 * The one durable order of a number.
 *
 * @throws {CliError} none, or those of several merchants.
 */
export async function findOne(
  { words }: Session,
  orders: DurableOrders,
  order: string | undefined,
  { transactionId }: OrderOptions,
): Promise<DurableOrder> {
  const number = order ?? transactionId;
  if (number === undefined) throw new CliError(EXIT_CODES.usage, 'ORDER_NEEDED', words.orderNeeded);
  if (order !== undefined && transactionId !== undefined) {
    throw new CliError(EXIT_CODES.usage, 'ONE_NUMBER', words.oneNumber);
  }
  const found = await orders.find(order === undefined ? { transactionId: number } : { outTradeNo: number });
  const ours = found.filter(({ merchantId }) => isOurs(orders, merchantId));
  const [one, ...others] = ours;
  if (!one) throw new CliError(EXIT_CODES.refused, 'NO_SUCH_ORDER', words.noDurableOrder(number));
  if (others.length > 0) {
    const merchants = ours.map(({ merchantId, state }) => state.order.subMerchantId ?? merchantId);
    throw new CliError(EXIT_CODES.usage, 'WHICH_MERCHANT', words.severalOrders(number, merchants));
  }
  return one;
}

/** Whether this run has the settings of a merchant, or was told to keep to it. */
function isOurs(orders: DurableOrders, merchantId: string): boolean {
  try {
    return orders.clientOf(merchantId).merchantId === merchantId;
  } catch {
    return false;
  }
}

/** As the other calls name an order. */
export function orderOf({ merchantId, state }: DurableOrder): {
  readonly outTradeNo: string;
  readonly merchantId: string;
  readonly subMerchantId?: string;
} {
  const { outTradeNo, subMerchantId } = state.order;
  return { outTradeNo, merchantId, ...(subMerchantId !== undefined && { subMerchantId }) };
}
