import { DurableOrdersError } from '../errors.js';
import { publish } from '../events.js';
import { remedyOf } from '../merchant-watch.js';
import type { Orders } from '../orders.js';
import { MerchantPauses, type MerchantPause } from './merchant-pauses.js';

/** The pauses of a process, which tell of themselves, and have what they held back go on at once. */
export function createPauses(orders: Orders): MerchantPauses {
  return new MerchantPauses({
    onPause: (pause) => {
      publish({ kind: 'merchant-paused', pause, error: toError(pause) });
    },
    onResume: (pause, by, held, actor) => {
      publish({ kind: 'merchant-resumed', pause, by, ...(actor !== undefined && { actor }) });
      void hasten(orders, held);
    },
  });
}

const AT_ONCE = 20;

/** Each is due by itself after a while: what fails is not repeated. */
async function hasten({ store }: Orders, ids: readonly string[]): Promise<void> {
  for (let first = 0; first < ids.length; first += AT_ONCE) {
    const some = ids.slice(first, first + AT_ONCE);
    const results = await Promise.allSettled(some.map((id) => store.reschedule(id, 0)));
    if (results.every(({ status }) => status === 'rejected')) return;
  }
}

function toError({ merchantId, subMerchantId, code, operation }: MerchantPause): DurableOrdersError {
  const of = subMerchantId === undefined ? '' : `, sub-merchant ${subMerchantId}`;
  return new DurableOrdersError(
    'WECHATPAY_MERCHANT_PAUSED',
    `Merchant ${merchantId}${of}: ${operation} fails with ${code} for one order after another. Its orders are held back in this ` +
      `process, and one is tried now and then. ${remedyOf(code)}`,
  );
}
