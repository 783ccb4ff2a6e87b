import type { Chronicle } from './chronicle.js';
import { QUICK_PAY_PAGE, REFUND_PAGE, REVERSE_PAGE } from '../../../wechatpay-core/test/truth/pages.js';

// What the stories reached. A generator that has lost its way would prove nothing.

export const MUST_BE_REACHED: readonly string[] = [
  ...['pay: paid', 'pay: declined', 'pay: pending', 'pay: refused, charged before'],
  ...[
    'reverse: enqueued',
    'reverse: already-reversing',
    'reverse: ended',
    'cancel: true',
    'cancel: false',
    'redrive: true',
  ],
  ...['paid', 'reversed', 'closed', 'refunded', 'needs-attention'].map((kind) => `stored: ${kind}`),
  ...['dead', 'cancelled', 'a second end', 'told twice'],
  ...['a charge', 'a reversal', 'a refund', 'a death', 'a lease lapsed', 'a process stopped in good order'],
  ...['stored: unresolved', 'a worker without the client'],
];

/** Counts what one story reached. */
export function reach(chronicle: Chronicle, count: (what: string, isReached?: boolean) => void): void {
  const { deeds, store, tellings, left, deaths } = chronicle;
  for (const { act, ended } of deeds) {
    if (ended?.how === 'result') {
      const { outcome } = Object(ended.result) as { outcome?: { kind: string } };
      if (act.does === 'pay') count(`pay: ${outcome?.kind}`);
      if (['reverse', 'cancel', 'redrive'].includes(act.does)) count(`${act.does}: ${String(ended.result)}`);
      count('a process stopped in good order', act.does === 'stop');
    }
    count('pay: refused, charged before', ended?.how === 'error' && String(ended.error).includes('charged before'));
  }
  for (const rows of store.history.values()) {
    const { status, data } = rows.at(-1)!;
    if (data.outcome) count(`stored: ${data.outcome.kind}`);
    count(status);
    count('a second end', (data.end ?? 0) > 1);
    const told = tellings.filter(({ resolved }) => resolved.id === rows[0]!.id);
    count('told twice', told.length > new Set(told.map(({ resolved }) => resolved.end)).size);
  }
  count(
    'a worker without the client',
    chronicle.story.seats.some(({ works, isForeign }) => works && isForeign),
  );
  count('a lease lapsed', store.lapsed > 0);
  count('a death', deaths > 0);
  for (const { path } of left) {
    count('a charge', path === QUICK_PAY_PAGE.path);
    count('a reversal', path === REVERSE_PAGE.path);
    count('a refund', path === REFUND_PAGE.path);
  }
}
