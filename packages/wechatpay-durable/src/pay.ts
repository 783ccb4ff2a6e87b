import {
  isWechatPayError,
  QUICK_PAY,
  quickPay,
  readRequest,
  type QuickPayRequest,
  type QuickPayResult,
  type ResolutionPayment,
  type ResolutionPolicy,
  type WechatPayClient,
  type WechatPayError,
} from 'wechatpay-core';
import { confirmDecline, toResolutionError, type DeclineCheck } from 'wechatpay-core/resolution';
import { readActor, type ActorOptions } from './actor.js';
import { assertEnqueued, nothingSent, startTime, stopwatch, storedTooLate } from './before-the-call.js';
import { leavesWithinMs } from './charge-time.js';
import { timeOf } from './clocks.js';
import { readPolicy, type OrderOf, type OrderIntent } from './intent.js';
import { noteEvent, noteFailure } from './journal/answers.js';
import type { MerchantProblem } from './merchant-watch.js';
import { isStored, Patience } from './patience.js';
import { assertSignal } from './signal.js';
import type { JournalEntry } from './stores/store.js';

/** How a payment stands. */
export type DurablePayment =
  /** Quick Pay's answer was clear: the customer paid. */
  | { readonly outcome: { readonly kind: 'paid' }; readonly result: QuickPayResult }
  /**
   * Refused, or not sent: nothing was paid, which a query confirmed, and nothing will be. An order that stayed open at WeChat Pay is
   * reversed by a worker, after 15 s. Take a new order number for another try.
   */
  | { readonly outcome: { readonly kind: 'declined'; readonly error: WechatPayError } }
  /** It was not. Its durable order goes on by itself, here or in another worker: `get` tells how it stands. */
  | {
      readonly outcome: {
        readonly kind: 'pending';
        readonly error?: WechatPayError;
        /** All calls of this merchant fail in this way: it is not the customer. */
        readonly merchantProblem?: MerchantProblem;
      };
    };

export interface DurablePayOptions extends ActorOptions {
  /** `mch_id`. @default that of the only client */
  readonly merchantId?: string | undefined;
  /** Stops waiting for Quick Pay's answer. The outcome is then pending; declined where nothing was sent yet. */
  readonly signal?: AbortSignal | undefined;
  /** How to resolve it, where the answer is not clear. */
  readonly policy?: Partial<Omit<ResolutionPolicy, 'ifPaid'>> | undefined;
}

/** What {@link payDurably} needs of DurableOrders. */
export interface StoredPayments {
  readonly enqueue: (intent: OrderIntent, actor: string | undefined) => Promise<'enqueued' | 'duplicate'>;
  /** Calls it off. @param notes what is noted with it in its journal. */
  readonly cancel: (order: OrderOf, rule: 'declined' | 'not-sent', notes: readonly JournalEntry[]) => Promise<boolean>;
  /** Stores that an order is reversed, whatever becomes of it. @returns false where it is not. */
  readonly giveUp: (order: OrderOf, notes: readonly JournalEntry[]) => Promise<boolean>;
  /** Stores that an order is paid. @returns false where that is not sure any more. */
  readonly keep: (order: OrderOf, payment: ResolutionPayment, result: QuickPayResult) => Promise<boolean>;
  /** Sees to it that money is found, where there is any. Resolves after the first try, and goes on. */
  readonly lookAfter: (intent: OrderIntent) => Promise<void>;
  readonly problemOf: (merchantId: string) => MerchantProblem | undefined;
  readonly speed: number;
  readonly keepsOpenId: boolean;
}

/** The durable order before the risk: what `DurableOrders.pay` does. */
export async function payDurably(
  clientOf: () => Promise<WechatPayClient>,
  paymentsOf: (client: WechatPayClient) => StoredPayments,
  given: QuickPayRequest,
  { signal, policy: rules, ...options }: DurablePayOptions,
): Promise<DurablePayment> {
  const { actor } = readActor(options);
  const policy = rules === undefined ? undefined : readPolicy(rules, 'ifPaid');
  assertSignal(signal);
  const request = readRequest(QUICK_PAY, given); // once: it may be changed while the durable order is stored, or a registry asked
  const client = await clientOf();
  const payments = paymentsOf(client);
  client.check(QUICK_PAY, request); // a request that cannot be sent uses up no order number
  const { merchantId } = client;
  const { outTradeNo, totalFee } = request;
  // Null is absent, as in a row of a database.
  const [subAppId, currency] = [request.subAppId, request.currency].map((value) => value ?? undefined);
  const subMerchantId = request.subMerchantId ?? client.subMerchantId;
  const order = { outTradeNo, merchantId, ...(subMerchantId !== undefined && { subMerchantId }) };
  const createdAt = startTime(client);
  const elapsed = stopwatch(client, createdAt, payments.speed);
  const intent: OrderIntent = {
    ...order,
    ...(subAppId !== undefined && { subAppId }),
    orderCreatedAt: new Date(createdAt),
    totalFee,
    currency,
  };
  const stored: string = await payments.enqueue({ ...intent, policy }, actor).catch(nothingSent);
  assertEnqueued(stored, outTradeNo, 'was charged before');

  // Nothing is awaited from here to the call, which ends within its time-out: so its durable order is open when its answer comes.
  const withinMs = leavesWithinMs(client.timeoutMs);
  if (elapsed() > withinMs) {
    await payments.cancel(order, 'not-sent', []).catch(() => false);
    return { outcome: { kind: 'declined', error: storedTooLate(outTradeNo, withinMs) } };
  }

  const patience = new Patience();
  try {
    return await charge();
  } finally {
    patience.end();
  }

  async function charge(): Promise<DurablePayment> {
    let result: QuickPayResult;
    try {
      result = await quickPay(client, request, { signal });
    } catch (error) {
      if (!isWechatPayError(error) || error.outcome === 'unknown') {
        // What is no error of the client's is a mistake in it, and may have come after the request was sent.
        await patience.wait(payments.lookAfter(intent));
        const merchantProblem = payments.problemOf(merchantId);
        return {
          outcome: {
            kind: 'pending',
            ...(isWechatPayError(error) && { error }),
            ...(merchantProblem && { merchantProblem }),
          },
        };
      }
      // A refusal names no order, and "must not be taken as failed": the durable order goes once a query says the same.
      const notes = [noteFailure(timeOf(client), 'Submit Quick Pay', toResolutionError(error))];
      const { isConfirmed, isOpen } =
        error.outcome === 'not-sent' ? { isConfirmed: true, isOpen: false } : await confirm(notes);
      // An order that stays open can still be paid: its durable order reverses it then.
      if (!isConfirmed || (isOpen && !(await patience.wait(isStored(() => payments.giveUp(order, notes)))))) {
        await patience.wait(payments.lookAfter(intent));
        return { outcome: { kind: 'pending', error } };
      }
      // Where it cannot be called off, it finds out the same.
      const rule = error.outcome === 'not-sent' ? 'not-sent' : 'declined';
      if (!isOpen) await patience.wait(payments.cancel(order, rule, notes).catch(() => false));
      return { outcome: { kind: 'declined', error } };
    }
    const payment = {
      transactionId: result.transactionId,
      ...(result.totalFee !== undefined && { totalFee: result.totalFee }),
      ...(result.currency !== undefined && { currency: result.currency }),
    };
    if (await patience.wait(isStored(() => payments.keep(order, payment, result))))
      return { outcome: { kind: 'paid' }, result };
    await patience.wait(payments.lookAfter(intent));
    return { outcome: { kind: 'pending' } };
  }

  /** Asks once whether nothing is paid, and notes what was answered. */
  async function confirm(notes: JournalEntry[]): Promise<DeclineCheck> {
    let raw: Readonly<Record<string, string>> | undefined;
    const check = await confirmDecline(client, intent, signal, (reply) => (raw = reply));
    notes.push(noteEvent(timeOf(client), 'query', check.event, { raw, keepsOpenId: payments.keepsOpenId }));
    return check;
  }
}
