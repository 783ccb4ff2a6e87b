import { expect, it } from 'vitest';
import { failure } from '../../test/failure.js';
import { refusal, scripted, SILENCE, type Answer } from '../../test/scripted.js';
import { queryAllRefunds } from '../index.js';

/** A page of Query Refund with these refunds, of so many. */
function page(numbers: readonly number[], total?: number, more: Readonly<Record<string, string>> = {}): Answer {
  const fields: Record<string, string> = { transaction_id: '42', refund_count: String(numbers.length), ...more };
  if (total !== undefined) fields.total_refund_count = String(total);
  for (const [index, number] of numbers.entries()) {
    fields[`refund_id_${index}`] = `5${number}`;
    fields[`out_refund_no_${index}`] = `R${number}`;
    fields[`refund_fee_${index}`] = String(number);
    fields[`refund_status_${index}`] = 'SUCCESS';
  }
  return fields;
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);
const ORDER = { outTradeNo: '1' };

async function all(...answers: [Answer, ...Answer[]]) {
  const { client, calls } = scripted(answers);
  const result = queryAllRefunds(client, ORDER);
  await result.catch(() => undefined);
  return { result, offsets: calls.map(({ fields }) => fields.offset), calls };
}

it('one page: what the order costs, and its refunds', async () => {
  const { result, calls } = await all(page([1, 2], 2, { total_fee: '888' }));
  const found = await result;
  expect(found).toMatchObject({ totalFee: 888, refunds: [{ refundId: '51' }, { refundId: '52', refundFee: 2 }] });
  expect(found.refunds).toHaveLength(2);
  expect(calls).toMatchObject([{ path: '/pay/refundquery', fields: { out_trade_no: '1' } }]);
  expect(calls[0]?.fields).not.toHaveProperty('offset');
});

it('without total_fee, nothing is said about what the order costs', async () => {
  expect(Object.keys(await (await all(page([1], 1))).result)).toEqual(['refunds']);
});

it('pages: each from where the last one ended', async () => {
  const pages = [page(numbers(0, 10), 25), page(numbers(10, 20), 25), page(numbers(20, 25), 25)] as const;
  const { result, offsets, calls } = await all(...pages);
  expect((await result).refunds.map(({ outRefundNo }) => outRefundNo)).toEqual(numbers(0, 25).map((n) => `R${n}`));
  expect(offsets).toEqual([undefined, '10', '20']);
  expect(calls.every(({ fields }) => fields.out_trade_no === '1')).toBe(true);
});

it('the first page tells how many there are where a later one does not; a later one may know better', async () => {
  const silent = await all(page(numbers(0, 10), 11), page([10]));
  expect((await silent.result).refunds).toHaveLength(11);
  // Another refund was made meanwhile.
  const more = await all(page(numbers(0, 10), 11), page([10], 12), page([11], 12));
  expect((await more.result).refunds).toHaveLength(12);
  expect(more.offsets).toEqual([undefined, '10', '11']);
});

it('where nobody tells how many there are, the first page is all', async () => {
  const { result, calls } = await all(page([1, 2]), page([3]));
  expect((await result).refunds).toHaveLength(2);
  expect(calls).toHaveLength(1);
});

it.each<[what: string, last: Answer, refunds: number]>([
  ['a page that is not full is the last', page([10, 11]), 12],
  ['an empty one too', page([]), 10],
  ['and there is none past the last', refusal('PARAM_ERROR'), 10],
])('where nobody tells how many there are, a full page is no proof that it was the last: %s', async (_, last, many) => {
  const { result, offsets } = await all(page(numbers(0, 10)), last);
  expect((await result).refunds).toHaveLength(many);
  expect(offsets).toEqual([undefined, '10']);
});

it('a refund that two pages list counts once', async () => {
  const { result, offsets } = await all(page([1, 2], 3), page([2], 3), page([3], 3));
  expect((await result).refunds.map(({ outRefundNo }) => outRefundNo)).toEqual(['R1', 'R2', 'R3']);
  expect(offsets).toEqual([undefined, '2', '3']);
});

it.each<[what: string, next: Answer]>([
  ['an empty page', page([], 3)],
  ['past the last page', refusal('PARAM_ERROR')],
])('pages that do not bring what the first one told of are no answer: %s', async (_, next) => {
  const { result, calls } = await all(page([1, 2], 3), next);
  const error = await failure(result);
  expect(error).toMatchObject({
    code: 'WECHATPAY_MALFORMED_RESPONSE',
    outcome: 'unknown',
    message: 'Query Refund told of 3 refunds and brought 2; ask by outRefundNo for the others.',
  });
  expect(calls).toHaveLength(2);
});

it('ten pages at most', async () => {
  const one =
    (total: number): Answer =>
    ({ offset = '0' }) =>
      page([Number(offset)], total);
  const ten = await all(one(10));
  expect((await ten.result).refunds).toHaveLength(10);
  const eleven = await all(one(11));
  expect(await failure(eleven.result)).toMatchObject({ message: expect.stringContaining('of 11 refunds') as string });
  expect(eleven.calls).toHaveLength(10);
});

it.each<[what: string, answers: [Answer, ...Answer[]], errorCode: string]>([
  ['the first page', [refusal('PARAM_ERROR')], 'PARAM_ERROR'],
  ['a later page', [page([1], 2), refusal('SYSTEMERROR')], 'SYSTEMERROR'],
])('what a page fails with is thrown: %s', async (_, answers, errorCode) => {
  expect(await failure((await all(...answers)).result)).toMatchObject({ errorCode });
});

it('what a later page fails with that is no refusal is thrown too', async () => {
  const error = await failure((await all(page([1], 2), { return_code: 'FAIL', return_msg: 'PARAM_ERROR' })).result);
  expect(error).toMatchObject({ code: 'WECHATPAY_GATEWAY_FAIL' });
});

it('an abort stops it, on each page', async () => {
  const abort = new AbortController();
  const aborting = (): Answer => {
    setImmediate(() => {
      abort.abort();
    });
    return SILENCE;
  };
  const { client, calls } = scripted([page([1], 2), aborting]);
  const error = await failure(queryAllRefunds(client, ORDER, { signal: abort.signal }));
  expect(error).toMatchObject({ code: 'WECHATPAY_ABORTED' });
  expect(await failure(queryAllRefunds(client, ORDER, { signal: abort.signal }))).toMatchObject({
    outcome: 'not-sent',
  });
  expect(calls).toHaveLength(2);
});
