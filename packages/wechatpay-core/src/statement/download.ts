import { describeCall } from '../call/call-error.js';
import { publishCall } from '../call/events.js';
import { readGiven, type Properties } from '../call/given.js';
import { toFields, type FieldMap } from '../call/fields.js';
import type { CallOptions } from '../call/operation.js';
import { assertSignal } from '../call/signal.js';
import type { Fields } from '../call/sign.js';
import { timeBy } from '../call/time-by.js';
import { quoted } from '../call/untrusted-text.js';
import type { WechatPayClient } from '../client.js';
import { assertWechatPayClient } from '../client-brand.js';
import { isWechatPayError, WechatPayRequestError, type WechatPayStatementError } from '../errors.js';
import { beijingDay, nextBeijingMidnight } from './beijing.js';
import { readDay } from './day.js';
import { openStatement, type Statement } from './parse.js';
import { statementError } from './problems.js';

export interface DownloadStatementRequest {
  /**
   * A day of Beijing, from midnight to midnight: `20260301`, `2026-03-01`, or a Date, which means the day that it falls on **in Beijing**.
   * Before today; WeChat Pay keeps statements for three months.
   */
  date: string | Date;
  /** `ALL`, or only the payments, refunds or reversals. @default 'ALL' */
  type?: StatementType | undefined;
  /** `sub_mch_id`, institutional mode: of this sub-merchant alone. null: of all of them. @default that of the client */
  subMerchantId?: string | null | undefined;
  /** `sub_appid`, institutional mode. @default that of the client */
  subAppId?: string | null | undefined;
  /** Whether it travels packed, at about a fifth of the size. @default true */
  gzip?: boolean | undefined;
}

export type StatementType = 'ALL' | 'SUCCESS' | 'REFUND' | 'REVOKED';

export interface DownloadStatementOptions extends CallOptions {
  /** Ends it after so long without a byte, in milliseconds: 1,000 to 3,600,000. @default 60000 */
  idleTimeoutMs?: number | undefined;
  /** The largest file, unpacked or not, in bytes. @default 4 GiB */
  maxBytes?: number | undefined;
  /**
   * Called with every chunk as it came over the network, packed or not, before it is read, and with how many bytes that makes: to keep or
   * hash the file, or to show progress. Waited for. What it throws ends the download, and is thrown.
   */
  onReceive?: ((chunk: Uint8Array, receivedBytes: number) => void | Promise<void>) | undefined;
}

/**
 * Downloads WeChat Pay's statement of a day, and reads it while it comes, in constant memory.
 *
 * There is one from 9:00 of the next day in Beijing; WeChat Pay asks to fetch it after 10:00. It is **unsigned**: it informs, and
 * never moves money by itself. Orders without a payment are not in it.
 *
 * Three things that are not the same: a statement without rows is an empty day, with `summary.count` 0. A {@link WechatPayStatementError}
 * with the reason `not-ready` (later) or `no-statement` (an empty day only if you know of no order) is none. Anything else that is thrown
 * says nothing about the day.
 *
 * @returns once the header has arrived; the rows come by `for await`, and count when the last one has come. Until then, or `close()`,
 *   it holds a connection.
 * @throws {WechatPayConfigError} what is no client.
 * @throws {WechatPayRequestError} a day, option or property that is wrong; with the advice `retry-later` where the day is not over.
 * @throws {WechatPayStatementError} no statement, or not one to rely on: here, or by the iteration.
 * @throws {WechatPayTransportError} no answer, or one that broke off: here, or by the iteration.
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013665024 (Download statement)
 * @example
 * const statement = await downloadStatement(client, { date: '20260301' });
 * const rows = [];
 * for await (const row of statement) rows.push(row);
 * console.log(statement.summary?.count);
 */
export async function downloadStatement(
  client: WechatPayClient,
  request: DownloadStatementRequest,
  options: DownloadStatementOptions = {},
): Promise<Statement> {
  assertWechatPayClient(client);
  const startedAt = performance.now();
  const leaving = new AbortController();
  let day = '';
  const end = (how: 'read' | 'left' | 'failed', failure?: unknown): void => {
    if (how !== 'read') leaving.abort(); // whatever is still on the way
    const error = isWechatPayError(failure) ? failure : undefined;
    if (error) describeCall(error, day === '' ? NAME : `${NAME} of ${day}`, {});
    publishCall(() => ({
      operation: NAME,
      path: PATH,
      merchantId: client.merchantId,
      order: {},
      durationMs: performance.now() - startedAt,
      outcome: how === 'read' ? 'succeeded' : (error?.outcome ?? 'unknown'),
      ...(error && { code: error.code }),
    }));
  };
  try {
    const limits = readOptions(options);
    const fields = readRequest(
      request,
      timeBy(() => client.now()),
    );
    day = fields.bill_date ?? '';
    const signal = limits.signal ? AbortSignal.any([limits.signal, leaving.signal]) : leaving.signal;
    const bytes = await client.download(PATH, fields, { ...limits, signal });
    return await openStatement(watched(bytes, limits), { maxBytes: limits.maxBytes, onEnd: end });
  } catch (failure) {
    const early = isTooEarly(
      failure,
      day,
      timeBy(() => client.now()),
    )
      ? notReady(failure)
      : undefined;
    end('failed', early ?? failure);
    throw early ?? failure;
  }
}

const NAME = 'Download Statement';
const PATH = '/pay/downloadbill';
const TYPES: readonly StatementType[] = ['ALL', 'SUCCESS', 'REFUND', 'REVOKED'];
/** WeChat Pay asks to fetch a statement from then on. */
const READY_AFTER_MS = 10 * 60 * 60 * 1_000;

const PROPERTIES: Properties<keyof DownloadStatementRequest> = {
  date: 'bill_date',
  type: 'bill_type',
  subMerchantId: 'sub_mch_id',
  subAppId: 'sub_appid',
  gzip: 'tar_type',
};
const PARTIES: FieldMap<'subMerchantId' | 'subAppId'> = {
  subMerchantId: ['sub_mch_id', 32],
  subAppId: ['sub_appid', 32],
};

function readRequest(request: DownloadStatementRequest, now: number): Fields {
  const { values, unknown } = readGiven(request, PROPERTIES, 'request');
  if (unknown) throw unknown;
  const { type = 'ALL', gzip = true, subMerchantId, subAppId } = values;
  if (!TYPES.includes(type as StatementType)) {
    throw new WechatPayRequestError('type', `must be ${TYPES.join(', ')}; got ${quoted(String(type), 32)}.`);
  }
  if (subMerchantId === null && subAppId !== undefined && subAppId !== null) {
    throw new WechatPayRequestError(
      'subAppId',
      'is of one sub-merchant; leave it out where `subMerchantId` is null, for all of them.',
    );
  }
  if (typeof gzip !== 'boolean') throw new WechatPayRequestError('gzip', 'must be true or false.');
  return {
    ...toFields({ subMerchantId, subAppId }, PARTIES),
    // Of all sub-merchants: also where the client has one.
    ...(subMerchantId === null && { sub_mch_id: null, sub_appid: null }),
    bill_date: readPastDay(values.date, now),
    bill_type: type as StatementType,
    ...(gzip && { tar_type: 'GZIP' }),
  };
}

function readPastDay(given: unknown, now: number): string {
  const day = readDay(given);
  if (day >= beijingDay(now)) {
    const problem = `${day} is not over in Beijing; its statement can be fetched after 10:00 of the next day there.`;
    throw new WechatPayRequestError('date', problem, { advice: 'retry-later' });
  }
  return day;
}

interface Limits {
  readonly signal: AbortSignal | undefined;
  readonly idleTimeoutMs: number;
  readonly maxBytes: number;
  readonly onReceive: DownloadStatementOptions['onReceive'];
}

const OPTIONS: Properties<keyof DownloadStatementOptions> = {
  signal: 'signal',
  idleTimeoutMs: 'idleTimeoutMs',
  maxBytes: 'maxBytes',
  onReceive: 'onReceive',
};

function readOptions(options: DownloadStatementOptions): Limits {
  const { values, unknown } = readGiven(options, OPTIONS, 'options');
  if (unknown) throw unknown;
  const { signal, idleTimeoutMs = 60_000, maxBytes = 4 * 1024 ** 3, onReceive } = values;
  assertSignal(signal);
  assertWhole('idleTimeoutMs', idleTimeoutMs, 1_000, 3_600_000);
  assertWhole('maxBytes', maxBytes, 1, Number.MAX_SAFE_INTEGER);
  if (onReceive !== undefined && typeof onReceive !== 'function') {
    throw new WechatPayRequestError('onReceive', 'must be a function.');
  }
  return { signal: signal ?? undefined, idleTimeoutMs, maxBytes, onReceive: onReceive as Limits['onReceive'] };
}

function assertWhole(name: string, value: unknown, least: number, most: number): asserts value is number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return;
  throw new WechatPayRequestError(name, `must be a whole number from ${least} to ${most}.`);
}

/** The bytes as they came: counted, and shown to whoever wants to keep them. */
async function* watched(
  bytes: AsyncIterable<Uint8Array>,
  { maxBytes, onReceive }: Limits,
): AsyncGenerator<Uint8Array, void> {
  let received = 0;
  for await (const chunk of bytes) {
    received += chunk.length;
    if (received > maxBytes) throw statementError('malformed', `the file is larger than maxBytes, ${maxBytes}.`);
    await onReceive?.(chunk, received);
    yield chunk;
  }
}

/** "No Bill Exist" has several causes; before 10:00 the plainest is that it is not there yet. */
function isTooEarly(failure: unknown, day: string, now: number): failure is WechatPayStatementError {
  if (!isWechatPayError(failure) || failure.code !== 'WECHATPAY_STATEMENT') return false;
  return failure.reason === 'no-statement' && now < nextBeijingMidnight(day) + READY_AFTER_MS;
}

function notReady({ received, errorCode }: WechatPayStatementError): WechatPayStatementError {
  return statementError('not-ready', 'WeChat Pay has no statement of that day yet.', {
    received,
    ...(errorCode !== undefined && { errorCode }),
  });
}
