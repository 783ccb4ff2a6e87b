import type { Scene } from './deeds.js';
import type { Jump } from './grammar.js';
import type { Order } from './keeper.js';
import type { World } from './time.js';

/** Others have their will with the order. */
export function befall(order: Order, { jump, ...how }: Jump, scene: Scene, world: World): string {
  const { standing } = order;
  switch (jump) {
    case 'pays':
      if (standing === 'open') order.charge(world.now);
      break;
    case 'fails':
      if (standing === 'open') order.standing = 'failed';
      break;
    case 'closes':
      if (standing === 'open') order.standing = 'closed';
      break;
    case 'reopens':
      if (standing === 'closed' || (standing === 'reversed' && order.amount > 0)) order.charge(world.now);
      break;
    case 'refund ends':
      for (const refund of order.refunds) {
        if (refund.status === 'PROCESSING' && 'status' in how && how.status !== 'PROCESSING')
          refund.status = how.status;
      }
      break;
    case 'others refund':
      if (standing === 'paid' && 'parts' in how) refundByOthers(order, how);
      world.in(scene.refundTakesMs, () => {
        for (const refund of order.refunds) if (refund.status === 'PROCESSING') refund.status = 'SUCCESS';
      });
      break;
  }
  return `${jump} (${String(order)})`;
}

function refundByOthers(order: Order, { share, parts, status }: Omit<Jump & { jump: 'others refund' }, 'jump'>): void {
  const left = order.amount - order.claimed;
  const total = { one: Math.min(1, left), half: Math.floor(left / 2), whole: left }[share];
  const many = Math.min(parts, total);
  for (let part = 0; part < many; part++) {
    const fee = part < many - 1 ? Math.floor(total / many) : total - Math.floor(total / many) * (many - 1);
    order.refund(`others-${order.refunds.length}`, fee, status);
  }
}
