import { expect, it } from 'vitest';
import { amountText, readAmount } from './money.js';

it.each([
  ['8.88', 'HKD', 888],
  ['0.01', 'CNY', 1],
  ['888', 'JPY', 888],
  ['888', 'ISK', 888],
  ['1.500', 'KWD', 1500],
])('reads %s of %s, and writes it so', (text, currency, amount) => {
  expect(readAmount(text, currency)).toEqual({ amount });
  expect(amountText(amount, currency)).toBe(`${currency} ${text}`);
});

it.each([
  ['8', 'HKD', '3.00'],
  ['8.8', 'HKD', '3.00'],
  ['8.880', 'HKD', '3.00'],
  ['0.00', 'HKD', '3.00'],
  ['-1.00', 'HKD', '3.00'],
  ['8.88', 'JPY', '300'],
  ['8.88', 'ISK', '300'],
  ['8.', 'JPY', '300'],
  ['', 'JPY', '300'],
  ['1234567890123456', 'JPY', '300'],
  ['1.50', 'KWD', '3.000'],
])('does not guess what %j of %s means', (text, currency, example) => {
  expect(readAmount(text, currency)).toEqual({ example });
});
