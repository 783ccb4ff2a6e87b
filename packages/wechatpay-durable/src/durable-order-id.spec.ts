import fc from 'fast-check';
import { expect, it } from 'vitest';
import { durableOrderId, type DurableOrderKey } from './index.js';

// Few characters, so that what differs in where one part ends comes up as well.
const part = fc.string({ unit: fc.constantFrom('1', '2', '/', '"', ',', '商'), maxLength: 4 });
const key: fc.Arbitrary<DurableOrderKey> = fc.record({
  merchantId: part,
  subMerchantId: part,
  outTradeNo: part.filter((text) => text !== ''),
});

it('is a UUID of version 8, and the same for the same order alone', () => {
  fc.assert(
    fc.property(key, key, (one, other) => {
      const isSame = JSON.stringify(one) === JSON.stringify(other);
      expect(durableOrderId(one)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(durableOrderId({ ...one })).toBe(durableOrderId(one));
      expect(durableOrderId(other) === durableOrderId(one)).toBe(isSame);
    }),
  );
});

it('stays what it was: what is stored is found again by later versions', () => {
  expect(durableOrderId({ merchantId: '1900000109', outTradeNo: '1415717424' })).toBe(
    'a5b39d15-f897-8243-96ba-dccf9ba0c74b',
  );
});
