import { expect, it, test } from 'vitest';
import { failure } from '../../test/failure.js';
import { statementDay } from '../index.js';

test.each([
  ['20260301', '20260301'],
  ['2026-03-01', '20260301'],
  [new Date('2026-02-28T16:00:00Z'), '20260301'],
  [new Date('2026-03-01T15:59:59.999Z'), '20260301'],
  [new Date('2026-03-01T16:00:00Z'), '20260302'],
])('%s is of the day %s in Beijing, with its two midnights', (given, date) => {
  const day = statementDay(given);
  expect(day.date).toBe(date);
  expect(statementDay(day.from).date).toBe(date);
  expect(statementDay(new Date(day.until.getTime() - 1)).date).toBe(date);
  expect(day.until.getTime() - day.from.getTime()).toBe(24 * 60 * 60_000);
});

it.each(['20260231', '2026/03/01', '', new Date(NaN), 20260301 as unknown as string])('refuses %s', async (given) => {
  expect(await failure(Promise.resolve().then(() => statementDay(given)))).toMatchObject({ field: 'date' });
});
