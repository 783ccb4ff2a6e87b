import { data } from 'currency-codes';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { minorUnitDigits, toMinorUnit, WechatPayRequestError } from '../index.js';

/** Of ISO 4217, but no money: metals, funds, tests. */
const NO_MINOR_UNIT = ['XAG', 'XAU', 'XBA', 'XBB', 'XBC', 'XBD', 'XDR', 'XPD', 'XPT', 'XSU', 'XTS', 'XUA', 'XXX'];

it('has the decimals of ISO 4217 for each of its currencies', () => {
  const listed = data.filter(({ code }) => !NO_MINOR_UNIT.includes(code));
  expect(listed.length).toBeGreaterThan(150);
  expect(listed.map(({ code }) => [code, minorUnitDigits(code)])).toEqual(
    listed.map(({ code, digits }) => [code, digits]),
  );
});

test.each([...NO_MINOR_UNIT, 'hkd', '', 'HK', 'constructor', '__proto__'])('knows no minor unit of %j', (code) => {
  expect(minorUnitDigits(code)).toBeUndefined();
});

describe('toMinorUnit', () => {
  test.each([
    ['8.88', 'HKD', 888],
    ['0.29', 'HKD', 29], // 28.999999999999996 by multiplication
    ['4.35', 'USD', 435],
    ['1.15', 'CNY', 115],
    ['888', 'JPY', 888],
    ['888.00', 'KRW', 888],
    ['1.005', 'KWD', 1_005],
    ['20.00', 'HUF', 2_000], // ICU, and so Intl, says that it has no decimals
    ['7.00', 'ISK', 7],
    ['-3.00', 'HKD', -300],
    ['-0.00', 'HKD', 0],
    ['8.8', 'HKD', 880],
    ['8', 'HKD', 800],
    ['0008.880', 'HKD', 888],
    ['9999999999999.99', 'HKD', 999_999_999_999_999],
  ])('turns %s %s into %d', (amount, currency, minor) => {
    expect(toMinorUnit(amount, currency)).toBe(minor);
  });

  test.each([
    ['8.885', 'HKD'],
    ['0.5', 'JPY'],
    ['¥8.88', 'HKD'],
    ['8,88', 'HKD'],
    ['1e3', 'HKD'],
    ['.5', 'HKD'],
    ['5.', 'HKD'],
    ['', 'HKD'],
    ['-', 'HKD'],
    ['+1', 'HKD'],
    [' 1', 'HKD'],
    ['1234567890123456', 'HKD'],
    ['100000000000000', 'CLF'],
    ['8.88', 'hkd'],
    ['8.88', 'XAU'],
    [8.88 as unknown as string, 'HKD'],
    [undefined as unknown as string, 'HKD'],
  ])('refuses %j of %j', (amount, currency) => {
    expect(() => toMinorUnit(amount, currency)).toThrow(WechatPayRequestError);
  });

  it('returns every amount as it was written', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(10 ** 14), max: 10 ** 14 }),
        fc.constantFrom('HKD', 'JPY', 'KWD'),
        (minor, currency) => {
          const digits = minorUnitDigits(currency) ?? NaN;
          const text = Math.abs(minor)
            .toString()
            .padStart(digits + 1, '0');
          const major = digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
          expect(toMinorUnit(`${minor < 0 ? '-' : ''}${major}`, currency)).toBe(minor);
        },
      ),
    );
  });
});
