import { asStoreError } from '../errors.js';
import type { OrderStore } from './store.js';

/** A store, custom ones included, whose errors all have a code: see {@link asStoreError}. */
export function guarded(store: OrderStore): OrderStore {
  return {
    open: () => asStoreError(() => store.open()),
    close: () => asStoreError(() => store.close()),
    enqueue: (...args) => asStoreError(() => store.enqueue(...args)),
    process: (...args) => asStoreError(() => store.process(...args)),
    reschedule: (...args) => asStoreError(() => store.reschedule(...args)),
    amend: (...args) => asStoreError(() => store.amend(...args)),
    cancel: (...args) => asStoreError(() => store.cancel(...args)),
    get: (id) => asStoreError(() => store.get(id)),
    find: (query) => asStoreError(() => store.find(query)),
    list: (filter) => asStoreError(() => store.list(filter)),
    redrive: (...args) => asStoreError(() => store.redrive(...args)),
    note: (...args) => asStoreError(() => store.note(...args)),
    counts: () => asStoreError(() => store.counts()),
    journal: (...args) => asStoreError(() => store.journal(...args)),
    prune: () => asStoreError(() => store.prune()),
  };
}
