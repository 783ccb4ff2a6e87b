import { createHash } from 'node:crypto';
import type { JournalEntry, StoredJournalEntry } from './store.js';

/** Where the journal of a row has come to. */
export type JournalHead = Pick<StoredJournalEntry, 'seq' | 'hash'>;

export const EMPTY_JOURNAL: JournalHead = { seq: 0, hash: '' };

/** Numbers and chains entries: each holds the hash of the one before. */
export function chained(
  id: string,
  head: JournalHead,
  entries: readonly JournalEntry[] = [],
): { entries: StoredJournalEntry[]; head: JournalHead } {
  let last = head;
  const stored = entries.map(({ at, kind, fields }) => {
    // As it will be read again: what JSON leaves out is not hashed.
    const time = Number.isFinite(at) ? Math.round(at) : Date.now();
    const entry = JSON.parse(JSON.stringify({ at: time, kind, fields })) as JournalEntry;
    const seq = last.seq + 1;
    last = { seq, hash: hashOf(id, last.hash, { ...entry, seq }) };
    return { ...entry, ...last };
  });
  return { entries: stored, head: last };
}

/**
 * Looks whether the entries of a row are as they were noted: all that there are, or a part of them without a gap.
 *
 * @returns the `seq` of the first entry that was changed, or before which one is missing; undefined where all is well.
 */
export function brokenLink(id: string, entries: readonly StoredJournalEntry[]): number | undefined {
  let before: JournalHead | undefined;
  for (const { hash, ...entry } of entries) {
    // Of entries that are no longer kept, only the hash is known; and that of the very first begins with none.
    const last = before ?? (entry.seq === 1 ? EMPTY_JOURNAL : undefined);
    if (last && (entry.seq !== last.seq + 1 || hash !== hashOf(id, last.hash, entry))) return entry.seq;
    before = { seq: entry.seq, hash };
  }
  return undefined;
}

function hashOf(id: string, before: string, { at, kind, fields, seq }: Omit<StoredJournalEntry, 'hash'>): string {
  return createHash('sha256')
    .update(before + canonicalJson({ id, seq, at, kind, fields }))
    .digest('hex');
}

/** The same text for the same value, in whatever order its properties stand. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
