import type { DurableOrders } from './durable-orders.js';
import type { DurableOrderCounts } from './stores/store.js';

/** A database that hangs answers no probe: whoever asks for its health has to be told while it hangs. */
export const STORE_TIMEOUT_MS = 3_000;

/** What was asked and is not answered yet: of a store that hangs, each probe would hold one connection more. */
const underWay = new WeakMap<DurableOrders, Promise<DurableOrderCounts | undefined>>();

/** @returns the store's counts; undefined where it fails, or gives none within `timeoutMs`. */
export async function countsInTime(
  durableOrders: DurableOrders,
  timeoutMs = STORE_TIMEOUT_MS,
): Promise<DurableOrderCounts | undefined> {
  let asked = underWay.get(durableOrders);
  if (!asked) {
    asked = durableOrders
      .counts()
      .catch(() => undefined)
      .finally(() => underWay.delete(durableOrders));
    underWay.set(durableOrders, asked);
  }
  return inTime(asked, timeoutMs);
}

/** @returns undefined where it takes longer. */
export async function inTime<Answer>(asked: Promise<Answer>, timeoutMs: number): Promise<Answer | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, undefined);
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}
