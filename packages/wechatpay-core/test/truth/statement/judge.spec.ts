import { describeJudge } from '../run.js';
import { FAILURES, story } from './story.js';
import { LAWS, tell } from './tell.js';

const CLASSES = [
  ...['agreed', 'statement-only', 'transaction-differs', 'state-differs', 'currency-differs', 'amount-differs'],
  ...['fee-differs', 'reversed-in-book', 'reversed-in-statement', 'repeated', 'book-only'],
];
const REASONS = ['across-midnight', 'refund-in-progress', 'late'];

describeJudge({
  story,
  tell,
  lawNames: Object.values(LAWS),
  runs: 500,
  mustBeReached: [...CLASSES, ...REASONS, ...FAILURES],
  atLeastOnceIn: 250,
  reach: ({ story: { failure: wanted }, found, failure }, count) => {
    if (failure !== undefined && wanted !== null) count(wanted);
    const words = new Set(found.flatMap((line) => line.split(' ')));
    for (const word of [...CLASSES, ...REASONS]) count(word, words.has(word));
  },
});
