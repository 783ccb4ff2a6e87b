import { expect, it } from 'vitest';
import { findBannedWords } from '../../tools/check-words.js';

it.each([
  ['revoke it', 'revoke'],
  ['it was revoked', 'revoked'],
  ['canRevokeOrder()', 'canRevokeOrder'],
  ['to settle an order', 'settle'],
  ['settling takes time', 'settling'],
  ['await settleOrder()', 'settleOrder'],
  ['we give the money back', 'give the money back'],
  ['undo it', 'undo'],
  ['while undoing it', 'undoing'],
  ['mayGiveBack(deed)', 'mayGiveBack'],
  ['the storage engine', 'storage engine'],
  ['new PostgresEngine()', 'PostgresEngine'],
  ['a store back end', 'store back end'],
  ['new DurableReversals()', 'DurableReversals'],
  ['a durable guard', 'durable guard'],
  ['guards.enqueue(order)', 'guards.enqueue'],
  ['the lease holder stops', 'lease holder'],
  ['the holder of the lease', 'holder of the lease'],
  ['revive it', 'revive'],
  ['re-opened by hand', 're-opened'],
  ['our webhook', 'webhook'],
  ['the payment callback', 'payment callback'],
  ['the daily bill', 'daily bill'],
  ['download the bill', 'download the bill'],
  ['it takes no other option', 'takes no other option'],
  ['who has it in hand', 'in hand'],
  ['a state that is none', 'that is none'],
  ['says that the speed is none', 'that the speed is none'],
  ['this makes no sense', 'makes no sense'],
  ["a store of one's own", "of one's own"],
  ['told of each end', 'Told of each end'],
  ['to be gone on with', 'gone on with'],
  ['its cause mended', 'mended'],
  ['sees each order to its end', 'sees each order to its end'],
  ['orders are seen to their end', 'seen to their end'],
  ['x is no option; known are a, b', 'is no option'],
  ['x is refused; known are a, b', 'known are'],
  ['a property that nobody reads', 'nobody reads'],
  ['the smallest honest back end', 'smallest honest'],
  ['the house and its rules', 'the house'],
  ['what breaks the arrows', 'the arrows'],
  ['const LATER_MS = 1', 'LATER_MS'],
])('finds in "%s": %s', (text, found) => {
  const [problem, ...more] = findBannedWords('docs/a.md', `First line.\n${text}.\n`);
  expect(more.length).toBeLessThan(2); // "x is no option; known are" is two of them
  expect(problem?.toLowerCase()).toContain(`docs/a.md:2: "${found.toLowerCase()}"`);
  expect(problem).toMatch(/ Write: .+\.$/);
});

it.each(['town', 'mischief', 'weather', 'storm', 'crew', 'verdict', 'evidence'])(
  "the chaos test does not say %s, another file may: it speaks Jepsen's language",
  (word) => {
    const text = `// the ${word}s of the run`;
    expect(findBannedWords('packages/wechatpay-durable/chaos/run.ts', text)).toHaveLength(1);
    expect(findBannedWords('packages/wechatpay-durable/src/worker.ts', text)).toEqual([]);
  },
);

it('finds a phrase that goes on in the next line, once', () => {
  const text = ' * It sees each order\n * to its end.\n';
  expect(findBannedWords('src/a.ts', text)).toEqual(['src/a.ts:1: "sees each order to its end". Write: resolve.']);
  expect(findBannedWords('docs/a.md', 'It sees each order\n\nto the end')).toEqual([]);
});

it.each([
  'Revoke Order is the title of a page',
  "case 'REVOKED':",
  '[the page](docs/revoke-order.md)',
  'as the page says: "please revoke the order"',
  'Query Settlement is a page, settlement_fee a field, and a merchant ID has one settlement currency',
  'await Promise.allSettled(calls)',
  'querySettlement(client, { settled: true }) and QuerySettlementResult, of settlements, by POST /pay/settlementquery',
  'const { proxy, revoke } = Proxy.revocable({}, {})',
  '"engines": { "node": ">=20.19" }',
  'a callback that throws',
  'POST /pay/downloadbill',
  'an empty value takes no part in a signature',
  'the token guard; a guard before all routes',
  'a job of pg-boss',
  'who holds the lock of the folder: its holder',
  'JSON.parse(text, reviver)',
  'reverse, reversal, reversed; resolve, unresolved; redrive; decline; refuse',
])('lets stand: %s', (text) => {
  expect(findBannedWords('docs/a.md', text)).toEqual([]);
});

it('lets what is about settlements say so, and nothing else', () => {
  for (const file of ['packages/a/src/query-settlement.ts', 'packages/a/src/settlements.ts']) {
    expect(findBannedWords(file, 'isSettled')).toEqual([]);
    expect(findBannedWords(file, 'revoke')).toHaveLength(1);
  }
  expect(findBannedWords('packages/a/src/orders.ts', 'isSettled')).toHaveLength(1);
});

it.each(['docs/revoke-order.md', 'packages/a/test/stored-states/0.0.0.json'])('lets %s quote', (file) => {
  expect(findBannedWords(file, 'revoke')).toEqual([]);
});
