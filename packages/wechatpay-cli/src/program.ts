import { createRequire } from 'node:module';
import { Command } from 'commander';
import { oneOf, seconds } from './argument-readers.js';
import type { Execute } from './execute.js';
import type { Io, Output } from './io.js';
import type {
  GlobalOptions,
  OrderOptions,
  PayOptions,
  RefundNumbers,
  RefundOptions,
  ResolveOptions,
  StatementOptions,
} from './options.js';
import { addOrders } from './program-orders.js';
import type { Words } from './words/words.js';

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

  /** The options of what returns money of an order, beside the durable refunds of a store. */
  const besideRefunds = (command: Command): Command =>
    command
      .option('--folder <path>', help.folder)
      .option('--schema <name>', help.schema)
      .option('--beside-open-refunds', help.besideOpenRefunds)
      .option('--without-store', help.withoutStore);

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

  besideRefunds(movesMoney(ofOrder('reverse', help.reverse)))
    .option('--created <time>', help.created)
    .option('--timeout <seconds>', help.timeout, seconds)
    .option('--watch', help.watch)
    .action((order: string | undefined, options: ResolveOptions) =>
      execute('reverse', options, async (session) =>
        (await import('./commands/reverse.js')).reverse(session, order, options),
      ),
    );

  besideRefunds(movesMoney(ofOrder('refund', help.refund)))
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

  besideRefunds(movesMoney(ofOrder('resolve', help.resolve)))
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

  movesMoney(general(program.command('pay <order>').description(help.pay)))
    .requiredOption('--amount <amount>', help.payAmount)
    .requiredOption('--currency <code>', help.payCurrency)
    .requiredOption('--body <text>', help.body)
    .option('--auth-code <code>', help.authCode)
    .option('--ip <address>', help.ip)
    .option('--attach <text>', help.attach)
    .option('--timeout <seconds>', help.timeout, seconds)
    .option('--watch', help.watch)
    .action((order: string, options: PayOptions) =>
      execute('pay', options, async (session) => (await import('./commands/pay.js')).pay(session, order, options)),
    );

  general(program.command('statement <date>').description(help.statement))
    .option('--type <type>', help.statementType, oneOf(['ALL', 'SUCCESS', 'REFUND', 'REVOKED']))
    .option('--sub-merchant <id>', help.subMerchant)
    .option('--csv', help.csv)
    .option('--keep <file>', help.keep)
    .action((date: string, options: StatementOptions) =>
      execute('statement', options, async (session) =>
        (await import('./statement/statement.js')).statement(session, date, options),
      ),
    );

  general(program.command('exchange-rate <currency> [date]').description(help.exchangeRate)).action(
    (currency: string, date: string | undefined, options: GlobalOptions) =>
      execute('exchange-rate', options, async (session) =>
        (await import('./commands/exchange-rate.js')).queryRate(session, currency, date),
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

/** A terminal may have no columns, as in some containers. */
function columnsOf({ columns = 0 }: Output): number {
  return columns > 0 ? columns : 100;
}

function version(): string {
  return (createRequire(import.meta.url)('../package.json') as { version: string }).version;
}
