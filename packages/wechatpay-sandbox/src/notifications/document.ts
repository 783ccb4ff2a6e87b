import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { paymentFields, readableTime } from '../endpoints/payment.js';
import type { OrderEntry } from '../orders/order-entry.js';
import type { Refund } from '../orders/order.js';
import type { Merchant } from '../parties/merchants.js';
import { randomAlphanumeric, randomAppId, randomDigits } from '../random.js';
import { sign, type SignType } from '../wire/sign.js';
import { encode, type Fields } from '../wire/xml.js';
import type { DocumentFault } from './faults.js';

/** What a notification is about, and how a test wants it changed. */
interface DocumentOptions {
  readonly order: Pick<OrderEntry, 'facts' | 'particulars' | 'product'>;
  readonly merchant: Merchant;
  /** @default the merchant's */
  readonly apiKey?: string;
  /** Of a notification of a refund. */
  readonly refund?: { readonly refund: Refund; readonly succeededAt: Date };
  readonly paidAt: Date;
  /** Changes or (with '') removes fields, before they are signed or encrypted. */
  readonly fields?: Fields;
  readonly signType?: SignType;
  readonly fault?: DocumentFault | undefined;
}

/** The body of a notification. */
export function documentOf(options: DocumentOptions): Buffer {
  const party = options.fault === 'foreign-merchant' ? stranger() : options.merchant;
  const ownKey = party === options.merchant ? (options.apiKey ?? party.apiKey) : party.apiKey;
  // Who forges one has seen others; what they lack is the key.
  const apiKey = options.fault === 'forged' ? randomAlphanumeric(32) : ownKey;
  const outer = identityOf(options, party);
  const text = options.refund ? refundDocument(options, outer, apiKey) : paymentDocument(options, outer, apiKey);
  const whole = Buffer.from(text);
  return options.fault === 'truncated' ? whole.subarray(0, Math.ceil(whole.length / 2)) : whole;
}

function identityOf({ order: { facts, product } }: DocumentOptions, party: Party): Fields {
  const isOwn = party.merchantId === facts.merchantId;
  return {
    return_code: 'SUCCESS',
    appid: (isOwn ? product?.appId : undefined) ?? party.appId,
    mch_id: party.merchantId,
    ...(product?.subAppId !== undefined && { sub_appid: product.subAppId }),
    ...(facts.subMerchantId !== undefined && { sub_mch_id: facts.subMerchantId }),
    nonce_str: randomBytes(16).toString('hex'),
  };
}

function paymentDocument(
  { order, paidAt, fields, fault, ...options }: DocumentOptions,
  outer: Fields,
  apiKey: string,
): string {
  const document = changed(
    {
      ...outer,
      result_code: 'SUCCESS',
      ...paymentFields(order.facts, order.particulars, paidAt),
      ...(order.product === undefined && { trade_type: 'NATIVE' }),
      ...(fault === 'wrong-amount' && { total_fee: '1', cash_fee: '1' }),
    },
    fields,
  );
  return encode({ ...document, sign: sign(document, apiKey, options.signType ?? order.product?.signType ?? 'MD5') });
}

function refundDocument({ order, refund, fields, fault }: DocumentOptions, outer: Fields, apiKey: string): string {
  if (refund === undefined) return encode(outer);
  const { facts } = order;
  const amount = fault === 'wrong-amount' ? '1' : String(refund.refund.amount);
  const inner = changed(
    {
      out_refund_no: refund.refund.outRefundNo,
      out_trade_no: facts.outTradeNo,
      refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
      refund_fee: amount,
      refund_id: refund.refund.refundId,
      refund_recv_accout: '支付用户零钱',
      refund_request_source: 'API',
      refund_status: 'SUCCESS',
      settlement_refund_fee: amount,
      settlement_total_fee: String(facts.totalFee),
      success_time: readableTime(refund.succeededAt),
      total_fee: String(facts.totalFee),
      transaction_id: facts.transactionId,
    },
    fields,
  );
  return encode({ ...outer, req_info: encrypt(encode(inner, 'root'), apiKey) });
}

/** AES-256-ECB with the lower-case hex of the key's MD5, as the page says. There is no signature, and no MAC. */
function encrypt(text: string, apiKey: string): string {
  const cipher = createCipheriv('aes-256-ecb', createHash('md5').update(apiKey).digest('hex'), null);
  return Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
}

type Party = Pick<Merchant, 'appId' | 'merchantId' | 'apiKey'>;

function stranger(): Party {
  return { appId: randomAppId(), merchantId: randomDigits(10, '19'), apiKey: randomAlphanumeric(32) };
}

function changed(fields: Fields, changes: Fields = {}): Fields {
  return Object.fromEntries(Object.entries({ ...fields, ...changes }).filter(([, value]) => value !== ''));
}
