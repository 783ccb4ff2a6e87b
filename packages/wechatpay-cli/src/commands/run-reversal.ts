import type { WechatPayClient } from 'wechatpay-core';
import type { DurableOrder, DurableOrders } from 'wechatpay-durable';
import { EXIT_CODES } from '../exit-codes.js';
import type { BesideOptions } from '../options.js';
import { actor } from '../orders/actor.js';
import { orderOf } from '../orders/with-orders.js';
import { withProgress } from '../output/progress.js';
import type { Report, Session } from '../session.js';
import type { Found } from './find-order.js';
import { reportResolution, runResolution, type Running } from './run-resolution.js';

/** For so long the command waits for a worker, unless it is told otherwise: for as long as it would have reversed it itself. */
const WAIT_SECONDS = 90;

/**
 * The durable order that is to be reversed in place of a reversal from here, which the application would not see: it could store a refund beside
 * it, and its order would stay paid.
 */
export async function durableOrderOf(
  client: WechatPayClient,
  store: DurableOrders | undefined,
  { outTradeNo }: Found,
  { besideOpenRefunds }: BesideOptions,
): Promise<DurableOrder | undefined> {
  // A worker reverses nothing beside a refund: who insists does it from here.
  if (!store || besideOpenRefunds) return undefined;
  const { merchantId, subMerchantId } = client;
  return store.get({ outTradeNo, merchantId, ...(subMerchantId !== undefined && { subMerchantId }) });
}

/** What a plan says of it. */
export function durableOrderFact(
  { words }: Session,
  order: DurableOrder | undefined,
): [name: string, value: string | undefined] {
  return [words.labels.durableOrder, order && words.reversedByWorker(order.outcome?.kind ?? order.status)];
}

/** Reverses: by a worker where the store has the order, here where it has none. */
export async function runReversal(
  session: Session,
  client: WechatPayClient,
  store: DurableOrders | undefined,
  found: Found,
  running: Running,
): Promise<Report> {
  const order = await durableOrderOf(client, store, found, running);
  if (!store || !order) return runResolution(session, client, found, running);
  const { product, orderCreatedAt } = order.state;
  // What was paid goes back, whatever it should have cost: the plan has said how much. Unless an amount was named.
  const policy = running.expected ? {} : ({ ifAmountDiffers: 'accept' } as const);
  const intent = { ...orderOf(order), ...(product && { product }), orderCreatedAt: new Date(orderCreatedAt), policy };
  const standing = await store.reverse(intent, { actor: actor() });
  // It has an end by which nothing is left, and WeChat Pay has just said otherwise: that counts.
  if (standing === 'ended') return runResolution(session, client, found, running);
  return waitForWorker(session, store, order, running);
}

async function waitForWorker(
  session: Session,
  store: DurableOrders,
  order: DurableOrder,
  { folder, timeout = WAIT_SECONDS }: Running,
): Promise<Report> {
  const { io, words } = session;
  const name = orderOf(order);
  const { outTradeNo } = name;
  // Whoever works in a folder has it alone: nobody does, as long as this process has it open.
  if (folder !== undefined) return stored(session, outTradeNo);
  const signal = AbortSignal.any([AbortSignal.timeout(timeout * 1000), ...(io.signal ? [io.signal] : [])]);
  try {
    const { outcome, state } = await withProgress(session, words.waitingForWorker, () => store.wait(name, { signal }));
    const told = outcome ?? (state.kind === 'ended' ? state.outcome : undefined);
    if (!told) return stored(session, outTradeNo);
    const report = reportResolution(session, outTradeNo, { outcome: told, state });
    return { ...report, result: { ...report.result, durable: true } };
  } catch (error) {
    if (signal.aborted) return stored(session, outTradeNo); // it goes on without this process
    throw error;
  }
}

function stored({ words }: Session, outTradeNo: string): Report {
  return {
    exitCode: EXIT_CODES.unknown,
    result: { outTradeNo, proven: false, durable: true },
    lines: [`${words.notProven}: ${words.reversalStored(outTradeNo)}`],
  };
}
