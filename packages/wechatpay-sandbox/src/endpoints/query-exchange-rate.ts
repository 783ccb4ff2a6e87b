import { Refusal } from '../gateway/refusal.js';
import { beijingDay, beijingMidnight } from '../statement/beijing-day.js';
import { commonFields, type Endpoint } from './endpoint.js';

const hourMs = 60 * 60 * 1_000;

/** To RMB, times 10^8; made up. */
const rates: Readonly<Record<string, number>> = {
  AUD: 470_000_000,
  EUR: 780_000_000,
  GBP: 910_000_000,
  HKD: 92_000_000,
  JPY: 4_800_000,
  KRW: 530_000,
  SGD: 540_000_000,
  USD: 720_000_000,
};

const { nonce_str: _, sign_type: __, ...fields } = commonFields;

/**
 * Query Exchange Rate: a rate that changes each day at 10:00 in Beijing. Neither request nor reply has a nonce, nor the reply a
 * `result_code`.
 *
 * @see {@link https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/QuickPay/chapter8_10.shtml | Query Exchange Rate}
 */
export const queryExchangeRate: Endpoint = {
  path: '/pay/queryexchagerate',
  hasRecall: false,
  isNonceless: true,
  isOfWholeInstitution: true,
  fields: {
    ...fields,
    fee_type: { maxLength: 10, required: true },
    date: { maxLength: 14, required: true, format: /^\d{8}$/ },
  },
  judge({ fields: { fee_type: currency = '', date = '' }, clock }) {
    const rate = rates[currency];
    const from = beijingMidnight(date);
    if (rate === undefined) throw new Refusal('PARAM_ERROR', 'fee_type has no rate');
    if (Number.isNaN(from) || from > clock.now()) throw new Refusal('PARAM_ERROR', 'date is no day, or not begun');
    const isUpdated = clock.now() >= from + 10 * hourMs;
    const day = isUpdated ? date : beijingDay(from - 1);
    return { fields: { fee_type: currency, rate_time: day, rate: String(rate + (Number(day) % 100) * 100) } };
  },
};
