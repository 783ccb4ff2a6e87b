import { statementDay, WechatPayConfigError, WechatPayRequestError, type StatementDay } from 'wechatpay-core';
import { readProperties } from '../intent.js';
import type { Orders } from '../orders.js';
import type { ReconciliationKey, ReconciliationStore } from '../stores/store.js';

/** Whose statements. */
export interface StatementOwner {
  /** `mch_id`. @default that of the only client */
  readonly merchantId?: string | undefined;
  /** Institutional mode: one sub-merchant's statement; null: that of all of them. @default that of the client */
  readonly subMerchantId?: string | null | undefined;
}

/** Which statement is reconciled. */
export interface ReconcileRequest extends StatementOwner {
  /** A day of Beijing: `20260301`, `2026-03-01`, or a Date, which means the day that it falls on in Beijing. */
  readonly date: string | Date;
}

const DAY_MS = 24 * 60 * 60_000;
const OWNER = ['merchantId', 'subMerchantId'];

/** @throws {WechatPayRequestError} a day, a merchant or a property that is invalid. */
export async function readDay<Given extends ReconcileRequest>(
  orders: Orders,
  given: Given,
  more: readonly string[] = [],
): Promise<{ key: ReconciliationKey; day: StatementDay; request: Given }> {
  const request = readProperties('request', given, ['date', ...OWNER, ...more]);
  const day = statementDay(request.date);
  return { key: { ...(await ownerOf(orders, request)), date: day.date }, day, request };
}

/** @throws {WechatPayRequestError} a merchant or a property that is invalid. */
export function readOwner(orders: Orders, given: StatementOwner): Promise<Omit<ReconciliationKey, 'date'>> {
  return ownerOf(orders, readProperties('request', given, OWNER));
}

async function ownerOf(
  orders: Orders,
  { merchantId, subMerchantId }: StatementOwner,
): Promise<Omit<ReconciliationKey, 'date'>> {
  if (subMerchantId !== undefined && subMerchantId !== null && (typeof subMerchantId !== 'string' || !subMerchantId)) {
    throw new WechatPayRequestError('subMerchantId', 'must be a text that is not empty, or null for all of them.');
  }
  const client = await orders.clientOf(merchantId);
  const sub = subMerchantId === undefined ? client.subMerchantId : (subMerchantId ?? undefined);
  return { merchantId: client.merchantId, subMerchantId: sub ?? '' };
}

/** @throws {WechatPayConfigError} a custom store that keeps none. */
export function reconciliationsOf({ store }: Pick<Orders, 'store'>): ReconciliationStore {
  if (store.reconciliations) return store.reconciliations;
  throw new WechatPayConfigError(
    'store',
    'keeps no reconciliations: use a store of this package, or give yours `reconciliations`.',
  );
}

/** A day so many days after another; before it, where that is negative. */
export function daysAfter(day: string, count: number): string {
  return statementDay(new Date(statementDay(day).from.getTime() + count * DAY_MS)).date;
}

/** The days from one to another, the earliest first. */
export function daysFrom(first: string, last: string): string[] {
  const days: string[] = [];
  for (let day = statementDay(first); day.date <= last; day = statementDay(day.until)) days.push(day.date);
  return days;
}
