import { setTimeout as sleep } from 'node:timers/promises';
import { statementDay, WechatPayClient } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { Sandbox, type Behaviour, type Order, type StatementFault } from 'wechatpay-sandbox';
import type { SampleDay } from './demo.js';

const DAY_MS = 24 * 60 * 60_000;
const [SECOND_MS, MINUTE_MS, HOUR_MS] = [1_000, 60_000, 3_600_000];
/** From midnight: when a statement is there. */
const READY_MS = 10.25 * HOUR_MS;
/** Another one than the till's: its orders are on no other page. */
const MERCHANT_ID = '1900000999';

/**
 * A day with every kind of difference, two days before now: a shop of its own, on a sandbox of its own, in memory. What differs is done by
 * customers, by a person who goes past the shop, and by a statement that is wrong.
 */
export async function makeSampleDay(now: number): Promise<SampleDay> {
  const day = statementDay(new Date(now - 2 * DAY_MS));
  const at = (time: string): number => day.from.getTime() + Date.parse(`1970-01-01T${time}Z`);
  const sandbox = await Sandbox.create({ now: () => at('09:00:00'), merchant: { merchantId: MERCHANT_ID } });
  const shop = new SampleShop(sandbox, day.date, [at('00:00:00'), at('24:00:00')]);
  const { durableOrders } = shop;
  await durableOrders.start();

  // Agreed.
  for (const number of ['S-01', 'S-02', 'S-03']) await shop.pay(number, 888);
  const refund = { outTradeNo: 'S-03', outRefundNo: 'S-03-R', totalFee: 888, refundFee: 300, refundCurrency: 'HKD' };
  await durableOrders.refund(refund);
  await shop.passUntilEnd({ outRefundNo: 'S-03-R' });

  // Paid, and told otherwise by the statement: see SampleShop.
  shop.setClock(at('11:00:00'));
  for (const number of [ANOTHER_AMOUNT, ANOTHER_CURRENCY, ANOTHER_NUMBER, LISTED_TWICE, MISSING]) {
    await shop.pay(number, 1250);
  }

  // Reversed: one by the shop, which the statement lacks; one on WeChat Pay's own pages, of which the shop knows nothing.
  shop.setClock(at('12:00:00'));
  await shop.pay(REVERSED, 3000);
  await shop.pay('S-10-reversed-elsewhere', 3000);
  shop.setClock(at('12:01:00'));
  await durableOrders.reverse({ outTradeNo: REVERSED, orderCreatedAt: new Date(at('12:00:00')) });
  await shop.passUntilEnd({ outTradeNo: REVERSED }, 2);
  sandbox.orders.reverse(shop.orderOf('S-10-reversed-elsewhere'));

  // Sold past the shop.
  sandbox.orders.create({ outTradeNo: 'K-7731', state: 'paid', totalFee: 4200, createdAt: at('13:30:00') });

  // The same customer, the same amount, within a minute.
  shop.setClock(at('14:00:00'));
  for (const outTradeNo of ['S-11', 'S-12-again']) {
    await shop.create({ tradeType: 'JSAPI', openId: 'oThirsty', outTradeNo, totalFee: 1800 });
    sandbox.payer(outTradeNo).pay();
    await shop.passUntilEnd({ outTradeNo });
  }

  // Closed, and paid all the same; that notification got lost.
  shop.setClock(at('15:00:00'));
  await shop.create({ tradeType: 'NATIVE', productId: 'tea', outTradeNo: 'S-13-paid-late', totalFee: 2600 });
  await shop.passUntilEnd({ outTradeNo: 'S-13-paid-late' });
  sandbox.payer('S-13-paid-late').payLate();

  // Across midnight.
  shop.setClock(at('23:59:50'));
  await shop.pay('S-14-midnight', 888, { behaviour: 'pays-after', ms: 20 * SECOND_MS });
  await shop.passUntilEnd({ outTradeNo: 'S-14-midnight' });

  for (const date of [day.date, day.until]) {
    shop.setClock(statementDay(date).until.getTime() + READY_MS);
    await durableOrders.reconcile({ date });
    await shop.passUntilEnd({ outTradeNo: 'S-13-paid-late' }, 2); // as the answer to the first day's question wants it
  }
  return { durableOrders, date: day.date };
}

const ANOTHER_AMOUNT = 'S-04-amount';
const ANOTHER_CURRENCY = 'S-05-currency';
const ANOTHER_NUMBER = 'S-06-number';
const LISTED_TWICE = 'S-07-listed-twice';
const MISSING = 'S-08-missing';
const REVERSED = 'S-09-reversed';

/** A shop whose clock, store and gateway a story goes through. */
class SampleShop {
  readonly durableOrders: DurableOrders;
  readonly #sandbox: Sandbox;

  /** @param date the day whose statement is wrong, which begins and ends at `times`. */
  constructor(sandbox: Sandbox, date: string, times: readonly [from: number, until: number]) {
    this.#sandbox = sandbox;
    sandbox.notifications.faults.add({ kind: 'lost' }, { times: 1000 }); // they would go to nobody
    const now = (): number => sandbox.clock.now();
    const { appId, merchantId, apiKey } = sandbox.merchant;
    const client = new WechatPayClient({
      ...{ appId, merchantId, apiKey, now },
      transport: ({ path, body }) => {
        if (path === '/pay/downloadbill' && body.includes(date)) this.#spoilStatement(times);
        const reply = sandbox.handle({ path, body, clientCertificate: merchantId });
        return reply.kind === 'reply' ? Promise.resolve(reply) : Promise.reject(new Error(reply.kind));
      },
    });
    this.durableOrders = new DurableOrders({ store: new MemoryStore({ now }), clients: client });
  }

  setClock(time: number): void {
    const { clock } = this.#sandbox;
    clock.advance(Math.max(0, time - clock.now()));
  }

  async pay(outTradeNo: string, totalFee: number, behaviour: Behaviour = { behaviour: 'pays-at-once' }): Promise<void> {
    const { authCode } = this.#sandbox.customers.create(behaviour);
    await this.durableOrders.pay({ ...SALE, outTradeNo, totalFee, authCode });
  }

  async create(
    request: { readonly outTradeNo: string; readonly totalFee: number } & (
      | { readonly tradeType: 'JSAPI'; readonly openId: string }
      | { readonly tradeType: 'NATIVE'; readonly productId: string }
    ),
  ): Promise<void> {
    const timeExpire = new Date(this.#sandbox.clock.now() + 5 * MINUTE_MS);
    const more = { ...SALE, timeExpire, notifyUrl: 'http://localhost:1/' };
    await this.durableOrders.create({ ...more, ...request }, { policy: { ifPaidLate: 'refund' } });
  }

  /** Lets time go on, from one step of an order or a refund to the next, until it has come to its end of this number. */
  async passUntilEnd(one: { readonly outTradeNo: string } | { readonly outRefundNo: string }, end = 1): Promise<void> {
    for (let tries = 0; tries < MAX_STEPS; tries += 1) {
      const row = await ('outTradeNo' in one ? this.durableOrders.get(one) : this.durableOrders.get(one));
      if ((row?.end ?? 0) >= end && row?.status === 'done') return;
      if (row?.dueAt) this.setClock(row.dueAt.getTime());
      await sleep(STEP_MS);
    }
    throw new Error(`The sample day: ${JSON.stringify(one)} does not come to its end ${end}.`);
  }

  orderOf(outTradeNo: string): Order {
    const order = this.#sandbox.orders.get(outTradeNo);
    if (order) return order;
    throw new Error(`The sample day: no order ${outTradeNo}.`);
  }

  /** Has the statement that is written next tell of some orders otherwise than the ledger. */
  #spoilStatement([from, until]: readonly [number, number]): void {
    const rows = this.#sandbox.ledger
      .list()
      .filter(({ at }) => at.getTime() >= from && at.getTime() < until)
      .map(({ outTradeNo, kind }) => `${outTradeNo} ${kind}`);
    const place = (row: string): number => rows.indexOf(row);
    const faults: StatementFault[] = [
      { kind: 'amount-altered', amount: 1350, row: place(`${ANOTHER_AMOUNT} payment`) },
      { kind: 'row-missing', hidden: true, row: place(`${MISSING} payment`) },
    ];
    rows.splice(place(`${MISSING} payment`), 1);
    faults.push({ kind: 'row-missing', hidden: true, row: place(`${REVERSED} reversal`) });
    rows.splice(place(`${REVERSED} reversal`), 1);
    const twice = `${LISTED_TWICE} payment`;
    faults.push({ kind: 'row-doubled', hidden: true, row: place(twice) });
    rows.splice(place(twice), 0, twice);
    const currency = { column: '货币种类', value: 'USD', row: place(`${ANOTHER_CURRENCY} payment`) };
    const transaction = {
      column: '微信订单号',
      value: '4200000000202611270000000001',
      row: place(`${ANOTHER_NUMBER} payment`),
    };
    faults.push({ kind: 'row-altered', ...currency }, { kind: 'row-altered', ...transaction });
    const [first, ...others] = faults;
    if (first) this.#sandbox.statements.addFault(first, ...others);
  }
}

const SALE = { body: 'Two cups of tea', currency: 'HKD', spbillCreateIp: '203.0.113.7' } as const;
/** The store in memory looks for what is due every 50 ms. */
const STEP_MS = 30;
const MAX_STEPS = 500;
