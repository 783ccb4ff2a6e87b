import { encodeXml, signFields } from 'wechatpay-core';
import type { Fault } from 'wechatpay-sandbox';

/**
 * What happens to a call instead: fields of a signed answer; a fault of the sandbox; `unsent`, nothing leaves; `lost`, it arrives and the
 * answer does not; `dies`, nothing comes back and the process never goes on with it; `late`, it arrives so many milliseconds later.
 */
export type Mishap =
  | { readonly fields: Readonly<Record<string, string>> }
  | { readonly fault: Fault }
  | { readonly kind: 'unsent' | 'lost' | 'twice' }
  | { readonly kind: 'dies'; readonly isDelivered: boolean }
  | { readonly kind: 'late'; readonly ms: number };

/** A verified answer with these fields, which names what was asked. */
export function signed(
  asked: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, string>>,
  apiKey: string,
): { status: number; body: Buffer } {
  const names = ['appid', 'mch_id', 'out_trade_no', 'transaction_id', 'out_refund_no'];
  const named = Object.fromEntries(names.flatMap((name) => (asked[name] ? [[name, asked[name]]] : [])));
  const reply = { return_code: 'SUCCESS', result_code: 'SUCCESS', ...named, ...fields };
  const sign = signFields(reply, apiKey, 'HMAC-SHA256');
  return { status: 200, body: Buffer.from(encodeXml({ ...reply, sign })) };
}

/** A signed refusal. */
export const refused = (code: string): Mishap => ({
  fields: { result_code: 'FAIL', err_code: code, err_code_des: code.toLowerCase() },
});

/** Query Refund's answer about a refund of order A1, which cost HKD 8.88. */
export const standing = (status: string, outRefundNo: string, refundFee: number, more = {}): Mishap => ({
  fields: {
    ...{ transaction_id: '4200001', out_trade_no: 'A1', total_fee: '888', fee_type: 'HKD', refund_count: '1' },
    ...{ refund_id_0: `50${outRefundNo}`, out_refund_no_0: outRefundNo, refund_fee_0: String(refundFee) },
    refund_status_0: status,
    ...more,
  },
});
