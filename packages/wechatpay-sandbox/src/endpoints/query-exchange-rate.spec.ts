import { beforeEach, expect, it, test } from 'vitest';
import { directly, fieldsOf } from '../../test/direct.js';
import { Sandbox } from '../index.js';

const path = '/pay/queryexchagerate';
const sandbox = await Sandbox.create();

function ask(fields: Record<string, string>): Record<string, string> {
  return fieldsOf(
    directly(sandbox, path, { fee_type: 'USD', date: '20260301', nonce_str: '', sign_type: '', ...fields }),
  );
}

beforeEach(() => {
  sandbox.reset();
  sandbox.clock.advance(Date.parse('2026-03-01T10:00:00+08:00') - sandbox.clock.now());
});

it('has no nonce and no result_code, and is signed with MD5', () => {
  const { sign, ...fields } = ask({});
  expect(fields).toEqual({
    return_code: 'SUCCESS',
    return_msg: 'OK',
    appid: sandbox.merchant.appId,
    mch_id: sandbox.merchant.merchantId,
    fee_type: 'USD',
    rate_time: '20260301',
    rate: '720000100',
  });
  expect(sign).toMatch(/^[0-9A-F]{32}$/);
});

it('changes at 10:00', () => {
  sandbox.clock.advance(-60_000);
  expect(ask({})).toMatchObject({ rate_time: '20260228', rate: '720002800' });
});

test.each([
  { fee_type: 'XAU' },
  { fee_type: '' },
  { date: '' },
  { date: '2026030' },
  { date: '20260230' },
  { date: '20260302' },
])('refuses %j', (fields) => {
  expect(ask(fields)).toMatchObject({ result_code: 'FAIL', err_code: 'PARAM_ERROR' });
});
