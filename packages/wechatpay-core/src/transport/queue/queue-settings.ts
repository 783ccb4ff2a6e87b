import { WechatPayConfigError } from '../../errors.js';
import { findUnknownProperty } from '../../call/known-properties.js';
import { type CallLimiter } from './queue-state.js';

/** A limit that is known: at most so many calls in any second. */
export interface OperationLimit {
  /** A whole number from 1 to 10,000. */
  readonly perSecond: number;
}

/** The operations by the names of their functions; a custom one by its path, as in `/tools/shorturl`. */
export type OperationLimits = Readonly<Partial<Record<keyof typeof LIMITED | `/${string}`, OperationLimit>>>;

const LIMITED = {
  quickPay: '/pay/micropay',
  queryOrder: '/pay/orderquery',
  unifiedOrder: '/pay/unifiedorder',
  closeOrder: '/pay/closeorder',
  reverseOrder: '/secapi/pay/reverse',
  refundOrder: '/secapi/pay/refund',
  queryRefund: '/pay/refundquery',
  downloadStatement: '/pay/downloadbill',
  querySettlement: '/pay/settlementquery',
  queryExchangeRate: '/pay/queryexchagerate',
} as const;

const MOST_PER_SECOND = 10_000;

export function wholeNumber(field: string, value: unknown, least: number, most: number, byDefault: number): number {
  if (value === undefined) return byDefault;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
    const given = typeof value === 'number' ? `; it is ${value}` : '';
    throw new WechatPayConfigError(field, `must be a whole number from ${least} to ${most}${given}.`);
  }
  return value;
}

/** Calls a second by path. */
export function operationLimits(field: string, value: unknown): ReadonlyMap<string, number> {
  if (value === undefined) return new Map();
  if (typeof value !== 'object' || value === null) {
    throw new WechatPayConfigError(field, 'must be an object, as in { refundOrder: { perSecond: 150 } }.');
  }
  const named = Object.keys(value).filter((name) => !name.startsWith('/'));
  const unknown = findUnknownProperty(Object.fromEntries(named.map((name) => [name, true])), Object.keys(LIMITED));
  if (unknown) throw new WechatPayConfigError(`${field}.${unknown.name}`, unknown.problem);
  return new Map(
    Object.entries(value as Readonly<Record<string, unknown>>)
      .filter(([, limit]) => limit !== undefined)
      .map(([name, limit]) => {
        const path = (LIMITED as Readonly<Record<string, string>>)[name] ?? name;
        return [path, perSecond(`${field}.${name}`, limit)];
      }),
  );
}

function perSecond(field: string, limit: unknown): number {
  if (typeof limit !== 'object' || limit === null) {
    throw new WechatPayConfigError(field, 'must be an object, as in { perSecond: 150 }.');
  }
  const unknown = findUnknownProperty(limit, ['perSecond']);
  if (unknown) throw new WechatPayConfigError(`${field}.${unknown.name}`, unknown.problem);
  const { perSecond: value } = limit as Partial<OperationLimit>;
  if (value === undefined) throw new WechatPayConfigError(`${field}.perSecond`, 'is missing; give a whole number.');
  return wholeNumber(`${field}.perSecond`, value, 1, MOST_PER_SECOND, 0);
}

export function callLimiter(field: string, value: unknown): CallLimiter | undefined {
  if (value === undefined || typeof value === 'function') return value as CallLimiter | undefined;
  throw new WechatPayConfigError(field, 'must be a function that gives milliseconds to wait; 0 lets the call leave.');
}
