import { gunzipSync } from 'node:zlib';
import { beforeEach, describe, expect, it, test } from 'vitest';
import { directly, fieldsOf } from '../../test/direct.js';
import { Sandbox, statementEditions, type DirectReply, type Merchant, type StatementFault } from '../index.js';

const path = '/pay/downloadbill';
const hourMs = 60 * 60 * 1_000;
const ready = Date.parse('2026-03-02T10:00:00+08:00');

const sandbox = await Sandbox.create();

function setClock(time: number): void {
  sandbox.clock.advance(time - sandbox.clock.now());
}

beforeEach(() => {
  sandbox.reset();
  setClock(ready);
});

function ask(fields: Record<string, string> = {}, merchant?: Merchant): DirectReply {
  return directly(sandbox, path, { bill_date: '20260301', bill_type: 'ALL', ...fields }, merchant);
}

function textOf(reply: DirectReply): string {
  return reply.kind === 'reply' ? reply.body.toString() : '';
}

function pay(outTradeNo: string, time = '12:00:00', totalFee = 888, currency = 'HKD'): void {
  sandbox.orders.create({
    state: 'paid',
    outTradeNo,
    totalFee,
    currency,
    createdAt: new Date(`2026-03-01T${time}+08:00`),
  });
}

describe('the statement of a day', () => {
  it('lists payments, refunds and reversals, and sums them up', () => {
    setClock(Date.parse('2026-03-01T12:00:00+08:00'));
    pay('paid');
    pay('yen', '12:00:00', 888, 'JPY');
    pay('back');
    sandbox.orders.reverse(sandbox.orders.get('back')!);
    directly(sandbox, '/secapi/pay/refund', {
      out_trade_no: 'paid',
      out_refund_no: 'R-0001',
      total_fee: '888',
      refund_fee: '300',
    });
    setClock(ready);

    const lines = textOf(ask()).split('\r\n');
    expect(lines[0]).toMatch(/^\uFEFF交易时间,公众账号ID,/);
    expect(lines[0]!.split(',')).toHaveLength(27);
    const rows = lines.slice(1, 6).map((line) => line.slice(1).split(',`'));
    expect(rows.map((row) => [row[6], row[9], row[24], row[25], row[22]])).toEqual([
      ['paid', 'SUCCESS', '8.88', '0.00', '0.05328'],
      ['yen', 'SUCCESS', '888.00', '0.00', '5.32800'],
      ['back', 'SUCCESS', '8.88', '0.00', '0.05328'],
      ['back', 'REVOKED', '0.00', '8.88', '-0.05328'],
      ['paid', 'REFUND', '0.00', '3.00', '-0.01800'],
    ]);
    expect(lines.slice(6)).toEqual([
      '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额',
      '`5,`905.76,`11.88,`0.00,`5.36328,`905.76,`11.88',
      '',
    ]);
  });

  it('is that of Beijing', () => {
    pay('first', '00:00:00');
    pay('last', '23:59:59');
    expect(textOf(ask()).match(/`(first|last)/g)).toEqual(['`first', '`last']);
    expect(fieldsOf(ask({ bill_date: '20260228' }))).toMatchObject({ return_msg: 'No Bill Exist' });
  });

  test.each([
    ['current', 'ALL', 27],
    ['current', 'SUCCESS', 20],
    ['current', 'REFUND', 29],
    ['red-packet', 'ALL', 24],
    ['red-packet', 'SUCCESS', 18],
    ['red-packet', 'REFUND', 26],
    ['coupon', 'ALL', 24],
    ['english', 'ALL', 35],
  ] as const)('in the edition %s, of type %s, has %d columns', (edition, type, columns) => {
    Object.assign(sandbox.statements.style, { edition, emptyDay: 'zeros', byteOrderMark: false });
    expect(
      textOf(ask({ bill_type: type }))
        .split('\r\n')[0]!
        .split(','),
    ).toHaveLength(columns);
  });

  test.each(statementEditions)('has as many cells as columns in the edition %s', (edition) => {
    Object.assign(sandbox.statements.style, { edition, lineEnd: '\n' });
    pay('0012');
    const [header = '', row = ''] = textOf(ask()).split('\n');
    expect(row.split(',`')).toHaveLength(header.split(',').length);
  });

  it('is packed where that was asked for, with a file name in its head', () => {
    pay('0012');
    const plain = textOf(ask());
    const packed = ask({ tar_type: 'GZIP' });
    if (packed.kind !== 'reply') throw new Error('It did not come.');
    expect(gunzipSync(packed.body).toString()).toBe(plain);
    expect(packed.body.subarray(10).toString('latin1')).toContain(`${sandbox.merchant.merchantId}All2026-03-01.csv`);
  });

  it('lists a reversal in place where that is wished', () => {
    sandbox.statements.style.reversals = 'in-place';
    pay('back', '12:00:00');
    setClock(Date.parse('2026-03-01T12:01:00+08:00'));
    sandbox.orders.reverse(sandbox.orders.get('back')!);
    setClock(ready);
    const rows = textOf(ask()).split('\r\n').slice(1, -3);
    expect(rows.map((row) => row.split(',`')[9])).toEqual(['REVOKED']);
  });

  it('is of all sub-merchants of an institution, or of one', async () => {
    const merchant = await sandbox.merchants.create({
      subMerchants: [{ subMerchantId: '501' }, { subMerchantId: '502' }],
    });
    for (const subMerchantId of ['501', '502']) {
      sandbox.orders.create({
        state: 'paid',
        merchant,
        subMerchantId,
        createdAt: new Date('2026-03-01T12:00:00+08:00'),
      });
    }
    expect(textOf(ask({}, merchant)).match(/`50[12],/g)).toEqual(['`501,', '`502,']);
    expect(textOf(ask({ sub_mch_id: '502' }, merchant)).match(/`50[12],/g)).toEqual(['`502,']);
  });
});

describe('refusals are unsigned XML, never packed', () => {
  test.each([
    [{ bill_date: '20260231' }, 'data format error', '20001'],
    [{ bill_date: '' }, 'missing parameter', '20001'],
    [{ bill_type: 'NONE' }, 'invalid bill_type', '20001'],
    [{ tar_type: 'ZIP' }, 'data format error', '20001'],
    [{}, 'No Bill Exist', '20002'],
    [{ bill_date: '20260302' }, 'No Bill Exist', '20002'],
  ])('%j: %s', (fields, message, code) => {
    const reply = fieldsOf(ask({ tar_type: 'GZIP', ...fields }));
    expect(reply).toEqual({ return_code: 'FAIL', return_msg: message, error_code: code });
  });

  it('a wrong signature', () => {
    const stranger = { ...sandbox.merchant, subMerchants: [], apiKey: 'x'.repeat(32) };
    expect(fieldsOf(ask({}, stranger))).toMatchObject({ return_msg: 'SIGN ERROR' });
  });

  it('while it is being made', () => {
    pay('0012');
    setClock(ready - hourMs / 2);
    expect(fieldsOf(ask())).toMatchObject({ return_msg: 'Bill Creating' });
    setClock(ready - 1.5 * hourMs);
    expect(fieldsOf(ask())).toMatchObject({ return_msg: 'No Bill Exist' });
  });
});

describe('faults', () => {
  const rowsOf = (reply: DirectReply): string[] => textOf(reply).split('\r\n').slice(1, -3);
  beforeEach(() => {
    pay('0012');
    pay('0013', '13:00:00');
  });

  test.each<readonly [StatementFault, number, string]>([
    [{ kind: 'row-missing' }, 1, '`2,'],
    [{ kind: 'row-missing', hidden: true }, 1, '`1,'],
    [{ kind: 'row-doubled', row: 1 }, 3, '`2,'],
    [{ kind: 'row-doubled', hidden: true }, 3, '`3,'],
    [{ kind: 'row-altered', value: '7' }, 2, '`2,'],
    [{ kind: 'amount-altered', amount: 100 }, 2, '`2,`9.88'],
    [{ kind: 'summary-wrong' }, 2, '`3,'],
  ])('%j', (fault, rows, summary) => {
    sandbox.statements.addFault(fault);
    expect(sandbox.statements.pendingFaults).toEqual([fault]);
    const reply = ask();
    expect(rowsOf(reply)).toHaveLength(rows);
    expect(textOf(reply).split('\r\n').at(-2)).toMatch(new RegExp(`^${summary}`));
    expect(rowsOf(ask())).toHaveLength(2);
  });

  it('end in the middle of a row, or of the gzip', () => {
    const whole = textOf(ask());
    sandbox.statements.addFault({ kind: 'truncated', row: 0 });
    const cut = textOf(ask());
    expect(whole.startsWith(cut)).toBe(true);
    expect(cut.split('\r\n')).toHaveLength(2);
    sandbox.statements.addFault({ kind: 'gzip-cut' });
    const packed = ask({ tar_type: 'GZIP' });
    expect(() => gunzipSync(packed.body)).toThrow();
  });

  it('of one statement strike it together, in their order; the next one meets the next', () => {
    sandbox.statements.addFault(
      { kind: 'row-missing', hidden: true },
      { kind: 'row-doubled', hidden: true },
      { kind: 'row-altered', column: '微信订单号', value: '42', row: 1 },
    );
    sandbox.statements.addFault({ kind: 'row-missing', hidden: true });
    expect(sandbox.statements.pendingFaults).toHaveLength(4);
    const rows = rowsOf(ask());
    expect(rows.map((row) => row.includes('`0013,'))).toEqual([true, true]);
    expect(rows.map((row) => row.includes('`42,'))).toEqual([false, true]);
    expect(rowsOf(ask())).toHaveLength(1);
    expect(rowsOf(ask())).toHaveLength(2);
  });

  it('move the columns, header and rows alike', () => {
    sandbox.statements.addFault({ kind: 'columns-moved' });
    const [header = '', row = ''] = textOf(ask()).replace('\uFEFF', '').split('\r\n');
    const cells = row.slice(1).split(',`');
    expect(cells[header.split(',').indexOf('商户订单号')]).toBe('0012');
    expect(header.split(',')[0]).toBe('费率备注');
  });

  it('come slowly', () => {
    sandbox.statements.addFault({ kind: 'slow', pieces: 10, pauseMs: 20 });
    expect(ask()).toMatchObject({ kind: 'reply', delayMs: 200 });
  });

  it('of the network strike too', () => {
    sandbox.faults.add({ kind: 'cut', at: 'body' });
    expect(ask()).toMatchObject({ kind: 'cut' });
    expect(sandbox.requests.at(-1)).toMatchObject({ fault: 'cut', answer: 'a statement of 2 rows' });
  });
});
