import 'reflect-metadata';
import { Inject, Injectable, Logger } from '@nestjs/common';
import {
  comparePayment,
  queryRefund,
  refuse,
  WechatPayClient,
  type NotificationResponse,
  type PaidNotification,
  type PaymentNotification,
  type RefundHint,
  type RefundStatus,
} from 'wechatpay-core';
import { describe, expect, it, vi } from 'vitest';
import { ACKNOWLEDGED, ADAPTERS, N1, openNotifiedShop, post, refused, settingsOfCases } from '../test/notified-shop.js';
import { settingsOf } from '../test/shop.js';
import {
  OnPaymentNotified,
  OnRefundNotified,
  PaymentService,
  RefundService,
  WechatPayModule,
  WechatPayNotificationsModule,
} from './index.js';

const { sandbox, start, order } = await openNotifiedShop();

/** Injects services of ours, and is called by a module of ours: no circle, since nobody injects it. */
@Injectable()
class Shop {
  readonly paid: string[] = [];
  readonly notAsOrdered: string[] = [];
  readonly refunds: (RefundStatus | undefined)[] = [];
  /** What the next calls do, once each. */
  readonly next: (() => unknown)[] = [];

  constructor(
    @Inject(PaymentService) readonly payments: PaymentService,
    @Inject(RefundService) readonly refundService: RefundService,
  ) {}

  @OnPaymentNotified()
  async onPayment(notification: PaymentNotification): Promise<NotificationResponse | undefined> {
    const answer = await this.next.shift()?.();
    if (answer !== undefined) return answer as NotificationResponse;
    if (notification.isPaid && isAsOrdered(notification)) this.paid.push(notification.id);
    else this.notAsOrdered.push(notification.outTradeNo);
    return undefined;
  }

  @OnRefundNotified()
  async onRefund({ client, outRefundNo }: RefundHint): Promise<void> {
    const { refunds } = await queryRefund(client, { outRefundNo });
    this.refunds.push(refunds[0]?.refundStatus);
  }
}

const throwNothing = (): never => {
  // eslint-disable-next-line @typescript-eslint/only-throw-error -- code that is not ours may
  throw 'no';
};

const isAsOrdered = (payment: PaidNotification): boolean =>
  comparePayment(payment, { outTradeNo: payment.outTradeNo, totalFee: 888, currency: 'HKD' }).length === 0;

describe.each(ADAPTERS)('on %s', (adapter) => {
  const open = async (settings = settingsOf(sandbox.merchant), options = {}): Promise<{ url: string; shop: Shop }> => {
    let shop: Shop | undefined;
    const url = await start(
      adapter,
      {
        imports: [
          WechatPayModule.forRoot({ ...settings, isGlobal: true }),
          WechatPayNotificationsModule.forRoot({ ...options }),
        ],
        providers: [Shop],
      },
      {
        prepare: (app) => {
          shop = app.get(Shop);
        },
      },
    );
    return { url, shop: shop! };
  };

  it('a payment reaches its handler, is acknowledged, and is not sent again', async () => {
    const { url, shop } = await open();
    await order('tea', `${url}/wechatpay/payments`);
    sandbox.payer('tea').pay();
    await sandbox.notifications.idle();
    sandbox.clock.advance(48 * 3_600_000);
    await sandbox.notifications.idle();
    expect(shop.paid).toEqual([expect.stringContaining('/tea/')]);
    expect(sandbox.notifications.list()).toMatchObject([{ state: 'acknowledged', attempts: [{ status: 200 }] }]);
  });

  it('a handler that throws has it sent again, until it is stored', async () => {
    const { url, shop } = await open();
    const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    await order('tea', `${url}/wechatpay/payments`);
    shop.next.push(() => Promise.reject(new Error('the database is down')));
    sandbox.payer('tea').pay();
    await sandbox.notifications.idle();
    expect(shop.paid).toEqual([]);
    expect(sandbox.notifications.list()).toMatchObject([{ state: 'pending', attempts: [{ status: 200 }] }]);
    expect(error).toHaveBeenCalledExactlyOnceWith(
      'A notification is refused, and comes again. the database is down',
      expect.stringContaining('Error: the database is down'),
    );
    sandbox.clock.advance(15_000);
    await sandbox.notifications.idle();
    expect(shop.paid).toHaveLength(1);
    expect(sandbox.notifications.list()).toMatchObject([{ state: 'acknowledged' }]);
  });

  it.each(['forged', 'foreign-merchant', 'truncated', 'cut'] as const)(
    'one that is %s reaches nobody; the true one follows',
    async (kind) => {
      const { url, shop } = await open();
      await sandbox.merchants.create();
      await order('tea', `${url}/wechatpay/payments`);
      sandbox.notifications.faults.add({ kind });
      sandbox.payer('tea').pay();
      await sandbox.notifications.idle();
      expect(shop.paid).toEqual([]);
      sandbox.clock.advance(15_000);
      await sandbox.notifications.idle();
      expect(shop.paid).toHaveLength(1);
      expect(sandbox.notifications.list()).toMatchObject([{ state: 'acknowledged' }]);
    },
  );

  it('one of another amount is for the shop to compare: it is signed', async () => {
    const { url, shop } = await open();
    await order('tea', `${url}/wechatpay/payments`);
    sandbox.notifications.faults.add({ kind: 'wrong-amount' });
    sandbox.payer('tea').pay();
    await sandbox.notifications.idle();
    expect(shop.paid).toEqual([]);
    expect(shop.notAsOrdered).toEqual(['tea']);
  });

  it('two copies at the same moment have one id, and both are acknowledged', async () => {
    const { url, shop } = await open();
    await order('tea', `${url}/wechatpay/payments`);
    sandbox.notifications.faults.add({ kind: 'duplicated' });
    sandbox.payer('tea').pay();
    await sandbox.notifications.idle();
    expect(shop.paid).toHaveLength(2);
    expect(new Set(shop.paid).size).toBe(1);
    expect(sandbox.notifications.list()).toMatchObject([{ state: 'acknowledged' }]);
  });

  it('a refund reaches its handler, which asks Query Refund', async () => {
    const { url, shop } = await open();
    await order('tea', `${url}/wechatpay/payments`);
    sandbox.payer('tea').pay();
    const notifyUrl = `${url}/wechatpay/refunds`;
    await shop.refundService.refund({ outTradeNo: 'tea', outRefundNo: 'R', totalFee: 888, refundFee: 300, notifyUrl });
    await sandbox.notifications.idle();
    expect(shop.refunds).toEqual(['SUCCESS']);
    expect(sandbox.notifications.list()).toMatchObject([
      { kind: 'payment' },
      { kind: 'refund', state: 'acknowledged' },
    ]);
  });

  it.each(['forged', 'truncated'] as const)('a refund notification that is %s reaches nobody', async (kind) => {
    const { url, shop } = await open();
    await order('tea', `${url}/wechatpay/payments`);
    sandbox.payer('tea').pay();
    await sandbox.notifications.idle();
    sandbox.notifications.faults.add({ kind }, { of: 'refund' });
    const notifyUrl = `${url}/wechatpay/refunds`;
    await shop.refundService.refund({ outTradeNo: 'tea', outRefundNo: 'R', totalFee: 888, refundFee: 300, notifyUrl });
    await sandbox.notifications.idle();
    expect(shop.refunds).toEqual([]);
  });

  describe('the answer', () => {
    // https://github.com/hpyer/node-easywechat/issues/28 (201 of a POST handler, and the gateway kept repeating)
    it('is 200, text/xml and the acknowledgement: never 201 or 204', async () => {
      const { url, shop } = await open(settingsOfCases(sandbox));
      const answer = await post(`${url}/wechatpay/payments`, N1, 'text/xml');
      expect(answer).toEqual({ status: 200, contentType: 'text/xml; charset=utf-8', body: ACKNOWLEDGED });
      expect(shop.paid).toEqual(['1900000301//T-0001/4200009999202603010000000001']);
    });

    it.each([
      ['throws', () => Promise.reject(new Error('SELECT secret')), 'Temporarily unavailable'],
      ['throws what is no error', throwNothing, 'Temporarily unavailable'],
      ["returns refuse('unknown-order')", () => refuse('unknown-order'), 'Unknown order'],
    ])('where the handler %s: fixed words, and nothing of the error', async (_, next, words) => {
      const { url, shop } = await open(settingsOfCases(sandbox));
      shop.next.push(next);
      const answer = await post(`${url}/wechatpay/payments`, N1, 'text/xml');
      expect(answer).toEqual({ status: 200, contentType: 'text/xml; charset=utf-8', body: refused(words) });
    });

    it('where the handler takes longer than timeoutMs: refused, and what fails afterwards is logged', async () => {
      const { url, shop } = await open(settingsOfCases(sandbox), { timeoutMs: 20 });
      const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
      let fail: (reason: Error) => void = () => undefined;
      shop.next.push(() => new Promise((_, reject) => (fail = reject)));
      const { body } = await post(`${url}/wechatpay/payments`, N1, 'text/xml');
      expect(body).toBe(refused('Temporarily unavailable'));
      expect(error.mock.calls[0]?.[0]).toMatch(/took longer than 20 ms/);
      fail(new Error('too late'));
      await vi.waitFor(() => {
        expect(error).toHaveBeenLastCalledWith('A handler that took too long has failed: Error: too late');
      });
    });

    it('to what is not believed: fixed words, and the reason is logged', async () => {
      const { url } = await open(settingsOfCases(sandbox));
      const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
      const forged = N1.replace('<total_fee>888<', '<total_fee>1<');
      const { body } = await post(`${url}/wechatpay/payments`, forged, 'text/xml');
      expect(body).toBe(refused('Invalid notification'));
      expect(warn).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/its signature does not hold/));
      expect(warn.mock.calls[0]?.[0]).not.toContain(settingsOfCases(sandbox).apiKey);
    });
  });

  it('with no handler for a kind, that kind is refused, and the log says which decorator is missing', async () => {
    class Payments {
      @OnPaymentNotified()
      onPayment(): void {
        // stored
      }
    }
    const error = vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const url = await start(adapter, {
      imports: [WechatPayModule.forRoot(settingsOf(sandbox.merchant)), WechatPayNotificationsModule.forRoot({})],
      providers: [Payments],
    });
    await order('tea', `${url}/wechatpay/payments`);
    sandbox.payer('tea').pay();
    await sandbox.notifications.idle();
    const client = new WechatPayClient(settingsOf(sandbox.merchant));
    const refunds = new RefundService(client);
    const notifyUrl = `${url}/wechatpay/refunds`;
    await refunds.refund({ outTradeNo: 'tea', outRefundNo: 'R', totalFee: 888, refundFee: 300, notifyUrl });
    await sandbox.notifications.idle();
    await client.close();
    expect(sandbox.notifications.list()).toMatchObject([{ state: 'acknowledged' }, { state: 'pending' }]);
    expect(error.mock.calls[0]?.[0]).toMatch(/no provider has a method with @OnRefundNotified\(\)/);
  });
});
