import { subscribe } from 'node:diagnostics_channel';
import { LeaseLostError, DURABLE_ORDER_CHANNEL, type DurableOrderEvent } from '../../src/index.js';
import { log, open, tell } from './child.js';

subscribe(DURABLE_ORDER_CHANNEL, (event) => {
  const told = event as DurableOrderEvent;
  if (told.kind === 'step') log({ kind: 'step', outTradeNo: told.outTradeNo, step: told.step.step.kind });
  if (told.kind === 'problem') {
    const isLost = told.error instanceof LeaseLostError || told.error.cause instanceof LeaseLostError;
    log({ kind: isLost ? 'lease-lost' : 'problem', id: told.id, message: told.error.message });
  }
});

const durableOrders = await open(
  { work: true },
  {
    concurrency: 16,
    onResolved: ({ order: { outTradeNo }, outcome }) => {
      if (Math.random() < 0.05) throw new Error('The shop’s database is away.');
      log({ kind: 'told', outTradeNo, outcome: outcome.kind });
    },
    onRefundResolved: ({ order: { outTradeNo }, outRefundNo, outcome }) => {
      if (Math.random() < 0.05) throw new Error('The shop’s database is away.');
      log({ kind: 'refund-told', outTradeNo, outRefundNo, outcome: outcome.kind });
    },
  },
);
process.on('message', () => {
  void durableOrders.stop().then(() => process.exit());
});
tell({ kind: 'ready' });
