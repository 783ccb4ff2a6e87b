import { WechatPayRequestError } from 'wechatpay-core';
import type { DurableOrders } from '../../src/index.js';
import type { Task } from '../workload/workload.js';
import { log, tell, type Order } from './child.js';
import type { Posted } from './counter.js';

/** What a cashier was answered; written down before anything else comes of it. */
type Answer =
  | 'paid'
  | 'declined'
  | 'pending'
  | 'created'
  | 'refused'
  | 'charged before'
  | 'resolved later'
  | 'guarded before'
  | 'refunding'
  | 'threw';

/** Does what the customers, and the gateway's notifications, ask of a cashier; and says so. */
export function serveAll(durableOrders: DurableOrders): void {
  process.on('message', (task: Task | Posted | Order) => {
    if ('kind' in task) return;
    if ('notification' in task) return void take(durableOrders, task);
    void serve(durableOrders, task).then((served) => {
      log({ kind: 'answer', outTradeNo: task.outTradeNo, ...served });
      tell({ kind: 'answered', outTradeNo: task.outTradeNo, ...served });
    });
  });
}

interface Served {
  readonly answer: Answer;
  readonly reason?: string;
  /** What the customer pays by. */
  readonly codeUrl?: string;
}

async function serve(
  durableOrders: DurableOrders,
  { outTradeNo, merchantId, totalFee, job, reverseAfterMs }: Task,
): Promise<Served> {
  try {
    if (job.kind === 'reverse') {
      const policy = { ifPaid: 'reverse', refundWhenExpired: true, maxBackoffMs: 60_000 } as const;
      const order = { outTradeNo, merchantId, totalFee, currency: 'HKD', orderCreatedAt: new Date(job.createdAt) };
      return {
        answer:
          (await durableOrders.enqueue({ ...order, policy })) === 'enqueued' ? 'resolved later' : 'guarded before',
      };
    }
    if (job.kind === 'refund') {
      const policy = { maxQueryMs: 60_000, maxSubmitAgainMs: 60_000, balanceRetryMs: 60_000 };
      const order = { outTradeNo, merchantId, totalFee, refundCurrency: 'HKD', policy };
      const asked = job.parts.map((refundFee, index) =>
        durableOrders.refund({ ...order, outRefundNo: `${outTradeNo}-${index + 1}`, refundFee }),
      );
      for (const one of await Promise.allSettled(asked)) {
        if (one.status === 'fulfilled') continue;
        const isTooMuch = one.reason instanceof WechatPayRequestError && one.reason.field === 'refundFee';
        if (!isTooMuch) throw one.reason;
      }
      return { answer: 'refunding' };
    }
    if (job.kind === 'create') {
      const { notifyUrl, expiresAfterMs } = job;
      const order = { outTradeNo, totalFee, currency: 'HKD', body: 'tea', spbillCreateIp: '203.0.113.7' };
      const timeExpire = new Date(durableOrders.clientOf(merchantId).now() + expiresAfterMs);
      const { outcome, result } = await durableOrders.create(
        { ...order, tradeType: 'NATIVE', productId: 'tea', notifyUrl, timeExpire },
        { merchantId, policy: { ifPaidLate: 'refund', maxBackoffMs: 60_000 } },
      );
      const reason = 'error' in outcome ? outcome.error.message : undefined;
      const codeUrl = result?.codeUrl;
      return {
        answer: outcome.kind,
        ...(reason !== undefined && { reason }),
        ...(codeUrl !== undefined && { codeUrl }),
      };
    }
    const { authCode } = job;
    const { outcome } = await durableOrders.pay(
      { outTradeNo, totalFee, authCode, currency: 'HKD', body: 'tea', spbillCreateIp: '203.0.113.7' },
      { merchantId, policy: { reverseAfterMs, maxBackoffMs: 60_000 } },
    );
    const error = 'error' in outcome ? outcome.error : undefined;
    return { answer: outcome.kind, ...(error && { reason: error.message }) };
  } catch (error) {
    const isDuplicate = error instanceof WechatPayRequestError && error.field === 'outTradeNo';
    return { answer: isDuplicate ? 'charged before' : 'threw', reason: (error as Error).message };
  }
}

async function take(durableOrders: DurableOrders, { notification, number }: Posted): Promise<void> {
  let answer = 'threw';
  try {
    const taken = await durableOrders.notified(notification);
    answer = taken.kind;
    log({ kind: 'notified', outTradeNo: taken.notification.outTradeNo, is: answer });
  } catch (error) {
    log({ kind: 'notification refused', message: (error as Error).message });
  }
  tell({ kind: 'notified', number, answer });
}
