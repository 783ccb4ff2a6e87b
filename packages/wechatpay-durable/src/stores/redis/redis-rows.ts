import { columnsOf, type Columns } from '../columns.js';
import type { JournalHead } from '../journal.js';
import { rowOf } from '../row.js';
import type {
  DurableData,
  DurableKind,
  DurableOrderStatus,
  DurableRow,
  JournalEntry,
  StoredJournalEntry,
  StoreFilter,
} from '../store.js';

export const KINDS: readonly DurableKind[] = ['order', 'refund'];
const STATUSES: readonly DurableOrderStatus[] = ['waiting', 'active', 'done', 'dead', 'cancelled'];

/** A row as a script returns it. */
export type RowReply = readonly [
  id: string,
  status: DurableOrderStatus,
  data: string,
  created: string,
  due: string,
  ended: string,
  parent: string,
  version: string,
  seq: string,
  hash: string,
];

/** Where a journal has come to, as a script returns it. */
export type HeadReply = readonly [seq: string, hash: string];

export function toHead([seq, hash]: HeadReply): JournalHead {
  return { seq: Number(seq), hash };
}

/** A row as it was read, to be changed: as long as it is of this version. */
export interface ReadRow {
  readonly id: string;
  readonly data: DurableData;
  readonly row: DurableRow;
  readonly status: DurableOrderStatus;
  readonly columns: Columns;
  /** Of the last change: a random text, so that a fail-over that takes changes back makes no two of the same. */
  readonly version: string;
  readonly head: JournalHead;
}

export function toReadRow(reply: RowReply): ReadRow {
  const [id, status, json, , , , , version, seq, hash] = reply;
  const data = JSON.parse(json) as DurableData;
  const head = toHead([seq, hash]);
  return { id, data, row: toRow(reply), status, columns: columnsOf(data), version, head };
}

export function toRow([id, status, json, created, due, ended, parent, , seq, hash]: RowReply): DurableRow {
  return rowOf({
    ...{ id, json, status, createdAt: Number(created), dueAt: Number(due) },
    endedAt: ended === '' ? undefined : Number(ended),
    parentId: parent === '' ? undefined : parent,
    head: toHead([seq, hash]),
  });
}

/** What a script needs of the data: the text of it, and what it is found by. */
export function dataArgs(data: DurableData): [string, string, string, string, string, string] {
  const json = JSON.stringify(data);
  const columns = columnsOf(JSON.parse(json) as DurableData);
  const { kind, merchantId, subMerchantId, number, transactionId } = columns;
  return [json, kind, merchantId, subMerchantId, number ?? '', transactionId ?? ''];
}

/** How a row is to be, for the script CHANGE. */
interface NextRow {
  readonly version: string;
  readonly isWorker: boolean;
  readonly status: DurableOrderStatus;
  readonly data: DurableData;
  /** When it is due from now; left out, that stays. */
  readonly delayMs?: number | undefined;
  /** As it was checked, where its family has to be the same still. */
  readonly family?: string | undefined;
  readonly head: JournalHead;
  readonly entries: readonly StoredJournalEntry[];
}

/** The arguments of CHANGE: see there. */
export function changeArgs({ id, version }: Pick<ReadRow, 'id' | 'version'>, next: NextRow): (string | number)[] {
  const { isWorker, status, data, delayMs = '', family = '', head, entries } = next;
  return [
    ...[id, version, next.version, isWorker ? 1 : 0, status, delayMs],
    ...dataArgs(data),
    ...[family, head.seq, head.hash],
    ...entryArgs(entries),
  ];
}

/** Entries as they are kept, behind the time at which they were noted: seq, hash, and the rest as JSON. */
export function entryArgs(entries: readonly StoredJournalEntry[]): string[] {
  return entries.map(({ seq, hash, ...entry }) => `${seq} ${hash} ${JSON.stringify(entry)}`);
}

export function toEntry(kept: string): StoredJournalEntry {
  const [, seq, hash = '', json = ''] = /^\d+ (\d+) (\w+) (.*)$/s.exec(kept) ?? [];
  return { ...(JSON.parse(json) as JournalEntry), seq: Number(seq), hash };
}

/** The arguments of LIST; none where nothing can be in such a list. */
export function listArgs(filter: StoreFilter): (string | number)[] | undefined {
  const { status, kind, merchantId, createdBefore, ended, after, limit = 100 } = filter;
  const asked = new Set(status === undefined ? STATUSES : [status].flat());
  const statuses = [...asked].filter((each) => !ended || (each !== 'waiting' && each !== 'active'));
  const by = ended ? 'ended' : 'created';
  const ofMerchant = merchantId === undefined ? '' : `:${merchantId}`;
  const lists = (kind === undefined ? KINDS : [kind]).flatMap((of) =>
    statuses.map((each) => `${by}:${of}:${each}${ofMerchant}`),
  );
  if (lists.length === 0) return undefined;
  const last = after && ((ended ? after.endedAt?.getTime() : after.createdAt.getTime()) ?? 0);
  const created = createdBefore?.getTime();
  return [
    last ?? '',
    after?.id ?? '',
    ended?.from.getTime() ?? '-inf',
    ended?.to.getTime() ?? created ?? '+inf',
    ended && created !== undefined ? created : '',
    limit,
    ...lists,
  ];
}
