import type { DurableOrders, Reconciliation } from 'wechatpay-durable';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import type { ReconcileOptions } from '../options.js';
import { withOrders } from '../orders/with-orders.js';
import { withProgress } from '../output/progress.js';
import { pairs } from '../output/table.js';
import type { Report, Session } from '../session.js';
import { chooseMerchant } from '../settings/merchants.js';
import { readVariables } from '../settings/variables.js';
import { dayOf } from './day-of.js';
import { differenceTable } from './difference-table.js';
import { settingGoing, type SetGoing } from './set-going.js';
import { statementFailure } from './statement-failure.js';
import { subMerchantOf } from './sub-merchant.js';

/**
 * `wechatpay reconcile`: the statement of a day beside the durable orders. Nothing moves on the statement's word; an order that WeChat Pay's
 * own answer proves paid may go on, and its policy may be to return that.
 */
export async function reconcile(session: Session, given: string, options: ReconcileOptions): Promise<Report> {
  // Where there are several merchants, none is the default.
  chooseMerchant(session, readVariables(session));
  return withOrders(session, options, async (store) => {
    const { result, setGoing } = await settingGoing(
      store,
      () => compare(session, store, given, options),
      (before) => {
        for (const line of goingLines(session, before)) session.io.stderr.write(`${line}\n`);
      },
    );
    return report(session, result, setGoing);
  });
}

async function compare(
  session: Session,
  store: DurableOrders,
  given: string,
  { subMerchant }: ReconcileOptions,
): Promise<Reconciliation> {
  const { words, io } = session;
  const date = dayOf(given, store.clientOf().now());
  const request = { date, ...subMerchantOf(subMerchant) };
  try {
    return await withProgress(session, words.statement.fetching, () => store.reconcile(request, { signal: io.signal }));
  } catch (error) {
    throw statementFailure(session, error, 0);
  }
}

function report(session: Session, found: Reconciliation, setGoing: readonly SetGoing[]): Report {
  const { words } = session;
  const going = goingLines(session, setGoing);
  const { labels } = words;
  const { differences, reconciledAt, ...day } = found;
  const count = (status: string): number => differences.filter((each) => each.status === status).length;
  const [asking, carried, forPerson] = [count('asking'), count('carried'), count('needs-person')];
  const open = [
    ...(forPerson > 0 ? [words.reconcile.forPerson(forPerson)] : []),
    ...(asking > 0 ? [words.reconcile.asking(asking)] : []),
    ...(carried > 0 ? [words.reconcile.carried(carried)] : []),
  ];
  return {
    exitCode: exitCodeOf({ asking, forPerson }),
    result: {
      ...day,
      reconciledAt: new Date(reconciledAt).toISOString(),
      asking,
      carried,
      forPerson,
      setGoing,
      differences,
    },
    lines: [
      ...pairs([
        [labels.merchant, [found.merchantId, found.subMerchantId].filter(Boolean).join(', ')],
        [words.statement.rows, String(found.rows)],
        [words.reconcile.agreed, String(found.agreed)],
        [words.reconcile.differing, String(found.differing)],
      ]),
      ...(differences.length > 0 ? ['', ...differenceTable(differences, words)] : []),
      ...(going.length > 0 ? ['', ...going] : []),
      ...(open.length > 0 ? ['', ...open] : [words.reconcile.nothingOpen]),
    ],
  };
}

/** Which orders go on, by the way that their money goes. */
function goingLines({ words }: Session, setGoing: readonly SetGoing[]): string[] {
  return (['reverse', 'refund', 'none'] as const).flatMap((way) => {
    const numbers = setGoing.filter((each) => each.way === way).map(({ outTradeNo }) => outTradeNo);
    return numbers.length > 0 ? [words.reconcile.setGoing[way](numbers)] : [];
  });
}

/** What is carried to the next days may be normal for a while. */
function exitCodeOf({ asking, forPerson }: { readonly asking: number; readonly forPerson: number }): ExitCode {
  if (forPerson > 0) return EXIT_CODES.person;
  return asking > 0 ? EXIT_CODES.later : EXIT_CODES.done;
}
