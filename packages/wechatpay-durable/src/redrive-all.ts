import {
  isWechatPayError,
  WechatPayRequestError,
  type AnyWechatPayError,
  type ResolutionOutcome,
} from 'wechatpay-core';
import { outcomeOf, orderOf } from './ends.js';
import { isDurableOrdersError, type DurableOrdersError } from './errors.js';
import { readProperties, readRedrive, type RedriveOptions } from './intent.js';
import { readListFilter } from './list.js';
import type { Orders } from './orders.js';
import { redriveDead } from './redrive.js';
import { isOrder } from './stores/kinds.js';
import type { DurableOrder, DurableOrderFilter } from './stores/store.js';

/** Which of the dead orders are set going again. */
export interface RedriveFilter extends Pick<DurableOrderFilter, 'merchantId' | 'createdBefore' | 'ended'> {
  /** As in `needs-attention`. @default any */
  readonly outcome?: 'needs-attention' | 'unresolved' | 'refund-required' | undefined;
  /** The `errorCode` or the `code` of the outcome's error, as in `NOAUTH`. @default any */
  readonly code?: string | undefined;
  /** At most this many, the oldest first: 1 to 100000. @default 100000 */
  readonly limit?: number | undefined;
}

export interface RedriveAllOptions extends RedriveOptions {
  /** Only says which orders these are, and changes nothing. @default false */
  readonly dryRun?: boolean | undefined;
}

/** An order that the filter found. */
export interface RedrivenOrder {
  readonly id: string;
  readonly merchantId: string;
  readonly outTradeNo: string;
}

/** What came of redriving many. */
export interface RedrivenOrders {
  /** Those that were set going again; in a dry run, those that would be. */
  readonly redriven: readonly RedrivenOrder[];
  /** Those that were not, and why. */
  readonly failed: readonly (RedrivenOrder & { readonly error: DurableOrdersError | AnyWechatPayError })[];
}

const FILTER = ['merchantId', 'createdBefore', 'ended', 'outcome', 'code', 'limit'];
const OUTCOMES: readonly unknown[] = ['needs-attention', 'unresolved', 'refund-required'];
const MOST = 100_000;
const PAGE = 500;

/** What `DurableOrders.redriveAll` does. */
export async function redriveAll(
  orders: Orders,
  given: RedriveFilter,
  { dryRun: isDry = false, ...options }: RedriveAllOptions,
): Promise<RedrivenOrders> {
  const { outcome, code, limit = MOST, ...period } = readFilter(given);
  if (typeof (isDry as unknown) !== 'boolean') throw new WechatPayRequestError('dryRun', 'must be true or false.');
  const redrive = readRedrive(options);
  const redriven: RedrivenOrder[] = [];
  const failed: (RedrivenOrder & { error: DurableOrdersError | AnyWechatPayError })[] = [];
  for await (const order of deadOf(orders, period)) {
    if (redriven.length + failed.length >= limit) break;
    if (!isWanted(outcomeOf(order), outcome, code)) continue;
    const { id, merchantId } = order;
    const named = { id, merchantId, outTradeNo: orderOf(order).outTradeNo };
    try {
      if (isDry) orders.clientOf(merchantId);
      // One that is not dead any more was redriven by somebody else.
      if (isDry || (await redriveDead(orders, order, redrive))) redriven.push(named);
    } catch (error) {
      const isOfOrder =
        isWechatPayError(error) || (isDurableOrdersError(error) && error.code === 'WECHATPAY_CLOCK_FAILED');
      if (!isOfOrder) throw error; // the store failed: what was redriven stays so, and the call can be repeated
      failed.push({ ...named, error });
    }
  }
  return { redriven, failed };
}

function readFilter(given: RedriveFilter): RedriveFilter {
  const filter = readProperties('filter', given, FILTER);
  const { limit, outcome, code, ...period } = filter;
  readListFilter(period, FILTER);
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1 || limit > MOST)) {
    throw new WechatPayRequestError('limit', `must be a whole number from 1 to ${MOST}.`);
  }
  if (outcome !== undefined && !OUTCOMES.includes(outcome)) {
    throw new WechatPayRequestError('outcome', `must be ${OUTCOMES.map((one) => `'${String(one)}'`).join(' or ')}.`);
  }
  if (code !== undefined && (typeof (code as unknown) !== 'string' || code === '')) {
    throw new WechatPayRequestError('code', 'must be a text that is not empty.');
  }
  return filter;
}

/** The dead ones, the oldest first; what is redriven meanwhile does not come again. */
async function* deadOf({ store }: Orders, period: DurableOrderFilter): AsyncGenerator<DurableOrder, void, undefined> {
  let after: DurableOrder | undefined;
  for (;;) {
    const rows = await store.list({ ...period, status: 'dead', kind: 'order', limit: PAGE, ...(after && { after }) });
    const page = rows.filter(isOrder);
    yield* page;
    after = page.at(-1);
    if (rows.length < PAGE || !after) return;
  }
}

function isWanted(found: ResolutionOutcome | undefined, kind: string | undefined, code: string | undefined): boolean {
  if (kind !== undefined && found?.kind !== kind) return false;
  if (code === undefined) return true;
  const error = found && 'error' in found ? found.error : undefined;
  return error !== undefined && (error.errorCode === code || error.code === code);
}
