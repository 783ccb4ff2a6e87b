import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { DurableOrder, DurableOrderEvent, DurableOrders } from 'wechatpay-durable';

/** An order that goes on, since WeChat Pay's answer contradicts its end. */
export interface SetGoing {
  readonly outTradeNo: string;
  readonly merchantId: string;
  /** How what was paid goes back: `none` where it has another end, and nothing does. */
  readonly way: 'reverse' | 'refund' | 'none';
}

/** As of wechatpay-durable, which is loaded where a command needs it alone. */
const CHANNEL = 'wechatpay:durable-order';

/**
 * Runs what may set orders going, and says which it has.
 *
 * @param onFailure told of those that it had set going when it failed.
 */
export async function settingGoing<Result>(
  store: DurableOrders,
  work: () => Promise<Result>,
  onFailure: (setGoing: readonly SetGoing[]) => void,
): Promise<{ readonly result: Result; readonly setGoing: readonly SetGoing[] }> {
  const ids = new Map<string, Pick<SetGoing, 'outTradeNo' | 'merchantId'>>();
  const listen = (message: unknown): void => {
    const event = message as DurableOrderEvent;
    if (event.kind === 'redriven') ids.set(event.id, { outTradeNo: event.outTradeNo, merchantId: event.merchantId });
  };
  subscribe(CHANNEL, listen);
  const setGoing = (): Promise<SetGoing[]> =>
    Promise.all(
      [...ids].map(async ([id, { outTradeNo, merchantId }]) => {
        const row = (await store.find({ outTradeNo, merchantId })).find((each) => each.id === id);
        return { outTradeNo, merchantId, way: row ? wayOf(row) : 'none' };
      }),
    );
  try {
    const result = await work();
    return { result, setGoing: await setGoing() };
  } catch (error) {
    onFailure(await setGoing().catch(() => []));
    throw error;
  } finally {
    unsubscribe(CHANNEL, listen);
  }
}

/** A worker elsewhere may have brought it to its end by now. */
function wayOf({ outcome, state }: DurableOrder): SetGoing['way'] {
  const ended = outcome ?? (state.kind === 'ended' ? state.outcome : undefined);
  if (ended?.kind === 'reversed') return 'reverse';
  if (ended?.kind === 'refunded') return 'refund';
  if (ended) return 'none';
  // What goes on is asked for first: which way it goes shows in the kind of the order.
  return state.product === 'unified-order' || state.kind === 'expired' || state.kind === 'refunding'
    ? 'refund'
    : 'reverse';
}
