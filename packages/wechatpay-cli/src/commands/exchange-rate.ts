import { exchangeRate, queryExchangeRate } from 'wechatpay-core';
import { EXIT_CODES } from '../exit-codes.js';
import { withProgress } from '../output/progress.js';
import { pairs } from '../output/table.js';
import type { Report, Session } from '../session.js';
import { withClient } from '../settings/connect.js';

/** `wechatpay exchange-rate`: a verified answer, for reference. */
export async function queryRate(session: Session, given: string, date: string | undefined): Promise<Report> {
  const { words, io } = session;
  const { labels } = words;
  const asked = { currency: given.toUpperCase(), date };
  const { currency, rate, rateDate } = await withClient(session, (client) =>
    withProgress(session, words.asking, () => queryExchangeRate(client, asked, { signal: io.signal })),
  );
  const decimal = exchangeRate(rate);
  return {
    exitCode: EXIT_CODES.done,
    result: { currency, rate, decimal, rateDate },
    lines: [
      ...pairs([
        [labels.rate, `1 ${currency} = ${decimal} CNY`],
        [labels.rateDay, rateDate],
      ]),
      words.rateInforms,
    ],
  };
}
