import { copyOf } from './movement-key.js';
import type { StatementRow } from './row.js';

/** A payment that another may repeat. */
export interface Twin {
  readonly outTradeNo: string;
  /** Where it stands in the file. */
  readonly line: number;
}

/** The payments of each customer and amount: what tells them apart, and no more of a row. */
export class Twins {
  readonly #payments = new Map<string, Payment[]>();

  /** The last earlier payment of the same customer and amount within a minute, under another number. Keeps this one for later rows. */
  of(row: StatementRow): Twin | undefined {
    const { openId, currency, totalFee, outTradeNo, line, tradeTime } = row;
    if (openId === undefined || totalFee === undefined || totalFee === 0) return undefined;
    const key = `${openId}\n${currency}\n${totalFee}`;
    const payment = { outTradeNo: copyOf(outTradeNo), line, at: tradeTime.getTime() };
    const earlier = this.#payments.get(key);
    if (!earlier) {
      this.#payments.set(copyOf(key), [payment]);
      return undefined;
    }
    const found = earlier.findLast(
      (other) => other.outTradeNo !== outTradeNo && Math.abs(other.at - payment.at) <= TWIN_MS,
    );
    earlier.push(payment);
    if (earlier.length > MAX_TWINS) earlier.shift();
    return found && { outTradeNo: found.outTradeNo, line: found.line };
  }
}

interface Payment extends Twin {
  readonly at: number;
}

const TWIN_MS = 60_000;
/** Of one customer and amount: a till's test would else be compared with all of itself. */
const MAX_TWINS = 100;
