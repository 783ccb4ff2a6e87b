import { beforeEach, expect, it, test } from 'vitest';
import { directly, fieldsOf } from '../../test/direct.js';
import { Sandbox } from '../index.js';

const path = '/pay/settlementquery';
const sandbox = await Sandbox.create();

function ask(fields: Record<string, string>): ReturnType<typeof directly> {
  return directly(sandbox, path, { offset: '0', limit: '10', ...fields });
}

function setClock(time: string): void {
  sandbox.clock.advance(Date.parse(`${time}+08:00`) - sandbox.clock.now());
}

beforeEach(() => {
  sandbox.reset();
  setClock('2026-03-01T12:00:00');
  const createdAt = new Date('2026-03-01T12:00:00+08:00');
  sandbox.orders.create({ state: 'paid', outTradeNo: 'a', totalFee: 888, createdAt });
  sandbox.orders.create({ state: 'refunded', outTradeNo: 'b', totalFee: 300, createdAt });
});

const march = { usetag: '1', date_start: '20260301', date_end: '20260331' };

it('sums the ledger up by days, from 10:00 of the next one, nested and unsigned', () => {
  setClock('2026-03-02T10:00:00');
  expect(
    ask(march)
      .body.toString()
      .replaceAll(/<!\[CDATA\[|\]\]>|\n/g, ''),
  ).toBe(
    '<xml><return_code>SUCCESS</return_code><return_msg>OK</return_msg><result_code>SUCCESS</result_code><record_num>1</record_num>' +
      '<setteinfo_0><date_settlement>2026-03-01</date_settlement><date_start>2026-03-01</date_start><date_end>2026-03-01</date_end>' +
      '<settlement_fee>883</settlement_fee><settlementfee_type>HKD</settlementfee_type><pay_fee>1188</pay_fee><refund_fee>-300</refund_fee>' +
      '<pay_net_fee>888</pay_net_fee><poundage_fee>5</poundage_fee><unsettlement_fee>0</unsettlement_fee><fbatchno>202603010001</fbatchno>' +
      '</setteinfo_0></xml>',
  );
});

it('has it as outstanding before', () => {
  setClock('2026-03-02T09:59:00');
  expect(ask(march).body.toString()).toContain('<record_num><![CDATA[0]]>');
  expect(ask({ usetag: '2' }).body.toString()).toMatch(/unsettlement_fee><!\[CDATA\[883\]\]>/);
});

test.each([
  [{ usetag: '3' }],
  [{ usetag: '1' }],
  [{ ...march, date_start: '20260231' }],
  [{ ...march, offset: 'x' }],
  [{ ...march, query_split: 'yes' }],
])('refuses %j, signed', (fields) => {
  expect(fieldsOf(ask(fields))).toMatchObject({
    result_code: 'FAIL',
    err_code: 'PARAM_ERROR',
    sign: expect.any(String) as string,
  });
});

it('meets the faults of the network', () => {
  sandbox.faults.add({ kind: 'cut', at: 'body' });
  expect(ask(march)).toMatchObject({ kind: 'cut' });
});
