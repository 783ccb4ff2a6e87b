import type { Merchant } from '../parties/merchants.js';

/** Money that moved, between a customer and a merchant. */
export interface Movement {
  readonly at: Date;
  readonly merchantId: string;
  /** Where the merchant is an institution. */
  readonly subMerchantId?: string;
  readonly outTradeNo: string;
  /** A customer's `payment`; a `refund` by Submit Refund; the `reversal` of a paid order that was reversed. */
  readonly kind: 'payment' | 'refund' | 'reversal';
  /** In minor units, never negative. */
  readonly amount: number;
  readonly currency: string;
  /** The merchant's number, of a `refund`. */
  readonly refundNumber?: string;
}

/** Where an order's money is, in minor units. */
export interface Balance {
  readonly paid: number;
  readonly returned: number;
  /** What the merchant has: `paid - returned`. */
  readonly net: number;
}

/**
 * Every movement of money, in the order in which it happened. Nothing here is ever changed or taken back: whatever the
 * orders and the replies say, this is where the money went.
 */
export class Ledger {
  readonly #movements: Movement[] = [];
  readonly #defaultMerchant: Merchant;
  readonly #catchUp: () => void;

  /** @internal */
  constructor(defaultMerchant: Merchant, catchUp: () => void) {
    this.#defaultMerchant = defaultMerchant;
    this.#catchUp = catchUp;
  }

  /** All movements of all merchants, the earliest first. */
  list(): readonly Movement[] {
    this.#catchUp();
    return [...this.#movements];
  }

  /**
   * @param merchant whose order it is; the sandbox's own merchant where left out.
   * @param subMerchantId narrows it where two sub-merchants of an institution use the same number.
   * @returns what the movements of this order add up to; zeros where there is none.
   */
  of(outTradeNo: string, merchant: Merchant = this.#defaultMerchant, subMerchantId?: string): Balance {
    let paid = 0;
    let returned = 0;
    for (const movement of this.list()) {
      if (movement.outTradeNo !== outTradeNo || movement.merchantId !== merchant.merchantId) continue;
      if (subMerchantId !== undefined && movement.subMerchantId !== subMerchantId) continue;
      if (movement.kind === 'payment') paid += movement.amount;
      else returned += movement.amount;
    }
    return { paid, returned, net: paid - returned };
  }

  /** @internal */
  append(movement: Movement): void {
    this.#movements.push(Object.freeze(movement));
  }

  /** @internal */
  keep(): readonly Movement[] {
    return this.#movements;
  }

  /** @internal */
  clear(): void {
    this.#movements.length = 0;
  }
}
