import type { WechatPayClient } from 'wechatpay-core';
import type { DurableOrders, DurableRefund, RefundEffect } from 'wechatpay-durable';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { BesideOptions } from '../options.js';
import { amountText } from '../output/money.js';
import type { Session } from '../session.js';
import { withClient } from '../settings/connect.js';
import { chooseMerchant } from '../settings/merchants.js';
import { readVariables } from '../settings/variables.js';
import { effectOf, namesStore, withOrders } from './with-orders.js';

/** Runs what returns money of an order, with the store that is named: its durable refunds may return the same money. */
export async function withNamedStore<Result>(
  session: Session,
  options: BesideOptions,
  work: (client: WechatPayClient, store: DurableOrders | undefined) => Promise<Result>,
): Promise<Result> {
  if (options.withoutStore || !namesStore(session, options)) {
    return withClient(session, (client) => work(client, undefined));
  }
  // Where there are several merchants, none is the default.
  chooseMerchant(session, readVariables(session));
  const seen = { isOpen: false };
  try {
    return await withOrders(session, options, (store) => {
      seen.isOpen = true;
      return work(store.clientOf(), store);
    });
  } catch (error) {
    if (seen.isOpen || !(error instanceof CliError)) throw error;
    const message = `${error.message}\n${session.words.storeNotLookedAt}`;
    throw new CliError(error.exitCode, error.code, message, { cause: error });
  }
}

/** A durable refund, as a command sees it that returns money of the same order. */
export interface StoredRefund {
  readonly outRefundNo: string;
  /** In the minor unit; absent where what is stored cannot be read. */
  readonly refundFee: number | undefined;
  readonly effect: RefundEffect;
  readonly text: string;
}

/** The durable refunds of an order; undefined where no store is named. */
export async function storedRefundsOf(
  session: Session,
  client: WechatPayClient,
  store: DurableOrders | undefined,
  outTradeNo: string,
): Promise<readonly StoredRefund[] | undefined> {
  if (!store) return undefined;
  const { merchantId, subMerchantId } = client;
  const found = await store.find({ outTradeNo, kind: 'refund', merchantId });
  const ours = found.filter((refund) => {
    const request = requestOf(refund);
    return request === undefined || request.subMerchantId === subMerchantId;
  });
  return Promise.all(ours.map((refund) => storedRefund(session, refund)));
}

async function storedRefund(session: Session, refund: DurableRefund): Promise<StoredRefund> {
  const { outRefundNo = refund.id, refundFee, refundCurrency } = requestOf(refund) ?? {};
  const standing = refund.outcome?.kind ?? refund.status;
  const text = `${amountText(refundFee, refundCurrency)} ${outRefundNo} (${standing})`;
  return { outRefundNo, refundFee, effect: await effectOf(session, refund), text };
}

/** What it sends; nothing where another version has stored it, and this one cannot read it. */
function requestOf({ state }: DurableRefund): Partial<DurableRefund['state']['request']> | undefined {
  const { request } = Object(state) as { request?: DurableRefund['state']['request'] };
  return request;
}

/** What a plan says about them: that none was looked for, too. */
export function storedRefundFacts(
  { words }: Session,
  stored: readonly StoredRefund[] | undefined,
): [name: string, value: string] {
  const { durableRefunds } = words.labels;
  if (!stored) return [durableRefunds, words.noStoreLookedAt];
  return [durableRefunds, stored.length === 0 ? words.noDurableRefunds : stored.map(({ text }) => text).join('; ')];
}

/**
 * Money that may go back by a durable refund is not returned by another way as well, unless a person insists.
 *
 * @param own the number of a refund that is asked for again.
 * @throws {CliError} one whose end is not proven.
 */
export function assertNoneUnderWay(
  { words }: Session,
  stored: readonly StoredRefund[] | undefined,
  { besideOpenRefunds }: BesideOptions,
  own?: string,
): void {
  const open = (stored ?? []).filter(({ effect, outRefundNo }) => effect === 'under-way' && outRefundNo !== own);
  if (open.length === 0 || besideOpenRefunds) return;
  throw new CliError(EXIT_CODES.refused, 'REFUNDS_OPEN', words.refundsOpen(open.map(({ text }) => text)), {
    details: { outRefundNos: open.map(({ outRefundNo }) => outRefundNo) },
  });
}

/**
 * The same before all of an order's payment goes back: what was refunded of it, Query Order may not show yet.
 *
 * @throws {CliError} a durable refund that was accepted, or whose end is not proven.
 */
export function assertReversible(
  session: Session,
  stored: readonly StoredRefund[] | undefined,
  options: BesideOptions,
): void {
  assertNoneUnderWay(session, stored, options);
  if ((stored ?? []).some(({ effect }) => effect === 'returned')) {
    throw new CliError(EXIT_CODES.refused, 'USE_REFUND', session.words.useRefund);
  }
}
