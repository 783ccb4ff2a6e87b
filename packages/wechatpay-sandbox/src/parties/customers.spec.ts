import { beforeAll, describe, expect, it } from 'vitest';
import { Sandbox, type CustomerOptions } from '../index.js';

const start = Date.UTC(2026, 0, 31);
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.create({ now: () => start });
});

describe('sandbox.customers', () => {
  it('hold out a code that looks like WeChat Pay’s, for a minute', () => {
    const customer = sandbox.customers.create({ behaviour: 'pays-after', ms: 10_000 });
    expect(customer.authCode).toMatch(/^1[0-5]\d{16}$/);
    expect(customer.openId).toMatch(/^o\w{27}$/);
    expect(customer.behaviour).toEqual({ behaviour: 'pays-after', ms: 10_000 });
    expect(customer.validUntil.getTime()).toBe(start + 60_000);
    const other = sandbox.customers.create({ behaviour: 'refuses', validForMs: 1 });
    expect(other.validUntil.getTime()).toBe(start + 1);
    expect(sandbox.customers.list()).toEqual([customer, other]);
  });

  it.each([
    { options: { behaviour: 'pays-later' }, message: 'behaviour is one of pays-at-once, pays-after, ' },
    { options: { behaviour: 'toString' }, message: 'behaviour is one of' },
    { options: {}, message: 'behaviour is one of' },
    { options: { behaviour: 'pays-after' }, message: 'pays-after needs ms, a number' },
    { options: { behaviour: 'pays-after-queries' }, message: 'pays-after-queries needs queries, a number' },
    { options: { behaviour: 'pays-after', ms: '1' }, message: 'ms is a number, from 0' },
    { options: { behaviour: 'pays-after', ms: -1 }, message: 'ms is a number, from 0' },
    { options: { behaviour: 'pays-after', ms: undefined }, message: 'pays-after needs ms, a number' },
    { options: { behaviour: 'pays-after', ms: 1, queries: 1 }, message: 'pays-after takes no queries' },
    { options: { behaviour: 'pays-at-once', ms: 1 }, message: 'pays-at-once takes no ms' },
    { options: { behaviour: 'pays-at-once', validForMs: NaN }, message: 'validForMs is a number of milliseconds' },
  ])('refuse to be $options', ({ options, message }) => {
    expect(() => sandbox.customers.create(options as unknown as CustomerOptions)).toThrow(message);
  });
});
