import { expect, it } from 'vitest';
import { assertClock } from './options.js';

it.each([-60_000, -6_000, 6_000, Number.NaN])('refuses a machine whose clock is %d ms off the store’s', (skew) => {
  expect(() => {
    assertClock(Date.now() + skew);
  }).toThrow('NTP');
});

it.each([-3_000, 0, 3_000])('takes one that is %d ms off', (skew) => {
  expect(() => {
    assertClock(Date.now() + skew);
  }).not.toThrow();
});
