import { Sandbox } from 'wechatpay-sandbox';
import { quickPay, refundOrder, WechatPayClient, type Transport } from '../../../src/index.js';
import type { Sale, Story } from './story.js';

// What happened at WeChat Pay: a sandbox without a socket plays the sales of a day, each at its time.

/** The day that is played. */
export const DATE = '20260301';
export const DAY_BEGINS = Date.parse('2026-03-01T00:00:00+08:00');
const HOUR_MS = 60 * 60 * 1_000;
export const DAY_ENDS = DAY_BEGINS + 24 * HOUR_MS;
/** From then on a statement is there. */
export const FETCHED_AT = DAY_BEGINS + 72 * HOUR_MS;
/** Before 9:00, and between 9:00 and 10:00. */
export const TOO_EARLY = DAY_ENDS + 8.9 * HOUR_MS;
export const BEING_MADE = DAY_ENDS + 9.5 * HOUR_MS;

/** A sale, with the numbers and times that it got. */
export interface Order extends Sale {
  readonly outTradeNo: string;
  readonly transactionId: string;
  /** Milliseconds since 1970. */
  readonly paidAt: number;
  readonly refunds: readonly { readonly outRefundNo: string; readonly amount: number; readonly at: number }[];
  readonly reversedAt: number | undefined;
}

/** A row that the statement has to have. */
export interface LedgerRow {
  readonly kind: 'payment' | 'refund' | 'reversal';
  readonly order: Order;
  readonly outRefundNo: string | undefined;
  readonly at: number;
  readonly amount: number;
  /** A payment that was reversed, in one row with its reversal. */
  readonly isBoth: boolean;
}

export class Gateway {
  /** What its next answer is in place of the sandbox's. */
  nextAnswer: (() => ReturnType<Transport>) | undefined;
  readonly client: WechatPayClient;

  private constructor(readonly sandbox: Sandbox) {
    const { appId, merchantId, apiKey } = sandbox.merchant; // its certificate is of today
    this.client = new WechatPayClient({
      ...{ appId, merchantId, apiKey },
      now: () => sandbox.clock.now(),
      transport: ({ path, body }) => this.#answer(path, body),
    });
  }

  static async start(): Promise<Gateway> {
    return new Gateway(await Sandbox.create({ now: () => DAY_BEGINS, keepRequests: 0 }));
  }

  async #answer(path: string, body: string): ReturnType<Transport> {
    const { nextAnswer, sandbox } = this;
    if (nextAnswer) return nextAnswer();
    const reply = sandbox.handle({ path, body, clientCertificate: sandbox.merchant.merchantId });
    if (reply.kind !== 'reply') throw new Error(`The sandbox answered by a ${reply.kind}.`);
    return Promise.resolve({ status: reply.status, body: reply.body });
  }

  setClock(time: number): void {
    this.sandbox.clock.advance(time - this.sandbox.clock.now());
  }

  /** Lets the sales happen. @returns them, and the rows of the day in the order of the ledger. */
  async play({ sales, reversals }: Story): Promise<{ orders: readonly Order[]; rows: readonly LedgerRow[] }> {
    this.sandbox.reset();
    this.nextAnswer = undefined;
    const orders = sales.map((sale, index): Order => {
      const outTradeNo = `A${index}`;
      const paidAt = DAY_BEGINS + sale.second * 1_000;
      return {
        ...sale,
        outTradeNo,
        paidAt,
        transactionId: `4200009999202603010000000${String(index).padStart(3, '0')}`,
        refunds: sale.refundsAfter.map((seconds, part) => ({
          outRefundNo: `${outTradeNo}-R${part}`,
          amount: Math.floor(sale.amount / 4),
          at: paidAt + seconds * 1_000,
        })),
        reversedAt: sale.reversedAfter === undefined ? undefined : paidAt + sale.reversedAfter * 1_000,
      };
    });
    const real = orders.filter(({ spoil }) => spoil !== 'invented');
    const movements = real.flatMap(rowsOf).toSorted((one, other) => one.at - other.at);
    for (const movement of movements) {
      this.setClock(movement.at);
      await this.#move(movement);
    }
    const known = new Map(real.map(({ outTradeNo }) => [outTradeNo, this.#transactionOf(outTradeNo)]));
    const numbered = orders.map((order) => ({
      ...order,
      transactionId: known.get(order.outTradeNo) ?? order.transactionId,
    }));
    const rows = movements
      .filter(({ at }) => at >= DAY_BEGINS && at < DAY_ENDS)
      .map((row) => ({ ...row, order: numbered.find(({ outTradeNo }) => outTradeNo === row.order.outTradeNo)! }));
    return { orders: numbered, rows: reversals === 'in-place' ? inPlace(rows) : rows };
  }

  async #move({ kind, order, outRefundNo, amount }: LedgerRow): Promise<void> {
    const { outTradeNo, texts, currency, amount: totalFee } = order;
    const { sandbox, client } = this;
    if (kind === 'reversal') {
      sandbox.orders.reverse(sandbox.orders.get(outTradeNo)!);
    } else if (kind === 'refund') {
      await refundOrder(client, { outTradeNo, outRefundNo: outRefundNo!, totalFee, refundFee: amount });
    } else if (texts) {
      const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
      await quickPay(client, { outTradeNo, totalFee, currency, authCode, spbillCreateIp: '203.0.113.7', ...texts });
    } else {
      sandbox.orders.create({ state: 'paid', outTradeNo, totalFee, currency, createdAt: sandbox.clock.now() });
    }
  }

  #transactionOf(outTradeNo: string): string {
    return this.sandbox.orders.get(outTradeNo)!.transactionId;
  }
}

function rowsOf(order: Order): LedgerRow[] {
  const { paidAt, amount, refunds, reversedAt } = order;
  const common = { order, outRefundNo: undefined, isBoth: false };
  return [
    { ...common, kind: 'payment', at: paidAt, amount },
    ...refunds.map((refund) => ({ ...common, ...refund, kind: 'refund' as const })),
    ...(reversedAt === undefined ? [] : [{ ...common, kind: 'reversal' as const, at: reversedAt, amount }]),
  ];
}

/** A payment and its reversal of one day, in one row at the place of the payment. */
function inPlace(rows: readonly LedgerRow[]): readonly LedgerRow[] {
  const of = (kind: LedgerRow['kind']): Set<Order> =>
    new Set(rows.filter((row) => row.kind === kind).map(({ order }) => order));
  const [paid, reversed] = [of('payment'), of('reversal')];
  return rows.flatMap((row): LedgerRow[] => {
    if (row.kind === 'payment' && reversed.has(row.order)) return [{ ...row, kind: 'reversal', isBoth: true }];
    return row.kind === 'reversal' && paid.has(row.order) ? [] : [row];
  });
}
