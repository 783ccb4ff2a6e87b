import { Refusal } from '../gateway/refusal.js';
import type { OrderEntry, OrderFacts, Particulars } from '../orders/order-entry.js';
import type { Plan } from '../orders/plan.js';
import type { Behaviour, Customer } from '../parties/customers.js';
import { randomDigits } from '../random.js';
import { commonFields, type Call, type Endpoint, type Verdict } from './endpoint.js';
import { subMerchantOf } from './find-order.js';
import { paymentFields } from './payment.js';

/** WeChat Pay itself reverses an order that is not paid by then. */
const expiryMs = 45_000;
const defaultRefusalMs = 5_000;

/**
 * Submit Quick Pay: charges the customer whose code the cashier has scanned.
 *
 * @see {@link https://pay.weixin.qq.com/doc/global/v2/en/4013658162 | Submit Quick Pay}
 */
export const quickPay: Endpoint = {
  path: '/pay/micropay',
  hasRecall: false,
  codes: {
    missingField: 'LACK_PARAMS',
    notXml: 'XML_FORMAT_ERROR',
    notUtf8: 'NOT_UTF8',
    unknownMerchant: 'MCHID_NOT_EXIST',
    foreignApp: 'APPID_MCHID_NOT_MATCH',
  },
  fields: {
    ...commonFields,
    version: { maxLength: 32, format: /^1\.0$/ },
    device_info: { maxLength: 32 },
    body: { maxLength: 128, required: true },
    detail: { maxLength: 6000 },
    attach: { maxLength: 128 },
    out_trade_no: { maxLength: 32, required: true },
    total_fee: { maxLength: 15, required: true, format: /^[1-9]\d*$/ },
    fee_type: { maxLength: 16, format: /^[A-Z]{3}$/ },
    spbill_create_ip: { maxLength: 64, required: true },
    goods_tag: { maxLength: 32 },
    limit_pay: { maxLength: 32 },
    time_start: { maxLength: 14, format: /^\d{14}$/ },
    time_expire: { maxLength: 14, format: /^\d{14}$/ },
    auth_code: { maxLength: 128, required: true },
    scene_info: { maxLength: 256 },
  },
  judge(call) {
    const { fields, merchant, orders, customers, clock } = call;
    const { out_trade_no: outTradeNo = '' } = fields;
    const known = orders.find(outTradeNo, merchant.merchantId, subMerchantOf(fields));
    if (known !== undefined) assertRetry(call, known);
    const customer = customers.scan(fields.auth_code ?? '');

    const now = new Date(clock.now());
    const facts = known?.facts ?? newOrder(call, now);
    const particulars = particularsOf(call, customer);
    const enter = (state: 'user-paying' | 'not-paid'): OrderEntry => {
      customers.use(customer);
      known?.retry(now, particulars, state);
      return known ?? orders.enter(facts, state, particulars);
    };
    // Another code does not begin the 45 s anew.
    const expiresAt = known?.expiresAt ?? now.getTime() + expiryMs;
    return serve({ behaviour: customer.behaviour, now, expiresAt, facts, particulars, enter });
  },
};

interface Scan {
  readonly behaviour: Behaviour;
  readonly now: Date;
  readonly expiresAt: number;
  readonly facts: OrderFacts;
  readonly particulars: Particulars;
  /** Puts the order into the book, or the customer before the one that is there. */
  readonly enter: (state: 'user-paying' | 'not-paid') => OrderEntry;
}

/** What comes of the scan, once the customer has been looked at. */
function serve({ behaviour, now, expiresAt, facts, particulars, enter }: Scan): Verdict {
  if (behaviour.behaviour === 'pays-at-once') {
    return {
      fields: { result_code: 'SUCCESS', ...paymentFields(facts, particulars, now) },
      commit: () => {
        enter('not-paid').pay(now);
      },
    };
  }
  if (behaviour.behaviour === 'balance-too-low') {
    return {
      refusal: new Refusal('NOTENOUGH'),
      commit: () => {
        enter('not-paid').follow({ expiresAt });
      },
    };
  }
  return {
    refusal: new Refusal('USERPAYING'),
    commit: () => {
      enter('user-paying').follow({ ...planOf(behaviour, now.getTime()), expiresAt });
    },
  };
}

/** What a customer who was asked for a password is going to do. */
function planOf(behaviour: Behaviour, now: number): Plan {
  switch (behaviour.behaviour) {
    case 'pays-after':
      return { paysAt: now + behaviour.ms };
    case 'pays-after-queries':
      return behaviour.queries > 0 ? { paysAfterQueries: behaviour.queries } : { paysAt: now };
    case 'refuses':
      return { refusesAt: now + (behaviour.ms ?? defaultRefusalMs) };
    default:
      return {};
  }
}

/**
 * A number that is in use: the same call again hears how it stands. Where the last customer did not pay, another code may
 * be scanned for the same goods; anything else is another order under a number that is taken.
 */
function assertRetry({ fields }: Call, { state, tradeState, facts, particulars }: OrderEntry): void {
  if (state === 'paid') throw new Refusal('ORDERPAID');
  if (tradeState === 'REFUND') throw new Refusal('ORDERPAID', 'and refunded');
  if (tradeState === 'REVOKED') throw new Refusal('ORDERREVERSED');
  if (state === 'closed') throw new Refusal('ORDERCLOSED');
  const isSame =
    fields.total_fee === String(facts.totalFee) &&
    currencyOf(fields) === facts.currency &&
    (particulars.body === undefined || fields.body === particulars.body);
  const isSameCode = fields.auth_code === particulars.authCode;
  if (!isSame || (state === 'user-paying' && !isSameCode)) throw new Refusal('OUT_TRADE_NO_USED');
  if (state === 'user-paying') throw new Refusal('USERPAYING');
}

function newOrder({ fields, merchant }: Call, createdAt: Date): OrderFacts {
  const subMerchantId = subMerchantOf(fields);
  return {
    outTradeNo: fields.out_trade_no ?? '',
    transactionId: randomDigits(28, '42000'),
    merchantId: merchant.merchantId,
    ...(subMerchantId !== undefined && { subMerchantId }),
    createdAt,
    totalFee: Number(fields.total_fee),
    currency: currencyOf(fields),
  };
}

function particularsOf({ fields }: Call, { openId, authCode }: Customer): Particulars {
  const { body, attach, device_info: deviceInfo } = fields;
  return {
    openId,
    authCode,
    ...(body !== undefined && { body }),
    ...(attach !== undefined && { attach }),
    ...(deviceInfo !== undefined && { deviceInfo }),
  };
}

function currencyOf({ fee_type: feeType = '' }: Call['fields']): string {
  return feeType === '' ? 'CNY' : feeType;
}
