import type { Keeper, Order } from '../../../wechatpay-core/test/truth/keeper.js';
import { QUICK_PAY_PAGE, REFUND_PAGE, REVERSE_PAGE } from '../../../wechatpay-core/test/truth/pages.js';
import type { ResolvedOrder } from '../../src/index.js';
import type { Doing } from './process.js';
import type { Row, Store } from './store.js';
import type { Act, OrderOfStory, Story } from './story.js';

// What happened, each with the truth and the store as they were at that moment. The laws read it when the story is over.

/** The truth about an order at a moment. */
export interface Truth {
  readonly standing: Order['standing'];
  readonly amount: number;
  readonly here: number;
  readonly text: string;
  /** Whether a charge may still arrive; or a reversal, or a refund. */
  readonly isChargeUnderWay: boolean;
  readonly isReturnUnderWay: boolean;
}

interface Moment {
  readonly at: number;
  readonly outTradeNo: string;
  readonly truth: Truth;
  readonly row: Row | undefined;
}

/** A request of which a byte has left. */
export interface Left extends Moment {
  readonly path: string;
  readonly by: Doing | undefined;
  /** What the process that sent it had heard since its lease, or its act, began. */
  readonly heardFrom: number;
  readonly heardTo: number;
  readonly seat: number;
}

/** `onResolved` was called. */
export interface Telling extends Moment {
  readonly resolved: ResolvedOrder;
  /** Whether it resolved. */
  isTaken: boolean;
}

/** An act, and what came of it. */
export interface Deed {
  readonly act: Act;
  readonly index: number;
  readonly outTradeNo: string;
  readonly startedAt: number;
  ended:
    | undefined
    | ({ readonly how: 'result'; readonly result: unknown } & Moment)
    | ({ readonly how: 'error'; readonly error: unknown } & Moment)
    | { readonly how: 'died' | 'nobody there' };
}

export interface Life {
  readonly outTradeNo: string;
  readonly id: string;
  readonly story: OrderOfStory;
  /** Of an order that is paid in the story: when `pay` was called for it first. */
  createdAt: number;
}

export interface Chronicle {
  readonly story: Story;
  readonly keeper: Keeper;
  readonly store: Store;
  readonly lives: readonly Life[];
  readonly deeds: Deed[];
  readonly left: Left[];
  readonly tellings: Telling[];
  /** When the gateway took an order's end back: it was closed, and was paid all the same. */
  readonly reopened: { readonly outTradeNo: string; readonly at: number }[];
  /** For how long processes stood still or were dead, all in all. */
  hinderedMs: number;
  deaths: number;
}

export function truthOf(keeper: Keeper, outTradeNo: string): Truth {
  const order = keeper.order(outTradeNo);
  const isUnderWay = (...paths: string[]): boolean =>
    keeper.sentOf(outTradeNo).some((sent) => sent.isUnderWay && paths.includes(sent.path));
  return {
    standing: order.standing,
    amount: order.amount,
    here: order.here,
    text: String(order),
    isChargeUnderWay: isUnderWay(QUICK_PAY_PAGE.path),
    isReturnUnderWay: isUnderWay(REVERSE_PAGE.path, REFUND_PAGE.path),
  };
}
