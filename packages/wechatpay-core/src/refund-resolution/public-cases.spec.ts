import { expect, it } from 'vitest';
import { refusal, scripted, type Answer } from '../../test/scripted.js';
import { failure } from '../../test/failure.js';
import {
  checkRefundPart,
  queryAllRefunds,
  refundAndResolve,
  refundOrder,
  resumeRefund,
  type RefundAndResolveOptions,
  type RefundAndResolveRequest,
  type RefundResolution,
} from '../index.js';

// Troubles that others had with refunds, as they told of them in public, each with the right end. Numbers and amounts are made up.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const START = Date.UTC(2026, 10, 27, 9);
const request: RefundAndResolveRequest = {
  outTradeNo: 'T-0001',
  outRefundNo: 'R-0001',
  totalFee: 888,
  refundFee: 300,
  refundCurrency: 'HKD',
};
const accepted: Answer = { transaction_id: '42', out_refund_no: 'R-0001', refund_id: '50', refund_fee: '300' };
const refund = (status: string, fee = '300'): Answer => ({
  transaction_id: '42',
  out_trade_no: 'T-0001',
  total_fee: '888',
  fee_type: 'HKD',
  out_refund_no_0: 'R-0001',
  refund_id_0: '50',
  refund_fee_0: fee,
  refund_status_0: status,
});
const lost = new Error('the connection broke');
const absent = refusal('REFUNDNOTEXIST');

interface Told extends RefundResolution {
  /** Every Submit Refund: its number, and when, in minutes. */
  readonly submitted: readonly { readonly number: string | undefined; readonly at: number }[];
}

async function run(answers: readonly [Answer, ...Answer[]], options: RefundAndResolveOptions = {}): Promise<Told> {
  const { client, calls, wait } = scripted(answers, { time: START });
  const result = await refundAndResolve(client, request, { wait, deadline: new Date(START + 72 * HOUR), ...options });
  const submitted = calls
    .filter(({ path }) => path === '/secapi/pay/refund')
    .map(({ fields, at }) => ({ number: fields.out_refund_no, at: (at - START) / MINUTE }));
  return { ...result, submitted };
}

const CASES: readonly { source: string; trouble: string; test: () => Promise<void> | void }[] = [
  {
    source: 'https://github.com/binarywang/WxJava/issues/716',
    trouble: 'NOTENOUGH, whose reply has none of the fields of a success, is an error of its own',
    test: async () => {
      const { client } = scripted([refusal('NOTENOUGH')]);
      const error = await failure(refundOrder(client, request));
      expect(error).toMatchObject({ errorCode: 'NOTENOUGH', outcome: 'rejected', advice: 'retry-later' });
    },
  },
  {
    source: 'https://github.com/helei112g/payment/issues/68',
    trouble: 'a refund that the balance refused passes with a later sale, under the same number, once',
    test: async () => {
      const low = refusal('NOTENOUGH');
      const told = await run([low, low, accepted, refund('SUCCESS')], { balanceRetryMs: 2 * HOUR });
      expect(told.outcome.kind).toBe('refunded');
      expect(told.submitted.map(({ number }) => number)).toEqual(['R-0001', 'R-0001', 'R-0001']);
      expect(told.submitted[2]?.at).toBeGreaterThanOrEqual(240);
    },
  },
  {
    source: 'https://developers.weixin.qq.com/community/develop/doc/0008e863b94cf849145f0faa655c00',
    trouble: 'parts of one order are a minute apart, those of another go at once',
    test: () => {
      const parts = [{ outRefundNo: 'R-0000', refundFee: 100, submittedAt: START - 1000 }];
      const next = checkRefundPart(request, { totalFee: 888, parts }, START);
      expect(next).toMatchObject({ kind: 'allowed', notBefore: START + 59_000 });
      expect(checkRefundPart(request, { totalFee: 888, parts: [] }, START)).toMatchObject({ notBefore: START });
    },
  },
  {
    source: 'https://developers.weixin.qq.com/community/pay/doc/0002ee32e08a287e04c8cf3fb5c800',
    trouble: 'the first refund of an old order is throttled, and the second try passes',
    test: async () => {
      const told = await run([refusal('FREQUENCY_LIMITED'), accepted, refund('SUCCESS')]);
      expect(told.outcome.kind).toBe('refunded');
      expect(new Set(told.submitted.map(({ number }) => number)).size).toBe(1);
    },
  },
  {
    source: 'https://github.com/juspay/hyperswitch/pull/11491',
    trouble: 'an invalid amount is refused here, also as a further part',
    test: async () => {
      const { client, calls } = scripted([accepted]);
      for (const refundFee of [-1, 0, 1.5, 889, '300'] as number[]) {
        expect((await failure(refundAndResolve(client, { ...request, refundFee }))).message).toContain('refundFee');
        const check = (): unknown => checkRefundPart({ ...request, refundFee }, { totalFee: 888, parts: [] }, START);
        expect(check).toThrow('refundFee');
      }
      expect(calls).toEqual([]);
    },
  },
  {
    source: 'https://github.com/guzzle/guzzle/issues/1944',
    trouble: 'a number that was used for another amount: the first refund stands, and a person is told',
    test: async () => {
      const told = await run([refusal('REFUND_FEE_MISMATCH'), refund('SUCCESS', '301')]);
      expect(told.outcome).toMatchObject({ kind: 'needs-attention', reason: 'differs', found: { refundFee: 301 } });
      expect(told.submitted).toHaveLength(1);
      const parts = [{ outRefundNo: 'R-0001', refundFee: 301 }];
      expect(checkRefundPart(request, { totalFee: 888, parts }, START)).toMatchObject({ reason: 'number-used' });
    },
  },
  {
    source: 'https://github.com/alphagov/pay-connector/pull/5911',
    trouble: 'a time-out is no failure, and a refund that was called rejected may turn out refunded',
    test: async () => {
      const unknown = await run([lost, absent], { deadline: new Date(START + 10_000) });
      expect(unknown.outcome.kind).toBe('unresolved');
      const rejected = await run([refusal('NOAUTH'), absent]);
      for (const { state } of [unknown, rejected]) {
        const { client, wait } = scripted([refund('SUCCESS')], { time: START + HOUR });
        expect((await resumeRefund(client, state, { wait })).outcome.kind).toBe('refunded');
      }
    },
  },
  {
    source: 'https://github.com/PingPlusPlus/pingpp-java/issues/36',
    trouble: 'a refund is found by its own number after a time-out, never by its amount',
    test: async () => {
      const { client, calls, wait } = scripted([lost, refund('SUCCESS')], { time: START });
      await refundAndResolve(client, request, { wait });
      expect(calls[1]?.fields).toMatchObject({ out_refund_no: 'R-0001' });
      expect(calls[1]?.fields).not.toHaveProperty('out_trade_no');
    },
  },
  {
    source: 'https://developers.weixin.qq.com/community/pay/doc/00066c91a34ac8480df89274b5b000',
    trouble: 'the same number after success is the same success',
    test: async () => {
      const first = await run([accepted, refund('SUCCESS')]);
      const again = await run([accepted, refund('SUCCESS')]);
      expect(again.outcome).toEqual(first.outcome);
    },
  },
  {
    source: 'https://github.com/liyiorg/weixin-popular/issues/237',
    trouble: '23 parts are read page by page, each once, and an offset past the last is no failure',
    test: async () => {
      const page = ({ offset = '0' }: Readonly<Record<string, string>>): Answer => {
        const from = Number(offset);
        if (from >= 23) return refusal('PARAM_ERROR');
        const part = (index: number): [string, string][] => [
          [`out_refund_no_${index}`, `R-${from + index}`],
          [`refund_id_${index}`, `50${from + index}`],
          [`refund_fee_${index}`, '1'],
          [`refund_status_${index}`, 'SUCCESS'],
        ];
        const count = Math.min(10, 23 - from);
        const parts = Object.fromEntries(Array.from({ length: count }, (_, index) => part(index)).flat());
        return {
          transaction_id: '42',
          total_fee: '888',
          refund_count: String(count),
          total_refund_count: '23',
          ...parts,
        };
      };
      const { client } = scripted([page]);
      const { refunds } = await queryAllRefunds(client, { outTradeNo: 'T-0001' });
      expect(new Set(refunds.map(({ refundId }) => refundId)).size).toBe(23);
    },
  },
  {
    source: 'https://github.com/Automattic/woocommerce-payments/issues/5215',
    trouble: 'a refund in another currency than the payment’s is refused here',
    test: () => {
      const order = { totalFee: 888, currency: 'HKD', parts: [] };
      const check = checkRefundPart({ ...request, refundCurrency: 'CNY' }, order, START);
      expect(check).toMatchObject({ kind: 'refused', reason: 'currency-differs' });
    },
  },
  {
    source: 'https://github.com/ArtisanCloud/PowerWeChat/issues/45',
    trouble: 'the order’s number as the refund’s serves once: a second part with it is refused',
    test: () => {
      const parts = [{ outRefundNo: 'T-0001', refundFee: 300 }];
      const second = { ...request, outRefundNo: 'T-0001', refundFee: 100 };
      expect(checkRefundPart(second, { totalFee: 888, parts }, START)).toMatchObject({ reason: 'number-used' });
    },
  },
  {
    source: 'https://github.com/saleor/saleor/issues/12491',
    trouble: 'two who run the same refund at once make one: the number is the same',
    test: async () => {
      const { client, calls, wait } = scripted([accepted, accepted, refund('SUCCESS')], { time: START });
      const both = await Promise.all([
        refundAndResolve(client, request, { wait }),
        refundAndResolve(client, request, { wait }),
      ]);
      expect(both.map(({ outcome }) => outcome.kind)).toEqual(['refunded', 'refunded']);
      const numbers = calls
        .filter(({ path }) => path === '/secapi/pay/refund')
        .map(({ fields }) => fields.out_refund_no);
      expect(new Set(numbers)).toEqual(new Set(['R-0001']));
    },
  },
];

it.each(CASES)('$trouble ($source)', async ({ test }) => {
  await test();
});
