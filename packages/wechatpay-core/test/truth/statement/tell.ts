import type { StatementFault } from 'wechatpay-sandbox';
import {
  compareStatement,
  downloadStatement,
  isWechatPayError,
  type StatementComparison,
  type StatementRow,
  type Transport,
} from '../../../src/index.js';
import { Breach } from '../breach.js';
import { bookOf, bookOrderOf } from './book.js';
import { difference, expectedOf, line } from './expected.js';
import { BEING_MADE, DATE, FETCHED_AT, Gateway, TOO_EARLY, type LedgerRow, type Order } from './ledger.js';
import type { Failure, Story } from './story.js';

export const LAWS = {
  exact: 'exactly what was spoiled is found',
  rows: 'a row says what the ledger says, to the letter',
  failed: 'a statement that fails is no empty day, and says why',
} as const;

/** How a day went: what was found, and how the download ended. */
export interface Told {
  readonly story: Story;
  readonly found: readonly string[];
  readonly failure: string | undefined;
}

/** More than any order has. */
const ALTERED = 999_999_999;
let gateway: Gateway | undefined;

/** Plays a day, fetches its statement, and compares it with the shop's book. */
export async function tell(story: Story): Promise<Told> {
  gateway ??= await Gateway.start();
  const { orders, rows } = await gateway.play(story);
  const pairs = orders.map((order) => ({ order, noted: bookOrderOf(order) }));
  const isEmpty = rows.length === 0;
  const { listed, altered } = arrange(gateway, story, rows);
  gateway.setClock(
    story.failure === 'too early' ? TOO_EARLY : story.failure === 'being made' ? BEING_MADE : FETCHED_AT,
  );
  gateway.nextAnswer = answerOf(story.failure);
  const found: StatementComparison[] = [];
  try {
    const statement = await downloadStatement(gateway.client, { date: DATE, gzip: story.gzip });
    const book = bookOf(pairs.flatMap(({ noted }) => noted ?? []));
    for await (const each of compareStatement(statement, book, { date: DATE })) found.push(each);
  } catch (error) {
    const why = reasonOf(error);
    const mayFail = failuresOf(story, isEmpty);
    if (!mayFail.includes(why)) throw new Breach(LAWS.failed, `${why}, and not ${mayFail.join(' or ') || 'at all'}`);
    if (found.some((each) => each.class === 'book-only')) throw new Breach(LAWS.failed, 'orders are called missing');
    return { story, found: [], failure: why };
  }
  const mustFail = failuresOf(story, isEmpty);
  if (mustFail.length > 0) throw new Breach(LAWS.failed, `${String(story.failure)} passed for a statement`);

  for (const { row } of found) if (row) assertRow(row, orders, altered.size > 0);
  const expected = [...expectedOf(listed, pairs, altered), ...repeatedOf(story, listed)].sort();
  const told = found.map(lineOf).sort();
  if (told.join('\n') !== expected.join('\n')) {
    throw new Breach(LAWS.exact, `found\n  ${told.join('\n  ')}\nexpected\n  ${expected.join('\n  ')}`);
  }
  return { story, found: told, failure: undefined };
}

/** Has the next statement written as the story says. @returns the rows that are in it, and those whose amount is another. */
function arrange(
  { sandbox }: Gateway,
  { ledgerFault, failure, areColumnsMoved, sales: _, gzip: __, ...style }: Story,
  rows: readonly LedgerRow[],
): { listed: readonly LedgerRow[]; altered: ReadonlyMap<LedgerRow, number> } {
  Object.assign(sandbox.statements.style, style);
  if (failure) {
    if (isOfBytes(failure)) sandbox.statements.addFault(ON_THE_WAY[failure]);
    return { listed: rows, altered: new Map() };
  }
  const hit = ledgerFault ? rows[Math.min(ledgerFault.row, rows.length - 1)] : undefined;
  if (!ledgerFault || !hit) {
    if (areColumnsMoved) sandbox.statements.addFault({ kind: 'columns-moved' });
    return { listed: rows, altered: new Map() };
  }
  const { kind, row } = ledgerFault;
  if (kind === 'amount-altered') sandbox.statements.addFault({ kind, row, amount: ALTERED });
  else sandbox.statements.addFault({ kind, row, hidden: true });
  return {
    listed: kind === 'row-missing' ? rows.filter((each) => each !== hit) : rows,
    altered: new Map(kind === 'amount-altered' ? [[hit, ALTERED]] : []),
  };
}

function repeatedOf({ ledgerFault, failure }: Story, rows: readonly LedgerRow[]): string[] {
  if (failure || ledgerFault?.kind !== 'row-doubled') return [];
  const row = rows[Math.min(ledgerFault.row, rows.length - 1)];
  return row ? [line(row.kind, row.order, row.outRefundNo, 'repeated')] : [];
}

/** What goes wrong on the way: the summary tells. */
const ON_THE_WAY = {
  truncated: { kind: 'truncated' },
  'gzip-cut': { kind: 'gzip-cut' },
  'summary-wrong': { kind: 'summary-wrong' },
  'row-missing': { kind: 'row-missing' },
  'row-doubled': { kind: 'row-doubled' },
  'row-altered': { kind: 'row-altered', value: '77777777.77' },
} as const satisfies Partial<Record<Failure, StatementFault>>;

function isOfBytes(failure: Failure): failure is keyof typeof ON_THE_WAY {
  return failure in ON_THE_WAY;
}

/** What comes in place of the sandbox's answer. */
function answerOf(failure: Failure | null): (() => ReturnType<Transport>) | undefined {
  switch (failure) {
    case 'system error': {
      const xml = '<xml><return_code>FAIL</return_code><return_msg>SYSTEMERROR</return_msg></xml>';
      return () => Promise.resolve({ status: 200, body: Buffer.from(xml) });
    }
    case 'empty body':
      return () => Promise.resolve({ status: 200, body: Buffer.alloc(0) });
    case 'gateway error':
      return () => Promise.resolve({ status: 502, body: Buffer.from('<html>502 Bad Gateway</html>') });
    case 'connection broken':
      return () => Promise.reject(new Error('ECONNRESET'));
    default:
      return undefined;
  }
}

const DOES_NOT_ADD_UP = ['truncated', 'malformed', 'mismatch'];

/** How the download has to fail: as one of these; not at all where there are none. */
function failuresOf({ failure, emptyDay }: Story, isEmpty: boolean): readonly string[] {
  const ofEmptyDay = isEmpty && emptyDay === 'no-statement' ? ['no-statement'] : undefined;
  if (failure === null) return ofEmptyDay ?? [];
  if (!isOfBytes(failure)) return [REASONS[failure]];
  // There is no row to be missing.
  return ofEmptyDay ?? (isEmpty && failure.startsWith('row-') ? [] : DOES_NOT_ADD_UP);
}

const REASONS: Readonly<Record<Exclude<Failure, keyof typeof ON_THE_WAY>, string>> = {
  'too early': 'not-ready',
  'being made': 'not-ready',
  'system error': 'refused',
  'empty body': 'truncated',
  'gateway error': 'WECHATPAY_HTTP_STATUS',
  'connection broken': 'WECHATPAY_CONNECTION',
};

function reasonOf(error: unknown): string {
  if (!isWechatPayError(error)) throw error;
  return error.code === 'WECHATPAY_STATEMENT' ? error.reason : error.code;
}

/** What the ledger says of a row; its amount only where that was not altered. */
function assertRow(row: StatementRow, orders: readonly Order[], isAltered: boolean): void {
  const order = orders.find(({ outTradeNo }) => outTradeNo === row.outTradeNo);
  if (!order) throw new Breach(LAWS.rows, `there is no order ${row.outTradeNo}`);
  const { transactionId, currency, texts, amount, paidAt, reversedAt, refunds } = order;
  const refund = refunds.find(({ outRefundNo }) => outRefundNo === row.outRefundNo);
  const isPayment = row.tradeState === 'SUCCESS';
  // A reversal stands at the time of its payment where both are in one row.
  const isBoth = row.tradeState === 'REVOKED' && (row.totalFee ?? 0) > 0;
  const time = refund ? refund.at : isPayment || isBoth ? paidAt : reversedAt;
  const facts = [
    ['transactionId', row.transactionId, transactionId],
    ['currency', row.currency, currency],
    ['tradeTime', row.tradeTime.getTime(), time],
    ['texts', textsIn(row, texts), textOf(texts ?? {})],
    ...(isAltered
      ? []
      : [
          ['totalFee', row.totalFee, isPayment || isBoth ? amount : 0],
          ['refundFee', row.refundFee, isPayment ? 0 : (refund?.amount ?? amount)],
        ]),
  ];
  for (const [name, found, expected] of facts) {
    if (found !== expected) {
      throw new Breach(LAWS.rows, `${String(name)} of ${row.outTradeNo} is ${String(found)}, not ${String(expected)}`);
    }
  }
}

function textOf({ body = '', attach = '' }: { body?: string | undefined; attach?: string | undefined }): string {
  return `${body},\`${attach}`;
}

/** What cannot be split stands in the order of the columns. */
function textsIn(row: StatementRow, texts: Order['texts']): string {
  if (row.unsplit === undefined) return textOf(row);
  const isMoved = texts !== null && row.unsplit === textOf({ body: texts.attach, attach: texts.body });
  return isMoved ? textOf(texts) : row.unsplit;
}

function lineOf(each: StatementComparison): string {
  const { kind, row, order, refund } = each;
  const outRefundNo = kind === 'refund' ? (row?.outRefundNo ?? refund?.outRefundNo) : undefined;
  const what =
    each.class === 'book-only'
      ? `book-only ${each.reason} ${each.expectedIn}`
      : difference(each.class, each.expected, each.found);
  return line(kind, { outTradeNo: row?.outTradeNo ?? order?.outTradeNo ?? '' }, outRefundNo, what);
}
