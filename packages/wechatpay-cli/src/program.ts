import { Command, InvalidArgumentError } from 'commander';
import { createRequire } from 'node:module';
import type { Io, Output } from './io.js';
import type {
  GlobalOptions,
  ListOptions,
  OrderOptions,
  RedriveOptions,
  RefundNumbers,
  RefundOptions,
  ResolveOptions,
  StoreOptions,
} from './options.js';
import type { Report, Session } from './session.js';
import type { Words } from './words/words.js';

/** Runs what a command does, and keeps how it ended. */
export type Execute = (
  command: string,
  options: GlobalOptions,
  work: (session: Session) => Promise<Report>,
) => Promise<void>;

/** The program with every command; what a command does is loaded when it is run. */
export function createProgram(io: Io, { help }: Words, execute: Execute): Command {
  const program = new Command('wechatpay')
    .description(help.program)
    .version(version(), '-V, --version', help.version)
    .helpOption('-h, --help', help.help)
    .helpCommand('help [command]', help.help)
    .exitOverride()
    .showHelpAfterError(help.tryHelp)
    .addHelpText('after', `\n${help.completion}`)
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => columnsOf(io.stdout),
      getErrHelpWidth: () => columnsOf(io.stderr),
    });

  /** The options that every command has. */
  const general = (command: Command): Command =>
    command
      .option('--json', help.json)
      .option('--merchant <name>', help.merchant)
      .option('--env-file <path>', help.envFile)
      .option('--lang <language>', help.lang);
  const movesMoney = (command: Command): Command =>
    command.option('-y, --yes', help.yes).option('--dry-run', help.dryRun);
  const ofOrder = (name: string, description: string): Command =>
    general(program.command(`${name} [order]`).description(description)).option(
      '--transaction-id <id>',
      help.transactionId,
    );

  ofOrder('query', help.query).action((order: string | undefined, options: OrderOptions) =>
    execute('query', options, async (session) => (await import('./commands/query.js')).query(session, order, options)),
  );

  ofOrder('query-refund', help.queryRefund)
    .option('--refund-no <number>', help.refundNo)
    .option('--refund-id <id>', help.refundId)
    .action((order: string | undefined, options: OrderOptions & RefundNumbers) =>
      execute('query-refund', options, async (session) =>
        (await import('./commands/query-refund.js')).queryRefunds(session, order, options),
      ),
    );

  movesMoney(ofOrder('reverse', help.reverse))
    .option('--created <time>', help.created)
    .option('--timeout <seconds>', help.timeout, seconds)
    .option('--watch', help.watch)
    .action((order: string | undefined, options: ResolveOptions) =>
      execute('reverse', options, async (session) =>
        (await import('./commands/reverse.js')).reverse(session, order, options),
      ),
    );

  movesMoney(ofOrder('refund', help.refund))
    .option('--amount <amount>', help.amount)
    .option('--all', help.allOfIt)
    .option('--refund-no <number>', help.newRefundNo)
    .option('--description <text>', help.refundDescription)
    .option('--timeout <seconds>', help.timeout, seconds)
    .option('--watch', help.watch)
    .action((order: string | undefined, options: RefundOptions) =>
      execute('refund', options, async (session) =>
        (await import('./commands/refund.js')).refund(session, order, options),
      ),
    );

  movesMoney(ofOrder('close', help.close)).action((order: string | undefined, options: OrderOptions) =>
    execute('close', options, async (session) => (await import('./commands/close.js')).close(session, order, options)),
  );

  movesMoney(ofOrder('resolve', help.resolve))
    .option('--if-paid <what>', help.ifPaid, oneOf(['keep', 'reverse']), 'keep')
    .option('--amount <amount>', help.expectedAmount)
    .option('--currency <code>', help.currency)
    .option('--created <time>', help.created)
    .option('--timeout <seconds>', help.timeout, seconds)
    .option('--watch', help.watch)
    .action((order: string | undefined, options: ResolveOptions) =>
      execute('resolve', options, async (session) =>
        (await import('./commands/resolve.js')).resolve(session, order, options),
      ),
    );

  const doctor = program.command('doctor').description(help.doctor);
  general(doctor)
    .option('--offline', help.offline)
    .action((options: GlobalOptions & { readonly offline?: boolean }) =>
      execute('doctor', options, async (session) => (await import('./commands/doctor.js')).doctor(session, options)),
    );
  general(doctor.command('sign [file]').description(help.doctorSign)).action(
    (file: string | undefined, _options: GlobalOptions, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      return execute('doctor sign', options, async (session) =>
        (await import('./commands/doctor-sign.js')).doctorSign(session, file),
      );
    },
  );

  addOrders({ program, help, general, movesMoney, execute });

  program
    .command('sandbox')
    .description(help.sandbox)
    .allowUnknownOption()
    .allowExcessArguments()
    .helpOption(false)
    .argument('[arguments...]', help.sandboxArguments)
    .action((given: string[]) =>
      execute('sandbox', {}, async (session) => (await import('./commands/sandbox.js')).sandbox(session, given)),
    );
  return program;
}

interface Building {
  readonly program: Command;
  readonly help: Words['help'];
  readonly general: (command: Command) => Command;
  readonly movesMoney: (command: Command) => Command;
  readonly execute: Execute;
}

/** `orders …`: the durable orders of a store. */
function addOrders({ program, help, general, movesMoney, execute }: Building): void {
  const orders = program.command('orders').description(help.orders);
  const inStore = (name: string, description: string): Command =>
    general(orders.command(name).description(description))
      .option('--folder <path>', help.folder)
      .option('--schema <name>', help.schema);
  const load = async () => import('./orders/commands.js');

  inStore('list', help.ordersList)
    .option('--status <status>', help.status, oneOf(['waiting', 'active', 'done', 'dead', 'cancelled']))
    .option('--limit <number>', help.limit, wholeNumber)
    .action((options: StoreOptions & ListOptions) =>
      execute('orders list', options, async (session) => (await load()).list(session, options)),
    );
  for (const name of ['get', 'explain'] as const) {
    inStore(`${name} [order]`, name === 'get' ? help.ordersGet : help.ordersExplain)
      .option('--transaction-id <id>', help.transactionId)
      .action((order: string | undefined, options: StoreOptions & OrderOptions) =>
        execute(`orders ${name}`, options, async (session) => (await load())[name](session, order, options)),
      );
  }
  movesMoney(inStore('redrive [order]', help.ordersRedrive))
    .option('--all', help.redriveAll)
    .option('--outcome <kind>', help.redriveOutcome, oneOf(['needs-attention', 'unresolved', 'refund-required']))
    .option('--code <code>', help.redriveCode)
    .option('--expect <count>', help.expect, wholeNumber)
    .option('--if-paid <what>', help.redriveIfPaid, oneOf(['keep', 'reverse']))
    .option('--accept-amount', help.acceptAmount)
    .option('--refund-expired', help.refundExpired)
    .action((order: string | undefined, options: RedriveOptions) =>
      execute('orders redrive', options, async (session) => (await load()).redrive(session, order, options)),
    );
  movesMoney(inStore('cancel <order>', help.ordersCancel)).action((order: string, options: StoreOptions) =>
    execute('orders cancel', options, async (session) => (await load()).cancel(session, order, options)),
  );
  inStore('counts', help.ordersCounts).action((options: StoreOptions) =>
    execute('orders counts', options, async (session) => (await load()).counts(session, options)),
  );
}

/** A terminal may have no columns, as in some containers. */
function columnsOf({ columns = 0 }: Output): number {
  return columns > 0 ? columns : 100;
}

function wholeNumber(text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('It must be a whole number, 1 or more.');
}

function seconds(text: string): number {
  const given = wholeNumber(text);
  if (given <= 86_400) return given;
  throw new InvalidArgumentError('It must be a number of seconds, a day at most.');
}

function oneOf<Choice extends string>(choices: readonly Choice[]): (text: string) => Choice {
  return (text) => {
    const found = choices.find((choice) => choice === text);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`It must be ${choices.join(', ')}.`);
  };
}

function version(): string {
  return (createRequire(import.meta.url)('../package.json') as { version: string }).version;
}
