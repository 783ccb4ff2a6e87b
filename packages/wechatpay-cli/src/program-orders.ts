import type { Command } from 'commander';
import { oneOf, wholeNumber } from './argument-readers.js';
import type { Building } from './execute.js';
import type { ListOptions, LookOptions, RedriveOptions, StoreOptions } from './options.js';

/** `orders …`: the durable orders of a store. */
export function addOrders({ program, help, general, movesMoney, execute }: Building): void {
  const orders = program.command('orders').description(help.orders);
  const inStore = (name: string, description: string): Command =>
    general(orders.command(name).description(description))
      .option('--folder <path>', help.folder)
      .option('--schema <name>', help.schema);
  const look = async () => import('./orders/look.js');

  inStore('list', help.ordersList)
    .option('--status <status>', help.status, oneOf(['waiting', 'active', 'done', 'dead', 'cancelled']))
    .option('--limit <number>', help.limit, wholeNumber)
    .option('--refunds', help.listRefunds)
    .action((options: StoreOptions & ListOptions) =>
      execute('orders list', options, async (session) => (await look()).list(session, options)),
    );
  for (const name of ['get', 'explain'] as const) {
    inStore(`${name} [order]`, name === 'get' ? help.ordersGet : help.ordersExplain)
      .option('--transaction-id <id>', help.transactionId)
      .option('--refund-no <number>', help.durableRefundNo)
      .action((order: string | undefined, options: LookOptions) =>
        execute(`orders ${name}`, options, async (session) => (await look())[name](session, order, options)),
      );
  }
  movesMoney(inStore('redrive [order]', help.ordersRedrive))
    .option('--refund-no <number>', help.durableRefundNo)
    .option('--all', help.redriveAll)
    .option('--refunds', help.listRefunds)
    .option('--outcome <kind>', help.redriveOutcome, oneOf(OUTCOMES))
    .option('--code <code>', help.redriveCode)
    .option('--expect <count>', help.expect, wholeNumber)
    .option('--if-paid <what>', help.redriveIfPaid, oneOf(['keep', 'reverse']))
    .option('--accept-amount', help.acceptAmount)
    .option('--refund-expired', help.refundExpired)
    .action((order: string | undefined, options: RedriveOptions) =>
      execute('orders redrive', options, async (session) =>
        (await import('./orders/redrive.js')).redrive(session, order, options),
      ),
    );
  movesMoney(inStore('cancel [order]', help.ordersCancel))
    .option('--refund-no <number>', help.durableRefundNo)
    .action((order: string | undefined, options: LookOptions) =>
      execute('orders cancel', options, async (session) =>
        (await import('./orders/cancel.js')).cancel(session, order, options),
      ),
    );
  inStore('counts', help.ordersCounts).action((options: StoreOptions) =>
    execute('orders counts', options, async (session) => (await look()).counts(session, options)),
  );
}

const OUTCOMES = ['needs-attention', 'unresolved', 'refund-required', 'refund-rejected'] as const;
