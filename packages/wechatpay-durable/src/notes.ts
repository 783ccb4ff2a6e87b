import type { DurableData, JournalEntry } from './stores/store.js';

/** What the journal of a durable order tells of. */
export type NoteKind = 'enqueued' | 'stored' | 'ended' | 'told' | 'amended' | 'redriven' | 'cancelled';

/**
 * What is noted with a change: the data as it is from then on.
 *
 * @param at milliseconds since 1970, by the client's clock.
 */
export function note(kind: NoteKind, at: number, data?: DurableData): JournalEntry[] {
  const { merchantId: _, ...fields } = data ?? { merchantId: '' };
  return [{ at, kind, fields }];
}
