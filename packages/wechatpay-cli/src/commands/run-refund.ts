import {
  refundAndResolve,
  type RefundAndResolveRequest,
  type RefundOutcome,
  type WechatPayClient,
} from 'wechatpay-core';
import type { DurableOrders } from 'wechatpay-durable';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { RefundOptions } from '../options.js';
import { actor } from '../orders/actor.js';
import { withProgress } from '../output/progress.js';
import type { Session } from '../session.js';
import { runOptions } from './run-options.js';

/** For so long the command waits for a worker, unless it is told otherwise. */
const WAIT_SECONDS = 60;

/**
 * Refunds: by a worker where there is a store, here where there is none.
 *
 * @returns undefined where it is stored, and has no end yet.
 */
export async function runRefund(
  session: Session,
  client: WechatPayClient,
  store: DurableOrders | undefined,
  request: RefundAndResolveRequest,
  options: RefundOptions,
): Promise<RefundOutcome | undefined> {
  if (store) return storeRefund(session, store, request, options);
  const { outcome } = await withProgress(session, session.words.resolving, () =>
    refundAndResolve(client, request, runOptions(session, client, options)),
  );
  return outcome;
}

async function storeRefund(
  session: Session,
  store: DurableOrders,
  request: RefundAndResolveRequest,
  { folder, timeout = WAIT_SECONDS }: RefundOptions,
): Promise<RefundOutcome | undefined> {
  const { io, words } = session;
  const stored = await store.refund(request, { actor: actor() });
  // Whoever works in a folder has it alone: nobody does, as long as this process has it open.
  if (folder !== undefined) return stored.outcome;
  const { outRefundNo, subMerchantId } = stored.state.request;
  const signals = [AbortSignal.timeout(timeout * 1000), ...(io.signal ? [io.signal] : [])];
  const signal = AbortSignal.any(signals);
  try {
    const refund = { outRefundNo, ...(subMerchantId !== undefined && { subMerchantId }) };
    const { outcome, status } = await withProgress(session, words.waitingForWorker, () =>
      store.wait(refund, { signal }),
    );
    if (status !== 'cancelled') return outcome;
  } catch (error) {
    if (signal.aborted) return undefined; // it goes on without this process
    throw error;
  }
  throw new CliError(EXIT_CODES.refused, 'CANCELLED', words.refundCalledOff(outRefundNo));
}
