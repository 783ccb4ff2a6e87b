import { isWechatPayError, WechatPayRequestError, type AnyWechatPayError } from 'wechatpay-core';
import { outcomeOf, orderOf } from './ends.js';
import { isDurableOrdersError, type DurableOrdersError } from './errors.js';
import { readProperties, readRedrive, type RedriveOptions } from './intent.js';
import { readListFilter } from './list.js';
import type { Orders } from './orders.js';
import { redriveDead } from './redrive.js';
import { redriveDeadRefund } from './refunds/redrive-refund.js';
import { readRefundRedrive, type RefundRedriveOptions } from './refunds/refund-intent.js';
import { requestOf } from './refunds/refund-rows.js';
import { isOrder, isRefund } from './stores/kinds.js';
import type { DurableData, DurableKind, DurableOrderFilter, DurableRow } from './stores/store.js';

/** Which of the dead orders, or refunds, are set going again. */
export interface RedriveFilter extends Pick<DurableOrderFilter, 'merchantId' | 'createdBefore' | 'ended'> {
  /** @default 'order' */
  readonly kind?: DurableKind | undefined;
  /** As in `needs-attention`; `refund-required` of orders alone, `refund-rejected` of refunds alone. @default any */
  readonly outcome?: 'needs-attention' | 'unresolved' | 'refund-required' | 'refund-rejected' | undefined;
  /** The `errorCode` or the `code` of the outcome's error, as in `NOAUTH`. @default any */
  readonly code?: string | undefined;
  /** At most this many, the oldest first: 1 to 100000. @default 100000 */
  readonly limit?: number | undefined;
}

interface DryRun {
  /** Only says which these are, and changes nothing. @default false */
  readonly dryRun?: boolean | undefined;
}

export interface RedriveAllOptions extends RedriveOptions, DryRun {}

/** As {@link RedriveAllOptions}, of refunds. */
export interface RedriveAllRefundsOptions extends RefundRedriveOptions, DryRun {}

/** An order, or a refund, that the filter found. */
export interface RedrivenOrder {
  readonly id: string;
  readonly merchantId: string;
  readonly outTradeNo: string;
  /** Of a refund. */
  readonly outRefundNo?: string;
}

/** What came of redriving many. */
export interface RedrivenOrders {
  /** Those that were set going again; in a dry run, those that would be. */
  readonly redriven: readonly RedrivenOrder[];
  /** Those that were not, and why. */
  readonly failed: readonly (RedrivenOrder & { readonly error: DurableOrdersError | AnyWechatPayError })[];
}

const FILTER = ['kind', 'merchantId', 'createdBefore', 'ended', 'outcome', 'code', 'limit'];
const OUTCOMES: Readonly<Record<DurableKind, readonly unknown[]>> = {
  order: ['needs-attention', 'unresolved', 'refund-required'],
  refund: ['needs-attention', 'unresolved', 'refund-rejected'],
};
const MOST = 100_000;
const PAGE = 500;

/** What says nothing of the next row. */
const OF_A_ROW: ReadonlySet<string> = new Set(['WECHATPAY_CLOCK_FAILED', 'WECHATPAY_ORDER_BUSY']);

/** What `DurableOrders.redriveAll` does. */
export async function redriveAll(
  orders: Orders,
  given: RedriveFilter,
  options: RedriveAllOptions | RedriveAllRefundsOptions,
): Promise<RedrivenOrders> {
  const { kind = 'order', outcome, code, limit = MOST, ...period } = readFilter(given);
  const { dryRun: isDry = false, ...rest } = readProperties<RedriveAllOptions | RedriveAllRefundsOptions>(
    'options',
    options,
    kind === 'order' ? ['dryRun', 'deadline', 'policy', 'actor'] : ['dryRun', 'policy', 'actor'],
  );
  if (typeof (isDry as unknown) !== 'boolean') throw new WechatPayRequestError('dryRun', 'must be true or false.');
  const redrive = redriveOf(orders, kind, rest);
  const redriven: RedrivenOrder[] = [];
  const failed: (RedrivenOrder & { error: DurableOrdersError | AnyWechatPayError })[] = [];
  for await (const row of deadOf(orders, kind, period)) {
    if (redriven.length + failed.length >= limit) break;
    if (!isWanted(outcomeOf<DurableData>(row), outcome, code)) continue;
    const named = namesOf(row);
    try {
      if (isDry) await orders.clientOf(row.merchantId);
      // One that is not dead any more was redriven by somebody else.
      if (isDry || (await redrive(row))) redriven.push(named);
    } catch (error) {
      const isOfRow = isWechatPayError(error) || (isDurableOrdersError(error) && OF_A_ROW.has(error.code));
      if (!isOfRow) throw error; // the store failed: what was redriven stays so, and the call can be repeated
      failed.push({ ...named, error });
    }
  }
  return { redriven, failed };
}

/** @throws {WechatPayRequestError} an option that is invalid. */
function redriveOf(
  orders: Orders,
  kind: DurableKind,
  options: RedriveOptions | RefundRedriveOptions,
): (row: DurableRow) => Promise<boolean> {
  if (kind === 'order') {
    const redrive = readRedrive(options);
    return async (row) => isOrder(row) && redriveDead(orders, row, redrive);
  }
  const redrive = readRefundRedrive(options);
  return async (row) => isRefund(row) && redriveDeadRefund(orders, row, redrive);
}

function namesOf(row: DurableRow): RedrivenOrder {
  const { id, merchantId } = row;
  if (isOrder(row)) return { id, merchantId, outTradeNo: orderOf(row).outTradeNo };
  return { id, merchantId, outTradeNo: row.order.outTradeNo, outRefundNo: requestOf(row).outRefundNo ?? '' };
}

function readFilter(given: RedriveFilter): RedriveFilter {
  const filter = readProperties('filter', given, FILTER);
  const { limit, outcome, code, ...period } = filter;
  const outcomes = OUTCOMES[filter.kind === 'refund' ? 'refund' : 'order'];
  readListFilter(period, FILTER);
  if (limit !== undefined && (!Number.isSafeInteger(limit) || limit < 1 || limit > MOST)) {
    throw new WechatPayRequestError('limit', `must be a whole number from 1 to ${MOST}.`);
  }
  if (outcome !== undefined && !outcomes.includes(outcome)) {
    throw new WechatPayRequestError('outcome', `must be ${outcomes.map((one) => `'${String(one)}'`).join(' or ')}.`);
  }
  if (code !== undefined && (typeof (code as unknown) !== 'string' || code === '')) {
    throw new WechatPayRequestError('code', 'must be a text that is not empty.');
  }
  return filter;
}

/** The dead ones, the oldest first; what is redriven meanwhile does not come again. */
async function* deadOf(
  { store }: Orders,
  kind: DurableKind,
  period: DurableOrderFilter,
): AsyncGenerator<DurableRow, void, undefined> {
  let after: DurableRow | undefined;
  for (;;) {
    const page = await store.list({ ...period, status: 'dead', kind, limit: PAGE, ...(after && { after }) });
    yield* page;
    after = page.at(-1);
    if (page.length < PAGE || !after) return;
  }
}

function isWanted(found: DurableData['outcome'], kind: string | undefined, code: string | undefined): boolean {
  if (kind !== undefined && found?.kind !== kind) return false;
  if (code === undefined) return true;
  const error = found && 'error' in found ? found.error : undefined;
  return error !== undefined && (error.errorCode === code || error.code === code);
}
