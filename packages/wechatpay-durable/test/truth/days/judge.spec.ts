import { statementEditions } from 'wechatpay-sandbox';
import { describeJudge } from '../../../../wechatpay-core/test/truth/run.js';
import { story } from './story.js';
import { LAWS, tell } from './tell.js';

const CLASSES = ['statement-only', 'amount-differs', 'state-differs', 'reversed-in-book', 'reversed-in-statement'];
const ENDS = [
  'matched',
  'needs-person',
  'unknown-order',
  'unknown-refund',
  'answer-agrees-with-order',
  'return-is-for-person',
  'not-in-three-days',
];

describeJudge({
  story,
  tell,
  lawNames: Object.values(LAWS),
  runs: 500,
  mustBeReached: [
    ...CLASSES,
    'book-only',
    'repeated',
    ...ENDS,
    'a second end',
    'money moved',
    'silence',
    'no statement',
    'columns moved',
    'stored late',
    'claimed late',
    ...statementEditions,
  ],
  atLeastOnceIn: 100,
  reach: ({ story: { isSilent, failure, edition, areColumnsMoved }, orders, differences, movements }, count) => {
    const words = new Set(differences.flatMap(({ class: of, status, why }) => [of, status, why]));
    for (const word of [...CLASSES, 'book-only', 'repeated', ...ENDS]) count(word, words.has(word as never));
    count(
      'a second end',
      orders.some(({ row }) => (row?.end ?? 0) > 1),
    );
    count('money moved', movements > 0);
    count('silence', isSilent);
    count('no statement', failure !== null);
    count('columns moved', areColumnsMoved);
    const late = orders.filter(({ order }) => order.storedAfterDays > 0);
    count('stored late', late.length > 0);
    count(
      'claimed late',
      late.some(({ order: { outTradeNo } }) =>
        differences.some((each) => each.outTradeNo === outTradeNo && each.class === 'book-only'),
      ),
    );
    count(edition);
  },
});
