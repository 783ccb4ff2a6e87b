import fc from 'fast-check';
import { expect, it } from 'vitest';
import { answering } from '../../test/answering.js';
import { decodeXml, queryOrder, quickPay } from '../index.js';

const PURCHASE = { outTradeNo: '1', body: 'tea', totalFee: 1, authCode: '120061098828009406', spbillCreateIp: '::1' };

it('a time survives the way to the wire and back, to the second', async () => {
  const time = fc.date({
    min: new Date('1970-01-01T00:00:00Z'),
    max: new Date('9999-12-31T15:59:59Z'),
    noInvalidDate: true,
  });
  await fc.assert(
    fc.asyncProperty(time, async (date) => {
      const { client, requests } = answering({
        transaction_id: '42',
        out_trade_no: '1',
        total_fee: String(PURCHASE.totalFee),
      });
      await quickPay(client, { ...PURCHASE, timeStart: date });
      const { time_start: text = '' } = decodeXml(requests[0]!.body);
      expect(text).toMatch(/^\d{14}$/);
      const answer = answering({ trade_state: 'SUCCESS', transaction_id: '42', out_trade_no: '1', time_end: text });
      const { paidAt } = await queryOrder(answer.client, { outTradeNo: '1' });
      expect(paidAt!.getTime()).toBe(Math.floor(date.getTime() / 1000) * 1000);
    }),
  );
});

it('every amount that a number holds survives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.maxSafeNat(), async (amount) => {
      const totalFee = Math.max(1, amount);
      const { client, requests } = answering({ transaction_id: '42', out_trade_no: '1', total_fee: String(totalFee) });
      await expect(quickPay(client, { ...PURCHASE, totalFee })).resolves.toMatchObject({ totalFee });
      expect(decodeXml(requests[0]!.body).total_fee).toBe(String(totalFee));
    }),
  );
});

it.each([
  ['128 characters, each two units of UTF-16', '🀄'.repeat(128), true],
  ['129 of them', '🀄'.repeat(129), false],
  ['128 letters', 'a'.repeat(128), true],
  ['129 letters', 'a'.repeat(129), false],
])('a limit counts characters: %s', async (_, body, isTaken) => {
  const { client, requests } = answering({
    transaction_id: '42',
    out_trade_no: '1',
    total_fee: String(PURCHASE.totalFee),
  });
  const paying = quickPay(client, { ...PURCHASE, body });
  if (isTaken) await paying;
  else await expect(paying).rejects.toMatchObject({ field: 'body', outcome: 'not-sent' });
  expect(requests).toHaveLength(isTaken ? 1 : 0);
});
