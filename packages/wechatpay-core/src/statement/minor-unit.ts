import { WechatPayRequestError } from '../errors.js';
import { quoted } from '../call/untrusted-text.js';
import { DecimalReader, toInteger } from './decimal.js';

/**
 * How many decimals the minor unit of a currency has: 2 for HKD, 0 for JPY, 3 for KWD.
 *
 * @param currency ISO 4217, as in `HKD`.
 * @returns undefined for what is no currency of ISO 4217, or has no minor unit, as gold.
 */
export function minorUnitDigits(currency: string): number | undefined {
  return DIGITS.get(currency);
}

/**
 * Turns an amount of the major unit, as in a statement, into the minor unit, as in every call: exactly, or not at all.
 *
 * @param amount a decimal of at most 15 digits, as in `8.88` or `-3`.
 * @param currency ISO 4217, as in `HKD`.
 * @throws {WechatPayRequestError} no such decimal, a currency that ISO 4217 does not list, or a part of the minor unit.
 * @example
 * toMinorUnit('8.88', 'HKD'); // 888
 * toMinorUnit('888', 'JPY'); // 888
 */
export function toMinorUnit(amount: string, currency: string): number {
  const digits = minorUnitDigits(currency);
  if (digits === undefined) {
    throw new WechatPayRequestError('currency', `must be a currency of ISO 4217, as in HKD${shown(currency, 16)}.`);
  }
  const decimal = new DecimalReader();
  const minor =
    typeof amount === 'string' && decimal.read(amount) ? toInteger(decimal.value, decimal.scale, digits) : undefined;
  if (minor === undefined) {
    throw new WechatPayRequestError(
      'amount',
      `must be a decimal of at most 15 digits, with at most ${digits} behind the point in ${currency}${shown(amount, 32)}.`,
    );
  }
  return minor;
}

function shown(given: unknown, maxLength: number): string {
  return typeof given === 'string' ? `; got ${quoted(given, maxLength)}` : '';
}

// ISO 4217, list one of 2024-06-25; a test compares it with the package currency-codes.
const DIGITS: ReadonlyMap<string, number> = new Map(
  [
    [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF'],
    [
      2,
      'AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF ' +
        'CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ ' +
        'GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK ' +
        'MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB ' +
        'SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN ' +
        'UYU UZS VED VES WST XCD YER ZAR ZMW ZWG',
    ],
    [3, 'BHD IQD JOD KWD LYD OMR TND'],
    [4, 'CLF UYW'],
  ].flatMap(([digits, codes]) =>
    String(codes)
      .split(' ')
      .map((code) => [code, Number(digits)] as const),
  ),
);
