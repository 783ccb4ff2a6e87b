import { outcomeOf } from './evidence.js';
import { CLOSE_PAGE, QUERY_REFUND_PAGE, REFUND_PAGE } from './pages.js';
import type { Told } from './tell.js';

// What the stories of Unified Order reached.

export const CLOSING_MUST_BE_REACHED: readonly string[] = [
  ...['paid', 'paid late', 'closed', 'never came', 'refunded', 'needs-attention', 'unresolved'],
  ...['a close', 'a close that closed', 'a close of a paid order', 'a close without an answer', 'a second close'],
  ...['a refund', 'Query Refund', 'a closed order was paid', 'a late reply of an earlier call'],
  ...['a genuine notification', 'a forged notification', "another's notification", 'a hint of the phone', 'many hints'],
  ...['a callback threw', 'aborted', 'died', 'gone on from a state', 'the clock was set'],
];

/** Counts what one story reached. */
export function reachClosing({ lives, keeper }: Told, count: (what: string, isReached?: boolean) => void): void {
  for (const { deeds } of lives) {
    for (const deed of deeds) {
      const outcome = outcomeOf(deed);
      if (outcome) count(outcome.kind);
      count('paid late', outcome?.kind === 'paid' && 'isLate' in outcome);
      count('never came', outcome?.kind === 'closed' && !outcome.found);
      const { hints = [] } = deed.act;
      count(
        'a genuine notification',
        hints.some(({ says }) => says === 'genuine'),
      );
      count(
        'a forged notification',
        hints.some(({ says }) => says === 'forged'),
      );
      count(
        "another's notification",
        hints.some(({ says }) => says === "another's"),
      );
      count(
        'a hint of the phone',
        hints.some(({ says }) => says === 'phone'),
      );
      count('many hints', hints.length > 20);
      count('a callback threw', deed.thrown !== undefined);
      count('aborted', deed.isAborted);
      count('died', deed.ended.how === 'died');
      count('gone on from a state', deed.from !== undefined);
      count('the clock was set', deed.jumpedMs !== 0);
    }
  }
  const closes = keeper.sent.filter(({ path }) => path === CLOSE_PAGE.path);
  count('a close', closes.length > 0);
  count('a second close', closes.length > 1);
  count(
    'a close that closed',
    closes.some(({ hadEffect }) => hadEffect),
  );
  const answers = keeper.heard.filter(({ path }) => path === CLOSE_PAGE.path);
  count(
    'a close of a paid order',
    answers.some(({ word }) => word.kind === 'code' && word.code === 'ORDERPAID'),
  );
  count(
    'a close without an answer',
    answers.some(({ word }) => word.kind === 'nothing'),
  );
  count(
    'a closed order was paid',
    closes.some(({ hadEffect }) => hadEffect) && [...keeper.orders.values()].some(({ paidAt }) => paidAt !== undefined),
  );
  count(
    'a refund',
    keeper.sent.some(({ path }) => path === REFUND_PAGE.path),
  );
  count(
    'Query Refund',
    keeper.sent.some(({ path }) => path === QUERY_REFUND_PAGE.path),
  );
  count(
    'a late reply of an earlier call',
    keeper.sent.some(({ isMistaken }) => isMistaken),
  );
}
