import { downloadStatement, type StatementSummary, type WechatPayClient } from 'wechatpay-core';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { StatementOptions } from '../options.js';
import { withProgress } from '../output/progress.js';
import { pairs } from '../output/table.js';
import type { Report, Session } from '../session.js';
import { withClient } from '../settings/connect.js';
import { dayOf } from './day-of.js';
import { openKeptFile } from './kept-file.js';
import { createRowWriter } from './row-writer.js';
import { statementFailure } from './statement-failure.js';
import { subMerchantOf } from './sub-merchant.js';

/** `wechatpay statement`: its rows as they come, and its summary once they all have. */
export async function statement(session: Session, given: string, options: StatementOptions): Promise<Report> {
  const { words } = session;
  if (options.csv === true && options.json === true) {
    throw new CliError(EXIT_CODES.usage, 'ONE_FORM', words.statement.oneForm);
  }
  return withClient(session, async (client) => {
    const date = dayOf(given, client.now());
    const summary = await read(session, client, date, options);
    return report(session, date, summary, options);
  });
}

async function read(
  session: Session,
  client: WechatPayClient,
  date: string,
  { type, subMerchant, keep, csv = false }: StatementOptions,
): Promise<StatementSummary> {
  const { words, io } = session;
  const { fetching } = words.statement;
  const writer = createRowWriter(session, csv);
  const kept = keep === undefined ? undefined : await openKeptFile(session, keep);
  let rows = 0;
  let isWhole = false;
  const request = { date, type, ...subMerchantOf(subMerchant) };
  try {
    const open = await withProgress(session, fetching, () =>
      downloadStatement(client, request, { signal: io.signal, ...(kept && { onReceive: kept.write }) }),
    );
    const readRows = async (): Promise<void> => {
      for await (const row of open) {
        rows += 1;
        if (await writer.row(row)) continue;
        // As after `| head`: the rest need not come.
        throw new CliError(EXIT_CODES.unknown, 'NOT_READ', words.statement.notRead);
      }
    };
    // On a terminal, the rows themselves show how it goes on.
    await (io.stdout.isTTY === true ? readRows() : withProgress(session, fetching, readRows));
    const { summary } = open;
    if (!summary || !(await writer.end())) {
      throw new CliError(EXIT_CODES.unknown, 'NOT_READ', words.statement.notRead);
    }
    isWhole = true;
    return summary;
  } catch (error) {
    await writer.stop();
    throw statementFailure(session, error, rows);
  } finally {
    await kept?.end(isWhole);
  }
}

function report(
  { words, io }: Session,
  date: string,
  { count, sums, raw }: StatementSummary,
  { type = 'ALL', csv }: StatementOptions,
): Report {
  const { sumNames, rows, emptyDay } = words.statement;
  const told =
    count === 0
      ? [emptyDay(date)]
      : pairs([
          [rows, String(count)],
          ...Object.entries(sums).map(([name, sum]) => [sumNames[name as keyof typeof sums], sum] as const),
          ...Object.entries(raw),
        ]);
  // What is no row would be one to whoever reads CSV.
  if (csv) for (const line of told) io.stderr.write(`${line}\n`);
  const lines = csv ? [] : count === 0 ? told : ['', ...told];
  return { exitCode: EXIT_CODES.done, result: { date, type, count, sums, raw }, lines };
}
