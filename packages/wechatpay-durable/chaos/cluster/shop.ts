import { openToWork, tell, type Order } from './child.js';
import { redriveDead } from './observer.js';
import { reconcileWhenTold } from './reconcile.js';
import { serveAll } from './serve.js';

// The only process of a store that has one: cashier and worker.
const durableOrders = await openToWork();
serveAll(durableOrders);
reconcileWhenTold(durableOrders);
process.on('message', ({ kind }: Order | { readonly kind?: undefined }) => {
  if (kind === 'count') {
    void durableOrders.counts().then(({ waiting, active }) => {
      tell({ kind, open: waiting + active });
    });
  }
  if (kind === 'redrive') {
    void redriveDead(durableOrders).then((redriven) => {
      tell({ kind, redriven });
    });
  }
});
tell({ kind: 'ready' });
