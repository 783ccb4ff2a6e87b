import type { OrderFacts, Particulars } from '../orders/order-entry.js';
import type { Fields } from '../wire/xml.js';

/** A payment as Submit Quick Pay, Query Order and the notification tell of it. */
export function paymentFields(
  facts: OrderFacts,
  { openId, attach, deviceInfo, product }: Particulars,
  paidAt: Date,
): Fields {
  return {
    ...(deviceInfo !== undefined && { device_info: deviceInfo }),
    openid: openId,
    is_subscribe: 'N',
    ...(product?.subOpenId !== undefined && { sub_openid: product.subOpenId, sub_is_subscribe: 'N' }),
    trade_type: product?.tradeType ?? 'MICROPAY',
    bank_type: 'OTHERS',
    fee_type: facts.currency,
    total_fee: String(facts.totalFee),
    cash_fee_type: facts.currency,
    cash_fee: String(facts.totalFee),
    ...(facts.rate !== undefined && { rate: facts.rate }),
    transaction_id: facts.transactionId,
    out_trade_no: facts.outTradeNo,
    ...(attach !== undefined && { attach }),
    time_end: compactTime(paidAt),
  };
}

/** yyyyMMddHHmmss, in UTC+8 as everywhere in WeChat Pay. */
function compactTime(time: Date): string {
  return inChina(time).replace(/\D/g, '');
}

/** yyyy-MM-dd HH:mm:ss, in UTC+8. */
export function readableTime(time: Date): string {
  return inChina(time).replace('T', ' ');
}

function inChina(time: Date): string {
  return new Date(time.getTime() + 8 * 60 * 60 * 1000).toISOString().slice(0, 19);
}
