import { Refusal } from '../gateway/refusal.js';
import { beijingMidnight } from '../statement/beijing-day.js';
import { settlementsOf, type DaysSettlement } from '../statement/settlements.js';
import { encodeGroups, type Fields } from '../wire/xml.js';
import { commonFields, type Endpoint } from './endpoint.js';
import { subMerchantOf } from './find-order.js';

const day = { maxLength: 14, format: /^\d{8}$/ } as const;

/**
 * Query Settlement: the ledger by days and currencies. A day is settled at 10:00 of the next one in Beijing. As in the replies that were
 * seen, each settlement is an element with fields of its own, and nothing is signed, nor are the parties named.
 *
 * @see {@link https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/QuickPay/chapter8_9.shtml | Query Settled Funds}
 */
export const querySettlement: Endpoint = {
  path: '/pay/settlementquery',
  hasRecall: false,
  isOfWholeInstitution: true,
  fields: {
    ...commonFields,
    usetag: { maxLength: 1, required: true, format: /^[12]$/ },
    offset: { maxLength: 9, required: true, format: /^\d+$/ },
    limit: { maxLength: 3, required: true, format: /^\d+$/ },
    date_start: day,
    date_end: day,
    query_split: { maxLength: 5, format: /^(?:true|false)$/ },
  },
  judge({ fields, merchant, ledger, orders, clock }) {
    const isSettled = fields.usetag === '1';
    const [from, until] = isSettled ? [dayOf(fields, 'date_start'), dayOf(fields, 'date_end')] : [-Infinity, Infinity];
    const parties = { merchantId: merchant.merchantId, subMerchantId: subMerchantOf(fields) };
    const all = settlementsOf(ledger, orders, parties, clock.now()).filter(
      (each) => each.isSettled === isSettled && each.midnight >= from && each.midnight <= until,
    );
    const offset = Number(fields.offset);
    const page = all.slice(offset, offset + Number(fields.limit));
    const reply = { return_code: 'SUCCESS', return_msg: 'OK', result_code: 'SUCCESS', record_num: String(page.length) };
    const body = encodeGroups(reply, 'setteinfo', page.map(fieldsOf));
    return {
      answer: { status: 200, headers: { 'Content-Type': 'text/plain' }, body },
      what: `${page.length} settlements`,
    };
  },
};

function dayOf(fields: Fields, name: string): number {
  const midnight = beijingMidnight(fields[name] ?? '');
  if (Number.isNaN(midnight)) throw new Refusal('PARAM_ERROR', `${name} is required of what is settled`);
  return midnight;
}

function fieldsOf({ date, isSettled, currency, paid, returned, fee }: DaysSettlement): Fields {
  const dashed = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  const net = paid - returned;
  return {
    date_settlement: dashed,
    date_start: dashed,
    date_end: dashed,
    settlement_fee: String(isSettled ? net - fee : 0),
    settlementfee_type: currency,
    pay_fee: String(paid),
    refund_fee: String(-returned),
    pay_net_fee: String(net),
    poundage_fee: String(fee),
    unsettlement_fee: String(isSettled ? 0 : net - fee),
    fbatchno: `${date}0001`,
  };
}
