import type { NestExpressApplication } from '@nestjs/platform-express';
import { expect, it } from 'vitest';
import { openShop } from '../test/shop.js';
import { getWechatPayToken, PaymentService, RefundService, WechatPayModule } from './index.js';

const { sandbox, settings, start, purchase } = await openShop();

const boot = (name?: string): Promise<NestExpressApplication> =>
  start(WechatPayModule.forRoot({ ...settings, now: () => sandbox.clock.now(), name }));

it.each([undefined, 'hk-branch'])('pays, asks, refunds and asks again (%s)', async (name) => {
  const app = await boot(name);
  const payments = app.get<PaymentService>(getWechatPayToken(PaymentService, name));
  const request = purchase({ behaviour: 'pays-at-once' });
  const { outTradeNo } = request;
  await payments.submitQuickPay(request);
  const order = await payments.query({ outTradeNo });
  expect(order).toMatchObject({ tradeState: 'SUCCESS', totalFee: 888 });
  const refunds = app.get<RefundService>(getWechatPayToken(RefundService, name));
  await refunds.refund({ outTradeNo, outRefundNo: `R${outTradeNo}`, totalFee: 888, refundFee: 88 });
  const { refunds: list } = await refunds.query({ outTradeNo });
  expect(list).toMatchObject([{ refundFee: 88, refundStatus: 'SUCCESS' }]);
  expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 88, net: 800 });
});

it('asks for all refunds of an order, past the ten that one call brings', async () => {
  const app = await boot();
  const request = purchase();
  const { outTradeNo } = request;
  await app.get(PaymentService).submitQuickPay(request);
  const refunds = app.get(RefundService);
  for (let part = 1; part <= 11; part += 1) {
    await refunds.refund({ outTradeNo, outRefundNo: `R${outTradeNo}-${part}`, totalFee: 888, refundFee: part });
  }
  expect((await refunds.query({ outTradeNo })).refunds).toHaveLength(10);
  const { totalFee, refunds: all } = await refunds.queryAll({ outTradeNo });
  expect(totalFee).toBe(888);
  expect(new Set(all.map(({ refundFee }) => refundFee))).toEqual(new Set([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]));
});
