import type { ReplyReader } from '../call/reply-reader.js';
import { WechatPayResponseError } from '../errors.js';

/** A transfer to you. Amounts are whole numbers of the minor unit of `currency`; what went back to customers is negative, as it was seen. */
export interface Settlement {
  /** `fbatchno` */
  readonly batchNumber?: string;
  /** `date_settlement`, as in `2026-03-02`. */
  readonly date?: string;
  /** `date_start`: the first day of its orders. */
  readonly dateStart?: string;
  /** `date_end`: the last one. */
  readonly dateEnd?: string;
  /** `settlementfee_type`, ISO 4217. */
  readonly currency: string;
  /** `settlement_fee`: what was transferred. */
  readonly settlementFee?: number;
  /** `unsettlement_fee`: what is still to be. */
  readonly unsettlementFee?: number;
  /** `pay_fee`: what customers paid. */
  readonly payFee?: number;
  /** `refund_fee` */
  readonly refundFee?: number;
  /** `pay_net_fee`: payments less refunds. */
  readonly payNetFee?: number;
  /** `poundage_fee`: WeChat Pay's own fee. */
  readonly poundageFee?: number;
  /** `split_settlement_fee` */
  readonly splitSettlementFee?: number;
  /** `split_unsettlement_fee` */
  readonly splitUnsettlementFee?: number;
  /** Every field by its wire name. */
  readonly raw: Readonly<Record<string, string>>;
}

/** @throws {WechatPayResponseError} an amount that is no whole number, or one without a currency. */
export function readSettlement(reader: ReplyReader, raw: Readonly<Record<string, string>>, index: number): Settlement {
  const currency = raw.settlementfee_type ?? '';
  if (!/^[A-Z]{3}$/.test(currency)) throw unreadable(index, 'settlementfee_type');
  const amounts: Record<string, number> = {};
  for (const [property, name] of Object.entries(AMOUNTS)) {
    const text = raw[name] ?? '';
    if (text === '') continue;
    const amount = Number(text);
    if (!/^-?[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(amount)) throw unreadable(index, name);
    amounts[property] = amount === 0 ? 0 : amount;
  }
  return {
    ...reader.texts({ batchNumber: 'fbatchno', date: 'date_settlement', dateStart: 'date_start', dateEnd: 'date_end' }),
    currency,
    ...amounts,
    raw,
  };
}

const AMOUNTS = {
  settlementFee: 'settlement_fee',
  unsettlementFee: 'unsettlement_fee',
  payFee: 'pay_fee',
  refundFee: 'refund_fee',
  payNetFee: 'pay_net_fee',
  poundageFee: 'poundage_fee',
  splitSettlementFee: 'split_settlement_fee',
  splitUnsettlementFee: 'split_unsettlement_fee',
} as const satisfies Partial<Record<keyof Settlement, string>>;

function unreadable(index: number, name: string): WechatPayResponseError {
  return new WechatPayResponseError(`${name} of settlement ${index} cannot be read. Query it again.`);
}
