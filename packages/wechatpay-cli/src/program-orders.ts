import type { Command } from 'commander';
import type { ReconciliationDifference } from 'wechatpay-durable';
import { oneOf, wholeNumber } from './argument-readers.js';
import type { Building } from './execute.js';
import type {
  AcknowledgeOptions,
  ListOptions,
  LookOptions,
  ReconcileOptions,
  RedriveOptions,
  StoreOptions,
} from './options.js';

const CLASSES = [
  ...(['statement-only', 'book-only', 'transaction-differs', 'reversed-in-book', 'reversed-in-statement'] as const),
  ...(['state-differs', 'currency-differs', 'amount-differs', 'fee-differs', 'repeated', 'paid-twice'] as const),
] satisfies readonly ReconciliationDifference['class'][];

/** `orders …`, `reconcile` and `acknowledge`: what is about the durable orders of a store. */
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
  const ofDay = (command: Command): Command =>
    general(command)
      .option('--folder <path>', help.folder)
      .option('--schema <name>', help.schema)
      .option('--sub-merchant <id>', help.subMerchant);
  ofDay(program.command('reconcile <date>').description(help.reconcile)).action(
    (date: string, options: ReconcileOptions) =>
      execute('reconcile', options, async (session) =>
        (await import('./statement/reconcile.js')).reconcile(session, date, options),
      ),
  );
  movesMoney(ofDay(program.command('acknowledge <date> [order]').description(help.acknowledge)))
    .option('--kind <kind>', help.movementKind, oneOf(['payment', 'refund', 'reversal']))
    .option('--refund-no <number>', help.refundNo)
    .option('--refund-id <id>', help.refundId)
    .option('--class <class>', help.differenceClass, oneOf(CLASSES))
    .option('--line <line>', help.line, wholeNumber)
    .option('--of-sub-merchant <id>', help.ofSubMerchant)
    .option('--note <text>', help.note)
    .action((date: string, order: string | undefined, options: AcknowledgeOptions) =>
      execute('acknowledge', options, async (session) =>
        (await import('./statement/acknowledge.js')).acknowledge(session, { date, order }, options),
      ),
    );
  inStore('counts', help.ordersCounts).action((options: StoreOptions) =>
    execute('orders counts', options, async (session) => (await look()).counts(session, options)),
  );
}

const OUTCOMES = ['needs-attention', 'unresolved', 'refund-required', 'refund-rejected'] as const;
