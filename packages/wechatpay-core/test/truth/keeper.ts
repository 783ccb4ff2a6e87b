// Keeps the truth about the money. Every effect of the gateway goes through here, and so does every word that reached the
// client: the laws ask nobody else.

export interface Refund {
  readonly outRefundNo: string;
  readonly refundId: string;
  readonly fee: number;
  status: 'PROCESSING' | 'SUCCESS' | 'CHANGE' | 'REFUNDCLOSE';
}

/** `failed`: the customer could not pay, and will not. `absent`: the gateway has never heard of the order. */
export type Standing = 'absent' | 'open' | 'failed' | 'paid' | 'closed' | 'reversed';

/** The truth about one order. */
export class Order {
  standing: Standing = 'absent';
  /** What it costs at WeChat Pay, which may be another amount than the shop believes, where its number was used before. */
  amount = 0;
  currency = '';
  readonly refunds: Refund[] = [];
  /** Made by Unified Order: it is closed, and never reversed. */
  isUnified = false;
  /** When it was paid. */
  paidAt: number | undefined;

  constructor(
    readonly outTradeNo: string,
    readonly transactionId: string,
  ) {}

  /** What has gone back to the customer by refunds. */
  get refunded(): number {
    return sum(this.refunds.filter(({ status }) => status === 'SUCCESS'));
  }

  /** What refunds have taken, or may still take. */
  get claimed(): number {
    return sum(this.refunds.filter(({ status }) => status === 'SUCCESS' || status === 'PROCESSING'));
  }

  /** The money that the shop has. */
  get here(): number {
    return this.standing === 'paid' ? this.amount - this.refunded : 0;
  }

  charge(now?: number): void {
    this.standing = 'paid';
    if (this.isUnified) this.paidAt = now;
  }

  reverse(): void {
    if (this.standing !== 'closed') this.standing = 'reversed';
  }

  refund(outRefundNo: string, fee: number, status: Refund['status']): Refund {
    const refund = { outRefundNo, refundId: `5000${this.outTradeNo}${this.refunds.length}`, fee, status };
    this.refunds.push(refund);
    return refund;
  }

  toString(): string {
    const refunds = this.refunds.map(({ fee, status }) => `${fee} ${status}`).join(', ');
    const money = this.standing === 'paid' ? ` ${this.amount} ${this.currency}, here ${this.here}` : '';
    return `${this.standing}${money}${refunds && `, refunds: ${refunds}`}`;
  }
}

/** A request of which at least a byte has left. */
export interface Sent {
  readonly path: string;
  readonly outTradeNo: string;
  /** By the client's clock. */
  readonly at: number;
  readonly fields: Readonly<Record<string, string>>;
  /** How much the client had heard by then, of all orders. */
  readonly heardBefore: number;
  /** Whether it can still have an effect. */
  isUnderWay: boolean;
  /** Whether it moved money, or changed whether money can come. */
  hadEffect: boolean;
  /** Whether a verified answer said that nothing was done for it. */
  wasRefused: boolean;
  /** Whether the client took another reply for its answer. */
  isMistaken: boolean;
}

/** What an answer means for the one who asked. */
export type Word =
  | { readonly kind: 'state'; readonly state: string; readonly amount: 'as-asked' | 'another' }
  | { readonly kind: 'code'; readonly code: string; readonly recall: boolean | undefined }
  | { readonly kind: 'done'; readonly recall: boolean }
  | { readonly kind: 'refunds' }
  /** Nobody was asked: throttled, or not sent. */
  | { readonly kind: 'not-asked' }
  /** No answer, or none that can be believed. */
  | { readonly kind: 'nothing' };

/** What the client was told, when a call ended. */
export interface Heard {
  readonly path: string;
  readonly outTradeNo: string;
  /** By the client's clock. */
  readonly at: number;
  readonly word: Word;
  /** Every field that decides anything is there and readable; where it is doubtful, this is false, and the laws ask for nothing. */
  readonly isPlain: boolean;
  /** Whether something in it was odd. */
  readonly isOdd: boolean;
}

export class Keeper {
  readonly orders = new Map<string, Order>();
  readonly sent: Sent[] = [];
  readonly heard: Heard[] = [];
  /** The story so far, a line for each thing that happened. */
  readonly transcript: (() => string)[] = [];

  order(outTradeNo: string): Order {
    let order = this.orders.get(outTradeNo);
    if (order === undefined) {
      order = new Order(outTradeNo, `42000${outTradeNo}`);
      this.orders.set(outTradeNo, order);
    }
    return order;
  }

  sentOf(outTradeNo: string, path?: string): Sent[] {
    return this.sent.filter((sent) => sent.outTradeNo === outTradeNo && (path === undefined || sent.path === path));
  }

  heardOf(outTradeNo: string): Heard[] {
    return this.heard.filter((heard) => heard.outTradeNo === outTradeNo);
  }
}

function sum(refunds: readonly Refund[]): number {
  return refunds.reduce((total, { fee }) => total + fee, 0);
}
