import { randomBytes, randomInt } from 'node:crypto';

const alphanumeric = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Digits after a fixed beginning: `19…` for a merchant, `42000…` for a transaction, as WeChat Pay numbers them. */
export function randomDigits(length: number, beginning = ''): string {
  let digits = beginning;
  while (digits.length < length) digits += String(randomInt(10));
  return digits;
}

export function randomAlphanumeric(length: number): string {
  return Array.from({ length }, () => alphanumeric[randomInt(alphanumeric.length)]).join('');
}

export function randomAppId(): string {
  return `wx${randomBytes(8).toString('hex')}`;
}

/** Of a customer, as an Official Account knows them: `o` and 27 characters. */
export function randomOpenId(): string {
  return `o${randomAlphanumeric(27)}`;
}
