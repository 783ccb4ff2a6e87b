import { WechatPayRequestError, type MovementKind } from 'wechatpay-core';
import { readActor, type ActorOptions } from '../actor.js';
import { readClock } from '../clocks.js';
import { readProperties } from '../intent.js';
import type { Orders } from '../orders.js';
import { withDay } from './claim.js';
import { readDay, reconciliationsOf, type ReconcileRequest } from './days.js';
import type { DifferenceOf, ReconciliationDifference } from './differences.js';
import { standingOf } from './health.js';
import { acknowledgeLateDay, type Acknowledged } from './late-days.js';
import type { Reconciliation } from './reconciliation.js';

/** A difference that a person has looked at, of a day: one alone. A refund's by its `outRefundNo`, or by WeChat Pay's `refundId`. */
export interface AcknowledgeRequest extends ReconcileRequest, Omit<DifferenceOf, 'subMerchantId'> {
  /** The difference's own `subMerchantId`, in a statement of all sub-merchants. @default any */
  readonly ofSubMerchantId?: string | undefined;
  /** The difference's own. @default any */
  readonly class?: ReconciliationDifference['class'] | undefined;
  /** The difference's own. @default any */
  readonly line?: number | undefined;
}

export interface AcknowledgeOptions extends ActorOptions {
  /** What was done about it, up to 500 characters: it is kept with the reconciliation. */
  readonly note?: string | undefined;
}

/** What `DurableOrders.acknowledgeDay` does. @param since of the schedule: from which day on they are expected. */
export async function acknowledgeDay(
  orders: Orders,
  given: ReconcileRequest,
  options: AcknowledgeOptions = {},
  since?: string | Date,
): Promise<boolean> {
  const { key } = await readDay(orders, given);
  const { date, ...owner } = key;
  const said = readWhatWasSaid(options);
  const { late } = await standingOf(orders, owner, since);
  if (!late.includes(date)) return false;
  const at = readClock(await orders.clientOf(key.merchantId));
  await acknowledgeLateDay(reconciliationsOf(orders), owner, date, { at, ...said });
  return true;
}

const MAX_NOTE = 500;
const NAMES = ['kind', 'outTradeNo', 'outRefundNo', 'refundId', 'ofSubMerchantId', 'class', 'line'];

/** What `DurableOrders.acknowledge` does. */
export async function acknowledgeDifference(
  orders: Orders,
  given: AcknowledgeRequest,
  options: AcknowledgeOptions = {},
): Promise<boolean> {
  const { key, request } = await readDay(orders, given, NAMES);
  assertNamed(request);
  const said = readWhatWasSaid(options);
  const reconciliations = reconciliationsOf(orders);
  return withDay(reconciliations, key, async ({ put }) => {
    const stored = (await reconciliations.get(key)) as Reconciliation | undefined;
    const [meant, ...more] = (stored?.differences ?? []).filter(isMeantBy(request));
    if (!stored || !meant) return false;
    if (more.length > 0) {
      throw new WechatPayRequestError(
        'outTradeNo',
        `names ${more.length + 1} differences of ${key.date} that need a person: say which by its class, line, refundId or ofSubMerchantId.`,
      );
    }
    const at = readClock(await orders.clientOf(key.merchantId));
    const acknowledged = { at, ...said };
    const differences = stored.differences.map((difference) =>
      difference === meant ? { ...difference, status: 'acknowledged' as const, acknowledged } : difference,
    );
    await put({ ...stored, differences });
    return true;
  });
}

/** @throws {WechatPayRequestError} an actor or a note that is invalid. */
function readWhatWasSaid(options: AcknowledgeOptions): Omit<Acknowledged, 'at'> {
  const { note, ...rest } = readProperties('options', options, ['actor', 'note']);
  const { actor } = readActor(rest);
  if (note !== undefined && (typeof (note as unknown) !== 'string' || note.length > MAX_NOTE)) {
    throw new WechatPayRequestError('note', `must be a text of at most ${MAX_NOTE} characters.`);
  }
  return { ...(actor !== undefined && { actor }), ...(note !== undefined && { note }) };
}

const KINDS: readonly MovementKind[] = ['payment', 'refund', 'reversal'];

/** @throws {WechatPayRequestError} what can be no difference's: to say that there is none would hide that. */
function assertNamed({ kind, outTradeNo, line, ...texts }: AcknowledgeRequest): void {
  if (!KINDS.includes(kind)) throw new WechatPayRequestError('kind', `must be one of ${KINDS.join(', ')}.`);
  if (line !== undefined && !Number.isInteger(line)) throw new WechatPayRequestError('line', 'must be a whole number.');
  const { outRefundNo, refundId, ofSubMerchantId, class: of } = texts;
  for (const [name, value] of Object.entries({ outRefundNo, refundId, ofSubMerchantId, class: of, outTradeNo })) {
    const isLeftOut = value === undefined && name !== 'outTradeNo';
    if (isLeftOut || (typeof (value as unknown) === 'string' && value !== '')) continue;
    throw new WechatPayRequestError(name, 'must be a text that is not empty.');
  }
}

/** What was looked at, and nothing beside it: whatever the request names has to be so. */
function isMeantBy({
  kind,
  outTradeNo,
  outRefundNo,
  refundId,
  ofSubMerchantId,
  class: of,
  line,
}: AcknowledgeRequest): (difference: ReconciliationDifference) => boolean {
  return (difference) =>
    difference.status === 'needs-person' &&
    difference.kind === kind &&
    difference.outTradeNo === outTradeNo &&
    (difference.outRefundNo === outRefundNo || (outRefundNo === undefined && refundId !== undefined)) &&
    (refundId === undefined || difference.refundId === refundId) &&
    (ofSubMerchantId === undefined || difference.subMerchantId === ofSubMerchantId) &&
    (of === undefined || difference.class === of) &&
    (line === undefined || difference.line === line);
}
