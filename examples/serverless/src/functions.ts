import { setTimeout } from 'node:timers/promises';
import { isWechatPayError, type QuickPayRequest } from 'wechatpay-core';
import { isDurableOrdersError } from 'wechatpay-durable';
import { withOrders } from './orders.js';

/** As AWS Lambda's function URLs, API Gateway and their like have it. */
export interface Answer {
  readonly statusCode: number;
  readonly body: string;
}

/** What a till sends. wechatpay-core checks each property, before anything is sent. */
type Scan = Pick<QuickPayRequest, 'outTradeNo' | 'authCode' | 'totalFee' | 'body'>;

/**
 * Charges a customer. Where the platform ends the call in the middle, the order is stored already, and {@link resolveOrders} takes it on.
 */
export function pay({ outTradeNo, authCode, totalFee, body }: Scan): Promise<Answer> {
  return answer(() =>
    withOrders({ work: false }, async (orders) => {
      const order = { outTradeNo, authCode, totalFee, body, currency: 'HKD', spbillCreateIp: '127.0.0.1' };
      const { outcome } = await orders.pay(order);
      const message = outcome.kind === 'declined' ? outcome.error.message : undefined;
      // 202: neither yes nor no. Ask how it stands, and do not charge again.
      return reply(outcome.kind === 'pending' ? 202 : 200, { outcome: outcome.kind, message });
    }),
  );
}

/** How an order stands. */
export function look({ outTradeNo }: { outTradeNo: string }): Promise<Answer> {
  return answer(() =>
    withOrders({ work: false }, async (orders) => {
      const order = await orders.get({ outTradeNo });
      if (!order) return reply(404, { message: 'There is no such order.' });
      return reply(200, { outcome: order.status === 'cancelled' ? 'declined' : (order.outcome?.kind ?? 'pending') });
    }),
  );
}

/**
 * On a schedule, every minute: resolves what is open, for at most so long, and less where nothing is. Two that overlap do no harm: each order
 * is one worker's.
 *
 * @param limitMs less than what the platform gives: a step that is cut off is taken again, some 12 s later.
 */
export function resolveOrders({ limitMs = 45_000 } = {}): Promise<Answer> {
  return withOrders({ work: true }, async (orders) => {
    const until = Date.now() + limitMs;
    let { waiting, active, dead } = await orders.counts();
    while (waiting + active > 0 && Date.now() < until) {
      await setTimeout(500);
      ({ waiting, active, dead } = await orders.counts());
    }
    return reply(200, { open: waiting + active, dead }); // dead: a person has to look at them
  });
}

async function answer(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (!isWechatPayError(error) && !isDurableOrdersError(error)) throw error;
    const { message, outcome = 'unknown' } = error; // for people; there is no secret in it
    const isWrong = error.code === 'WECHATPAY_INVALID_REQUEST';
    const status = isWrong ? (error.advice === 'query-order' ? 409 : 400) : outcome === 'not-sent' ? 503 : 502; // 409: look says how it stands
    return reply(status, { message, outcome });
  }
}

const reply = (statusCode: number, body: object): Answer => ({ statusCode, body: JSON.stringify(body) });
