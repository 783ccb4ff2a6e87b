import type { StatementRow } from 'wechatpay-core';
import { csvLine } from '../output/csv.js';
import { Flow } from '../output/flow.js';
import { amountText } from '../output/money.js';
import { tableRow } from '../output/table.js';
import { SCHEMA } from '../schema.js';
import type { Session } from '../session.js';
import { CSV_HEAD, rowCells, rowJson } from './row-columns.js';

/** Writes the rows of a statement while they come. */
export interface RowWriter {
  /** @returns false once the reader has gone. */
  readonly row: (row: StatementRow) => Promise<boolean>;
  /** All rows have come. @returns as {@link row} */
  readonly end: () => Promise<boolean>;
  /** No more come: writes what was held back. */
  readonly stop: () => Promise<boolean>;
}

/** As a line of JSON each, as CSV, or as a table whose widths are known before its rows. */
export function createRowWriter({ io, options, words }: Session, isCsv: boolean): RowWriter {
  const flow = new Flow(io.stdout);
  const stop = (): Promise<boolean> => flow.flush();
  if (options.json) {
    const lineOf = (row: StatementRow): string =>
      JSON.stringify({ schema: SCHEMA, command: 'statement', row: rowJson(row) });
    return { row: (row) => flow.write(lineOf(row)), end: stop, stop };
  }
  if (isCsv) {
    const head = headOnce(flow, csvLine(CSV_HEAD));
    return {
      row: async (row) => (await head()) && flow.write(csvLine(rowCells(row))),
      // Of an empty day, too: a file without a row is not an empty file.
      end: async () => (await head()) && stop(),
      stop,
    };
  }
  const { labels } = words;
  const { time, state, amount, refundedAmount, fee, order, refund } = labels;
  const head = headOnce(flow, tableRow([time, state, amount, refundedAmount, fee, order, refund], WIDTHS));
  return { row: async (row) => (await head()) && flow.write(tableRow(shownCells(row), WIDTHS)), end: stop, stop };
}

/** Numbers have 32 characters at most; what is longer moves its own row alone. */
const WIDTHS = [24, 8, 14, 14, 10, 32, 0];

function shownCells(row: StatementRow): string[] {
  const { tradeTime, tradeState, totalFee, refundFee, currency, refundCurrency = currency, fee = '' } = row;
  return [
    tradeTime.toISOString(),
    tradeState,
    totalFee === undefined || totalFee === 0 ? '' : amountText(totalFee, currency),
    refundFee === undefined || refundFee === 0 ? '' : amountText(refundFee, refundCurrency),
    fee,
    row.outTradeNo,
    row.outRefundNo ?? '',
  ];
}

function headOnce(flow: Flow, head: string): () => Promise<boolean> {
  let isWritten = false;
  return async () => {
    if (isWritten) return true;
    isWritten = true;
    return flow.write(head);
  };
}
