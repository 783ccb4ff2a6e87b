import { isResolving, outcomeOf, policyOf } from './evidence.js';
import type { Told } from './tell.js';
import { QUERY_REFUND_PAGE, QUICK_PAY_PAGE, REFUND_PAGE, REVERSE_PAGE } from './pages.js';

// What the stories reached. A generator that has lost its way would prove nothing.

/** Every end of an order, and what each law is about. */
export const MUST_BE_REACHED: readonly string[] = [
  ...['paid', 'declined', 'reversed', 'closed', 'refunded', 'refund-required', 'needs-attention', 'unresolved'],
  ...['paid at once', 'a reversal under keep', 'a refund', 'a second refund', 'Query Refund'],
  ...[
    'said to be paid, as asked',
    'said to be paid, with another amount',
    'only odd in what informs',
    'not to be believed',
  ],
  ...[
    'nobody asked',
    'a request under way',
    'a late reply of an earlier call',
    'a callback threw',
    'a callback took long',
  ],
  ...['aborted', 'died', 'gone on from a state', 'the clock was set', 'a wrong argument', 'other orders beside it'],
];

/** Counts what one story reached. */
export function reach({ lives, keeper }: Told, count: (what: string, isReached?: boolean) => void): void {
  for (const { deeds, story } of lives) {
    count('other orders beside it', story.neighbours.length > 0);
    for (const deed of deeds) {
      const { act, ended, from, sent } = deed;
      const kind = outcomeOf(deed)?.kind;
      if (kind) count(kind);
      count('paid at once', ended.how === 'result' && act.does === 'pay' && 'result' in Object(ended.result));
      const isKept = isResolving(deed) && policyOf(deed).keeps;
      count(
        'a reversal under keep',
        isKept && keeper.sent.slice(...sent).some(({ path }) => path === REVERSE_PAGE.path),
      );
      count('a callback threw', deed.thrown !== undefined);
      count('a callback took long', deed.hungMs > 0);
      count('aborted', deed.isAborted);
      count('died', ended.how === 'died');
      count('gone on from a state', from !== undefined);
      count('the clock was set', deed.jumpedMs !== 0);
      count('a wrong argument', act.wrong !== null);
    }
  }
  const refunds = keeper.sent.filter(({ path }) => path === REFUND_PAGE.path);
  count('a refund', refunds.length > 0);
  count('a second refund', refunds.length > 1);
  for (const { path, isUnderWay, isMistaken } of keeper.sent) {
    count('Query Refund', path === QUERY_REFUND_PAGE.path);
    count('a request under way', isUnderWay && path !== QUICK_PAY_PAGE.path);
    count('a late reply of an earlier call', isMistaken);
  }
  for (const { word, isPlain, isOdd } of keeper.heard) {
    const isPaid = word.kind === 'state' && word.state === 'SUCCESS';
    count('said to be paid, as asked', isPaid && word.amount === 'as-asked');
    count('said to be paid, with another amount', isPaid && word.amount === 'another');
    count('only odd in what informs', isPlain && isOdd);
    count('not to be believed', word.kind === 'nothing');
    count('nobody asked', word.kind === 'not-asked');
  }
}
