import { callThrough } from '../call/call-through.js';
import { propertiesOf, toFields, type FieldMap } from '../call/fields.js';
import { decodeGroups } from '../call/grouped-xml.js';
import type { CallOptions, Operation } from '../call/operation.js';
import { assertOk, assertSameParties, assertTalks, unsignedRefusal, type VerifiedReply } from '../call/reply.js';
import { ReplyReader } from '../call/reply-reader.js';
import type { Fields } from '../call/sign.js';
import { quoted } from '../call/untrusted-text.js';
import type { WechatPayClient } from '../client.js';
import { WechatPayRequestError, WechatPayResponseError } from '../errors.js';
import { readDay } from '../statement/day.js';
import type { TransportResponse } from '../transport/transport.js';
import { REQUEST_ERROR_CODES, row } from './error-codes.js';
import { readSettlement, type Settlement } from './settlement.js';

export interface QuerySettlementRequest {
  /** `usetag`: what was transferred to you (true), or is still to be (false). */
  readonly settled: boolean;
  /** `date_start`: a day of Beijing, as in `20260301`, or a Date. Required where `settled` is true. */
  readonly dateStart?: string | Date | undefined;
  /** `date_end`, the last day. Required where `settled` is true. */
  readonly dateEnd?: string | Date | undefined;
  /** Skips so many. @default 0 */
  readonly offset?: number | undefined;
  /** How many at most: 1 to 10. @default 10 */
  readonly limit?: number | undefined;
  /** `query_split`: also what was split with others; for merchants with that permission. @default false */
  readonly withSplit?: boolean | undefined;
  /** `sub_mch_id`, institutional mode. Overrides the client's. */
  readonly subMerchantId?: string | undefined;
  /** `sub_appid`, institutional mode. Overrides the client's. */
  readonly subAppId?: string | undefined;
}

/** What WeChat Pay says of its transfers. It informs, and moves no money: every reply that was seen has no signature. */
export interface QuerySettlementResult {
  /**
   * What stands behind it:
   *
   * - `verified`: a signature that holds. Only of a reply without settlements.
   * - `absent`: the reply has none; TLS alone says that it came from WeChat Pay.
   * - `unchecked`: it has one, and no page says how it would cover nested fields.
   */
  readonly signature: 'verified' | 'absent' | 'unchecked';
  readonly settlements: readonly Settlement[];
}

const REQUEST: FieldMap<'offset' | 'limit' | 'subMerchantId' | 'subAppId'> = {
  offset: ['offset', 'count'],
  limit: ['limit', 'count'],
  subMerchantId: ['sub_mch_id', 32],
  subAppId: ['sub_appid', 32],
};

/** Query Settlement. */
export const QUERY_SETTLEMENT: Operation<QuerySettlementRequest, QuerySettlementResult> = {
  name: 'Query Settlement',
  path: '/pay/settlementquery',
  properties: {
    settled: 'usetag',
    dateStart: 'date_start',
    dateEnd: 'date_end',
    ...propertiesOf(REQUEST),
    withSplit: 'query_split',
  },
  toFields: toQueryFields,
  toResult: (reply) => ({ signature: 'verified', settlements: settlementsOf(reply, []) }),
  readAnswer,
  errorCodes: {
    ...REQUEST_ERROR_CODES,
    SYSTEMERROR: row('System error', 'Query again', 'unknown', 'retry-later'),
  },
};

/**
 * Asks what was transferred to you, or is still to be, by batches: ten at a time.
 *
 * **Nothing of it is signed**, in any reply that was seen (`signature`): it informs. Compare it with your bank, and pay nobody by it.
 *
 * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
 * @throws {WechatPayBusinessError} a signed refusal. {@link WechatPayGatewayError}: one that is not signed.
 * @throws {WechatPayResponseError} an answer that cannot be read, is about another merchant, or has another number of settlements than it
 *   says.
 * @throws {WechatPayTransportError | WechatPaySignatureError} no answer that can be used.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/QuickPay/chapter8_9.shtml (Query Settled Funds)
 * @example
 * const { settlements } = await querySettlement(client, { settled: true, dateStart: '20260301', dateEnd: '20260331' });
 * for (const { batchNumber, settlementFee, currency } of settlements) console.log(batchNumber, settlementFee, currency);
 */
export async function querySettlement(
  client: WechatPayClient,
  request: QuerySettlementRequest,
  options?: CallOptions,
): Promise<QuerySettlementResult> {
  return callThrough(client, QUERY_SETTLEMENT, request, options);
}

const MOST = 10;

function toQueryFields(request: QuerySettlementRequest): Fields {
  const { settled, dateStart, dateEnd, offset = 0, limit = MOST, withSplit = false } = request;
  if (typeof settled !== 'boolean') throw new WechatPayRequestError('settled', 'must be true or false.');
  if (typeof withSplit !== 'boolean') throw new WechatPayRequestError('withSplit', 'must be true or false.');
  const fields = toFields({ ...request, offset, limit }, REQUEST);
  if (limit < 1 || limit > MOST) throw new WechatPayRequestError('limit', `must be a whole number from 1 to ${MOST}.`);
  const [from, until] = [dayOf('dateStart', dateStart), dayOf('dateEnd', dateEnd)];
  if (settled && (from === undefined || until === undefined)) {
    throw new WechatPayRequestError(
      from === undefined ? 'dateStart' : 'dateEnd',
      'is missing; WeChat Pay requires it.',
    );
  }
  if (from !== undefined && until !== undefined && from > until) {
    throw new WechatPayRequestError('dateEnd', `must not be before dateStart; ${until} is before ${from}.`);
  }
  return {
    ...fields,
    usetag: settled ? '1' : '2',
    date_start: from,
    date_end: until,
    ...(withSplit && { query_split: 'true' }),
  };
}

function dayOf(property: string, given: unknown): string | undefined {
  return given === undefined || given === null ? undefined : readDay(given, property);
}

function readAnswer(
  answer: TransportResponse,
  sent: Fields,
  verify: (reply: Record<string, string>) => VerifiedReply,
): QuerySettlementResult {
  assertOk(answer);
  const { fields, groups } = decodeGroups(answer.body);
  assertTalks(fields, sent);
  if (fields.sign && groups.length === 0) return QUERY_SETTLEMENT.toResult(verify(fields), sent);
  if (fields.result_code !== 'SUCCESS') throw unsignedRefusal(fields, sent);
  assertSameParties(sent, fields, []);
  return { signature: fields.sign ? 'unchecked' : 'absent', settlements: settlementsOf(fields, groups) };
}

function settlementsOf(
  { record_num: stated = '' }: Readonly<Record<string, string>>,
  groups: readonly Readonly<Record<string, string>>[],
): readonly Settlement[] {
  if (!/^[0-9]{1,9}$/.test(stated) || Number(stated) !== groups.length) {
    throw new WechatPayResponseError(
      `the reply has ${groups.length} settlements, but record_num is ${quoted(stated, 16)}. Query it again.`,
    );
  }
  return groups.map((group, index) => readSettlement(new ReplyReader(group), group, index));
}
